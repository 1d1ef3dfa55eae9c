"""Names that programs written for the official service carry."""

from typing import get_args

from openai.types.realtime import AudioTranscription, RealtimeSessionCreateRequest

from voxwire.dialects.model_names import REALTIME_MODELS, TRANSCRIPTION_MODELS


def literals(annotation: object) -> set[str]:
    return {name for option in get_args(annotation) for name in get_args(option)}


def test_every_official_realtime_model_is_known() -> None:
    official = literals(RealtimeSessionCreateRequest.model_fields["model"].annotation)
    assert "gpt-realtime" in official
    assert official <= set(REALTIME_MODELS)


def test_every_official_transcription_model_is_known() -> None:
    official = literals(AudioTranscription.model_fields["model"].annotation)
    assert "whisper-1" in official
    assert official <= set(TRANSCRIPTION_MODELS)


def test_a_name_means_one_kind_of_session() -> None:
    names = [*REALTIME_MODELS, *TRANSCRIPTION_MODELS]
    assert len(set(names)) == len(names)
