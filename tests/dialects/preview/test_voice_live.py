"""What Voice Live adds to the preview dialect (protocol: dialects, Voice Live)."""

from typing import Any

import pytest
from dialect_samples import decode, encode, left_out, params, patch, refused
from msgspec import UNSET

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects import WireCodec
from voxwire.events.items import InputText, MessageItem, Role
from voxwire.events.response import ResponseParams
from voxwire.events.server import ErrorOccurred, SessionUpdated
from voxwire.events.session_config import (
    Eagerness,
    FunctionTool,
    Modality,
    SemanticVad,
    ServerVad,
    SessionConfig,
    SessionPatch,
    Transcription,
)


class TestSession:
    def test_the_session_of_azures_samples(self, voice_live: WireCodec) -> None:
        found = patch(
            voice_live,
            modalities=["text", "audio"],
            instructions="Be kind.",
            voice={"type": "azure-standard", "name": "en-US-Ava:DragonHDLatestNeural", "temperature": 0.8},
            input_audio_format="pcm16",
            output_audio_format="pcm16",
            input_audio_sampling_rate=24000,
            turn_detection={
                "type": "azure_semantic_vad",
                "threshold": 0.3,
                "prefix_padding_ms": 200,
                "silence_duration_ms": 200,
                "remove_filler_words": False,
                "end_of_utterance_detection": {"model": "semantic_detection_v1", "threshold_level": "default"},
            },
            input_audio_noise_reduction={"type": "azure_deep_noise_suppression"},
            input_audio_echo_cancellation={"type": "server_echo_cancellation"},
            input_audio_transcription={"model": "azure-speech", "language": "en-US"},
            tools=[{"type": "function", "name": "f"}],
            tool_choice="auto",
            temperature=0.2,
            max_response_output_tokens="inf",
        )
        assert found == SessionPatch(
            modality=Modality.AUDIO,
            instructions="Be kind.",
            input_format=AudioFormat.PCM16,
            input_rate=24000,
            output_format=AudioFormat.PCM16,
            turn_detection=ServerVad(threshold=0.3, prefix_padding_ms=200, silence_duration_ms=200),
            transcription=Transcription(model="azure-speech", language="en-US"),
            tools=(FunctionTool(name="f"),),
            tool_choice="auto",
            temperature=0.2,
            max_output_tokens=None,
        )

    @pytest.mark.parametrize(
        "name",
        [
            "animation",
            "avatar",
            "interim_response",
            "metadata",
            "output_audio_timestamp_types",
            "reasoning_effort",
            "x",
        ],
    )
    def test_unknown_keys_are_ignored(self, voice_live: WireCodec, name: str) -> None:
        assert patch(voice_live, **{name: {"any": "thing"}, "instructions": "Go."}) == SessionPatch(instructions="Go.")

    def test_known_keys_are_still_checked(self, voice_live: WireCodec) -> None:
        found = refused(voice_live, "session.update", session={"avatar": {}, "voice": 5})
        assert found == ("invalid_type", "session.voice")

    def test_unknown_keys_elsewhere_are_refused(self, voice_live: WireCodec) -> None:
        assert refused(voice_live, "session.update", session={}, x=1) == ("unknown_parameter", "x")
        assert refused(voice_live, "response.create", response={"x": 1}) == ("unknown_parameter", "response.x")
        found = refused(voice_live, "response.create", additional_instructions="Be brief.")
        assert found == ("unknown_parameter", "additional_instructions")

    @pytest.mark.parametrize("name", ["animation", "avatar"])
    def test_what_can_not_be_heard(self, voice_live: WireCodec, name: str) -> None:
        found = refused(voice_live, "session.update", session={"modalities": ["text", "audio", name]})
        assert found == ("invalid_value", "session.modalities[2]")

    @pytest.mark.parametrize(("value", "ok"), [(0, True), (1.2, True), (-0.1, False), (1.3, False)])
    def test_temperature(self, voice_live: WireCodec, value: float, ok: bool) -> None:
        if ok:
            assert patch(voice_live, temperature=value).temperature == value
        else:
            found = refused(voice_live, "session.update", session={"temperature": value})
            assert found == ("invalid_value", "session.temperature")

    def test_the_reply_shows_what_came_of_it(self, voice_live: WireCodec) -> None:
        decode(voice_live, "session.update", session={"turn_detection": {"type": "azure_semantic_vad"}})
        config = SessionConfig(model="m", turn_detection=ServerVad())
        session = encode(voice_live, SessionUpdated(session_id="sess_1", config=config, expires_at=7))["session"]
        assert session["turn_detection"]["type"] == "server_vad"
        assert session["voice"] == "alloy"


class TestVoice:
    @pytest.mark.parametrize(
        "voice", ["ash", {"type": "openai", "name": "ash"}, {"name": "ash"}, {"id": "ash"}], ids=str
    )
    def test_of_the_model(self, voice_live: WireCodec, voice: Any) -> None:
        assert patch(voice_live, voice=voice).voice == "ash"
        assert params(voice_live, voice=voice).voice == "ash"

    @pytest.mark.parametrize(
        "voice",
        [
            {"type": "azure-standard", "name": "en-US-AvaNeural", "style": "cheerful", "rate": "1.2"},
            {"type": "azure-custom", "name": "mine", "endpoint_id": "e"},
            {"type": "azure-personal", "name": "mine", "model": "DragonLatestNeural"},
            {"type": "azure-realtime-native", "name": "ava"},
            {"type": "avatar-voice-sync"},
            {"name": "en-US-AvaNeural"},
        ],
        ids=lambda voice: voice.get("type", "without a type"),
    )
    def test_of_azure(self, voice_live: WireCodec, voice: Any) -> None:
        """The session keeps the voice that it has."""
        assert patch(voice_live, voice=voice).voice is UNSET
        assert params(voice_live, voice=voice).voice is UNSET

    def test_without_a_name(self, voice_live: WireCodec) -> None:
        found = refused(voice_live, "session.update", session={"voice": {"type": "openai"}})
        assert found == ("missing_required_parameter", "session.voice.name")
        found = refused(voice_live, "response.create", response={"voice": {}})
        assert found == ("missing_required_parameter", "response.voice.name")

    def test_of_nobody(self, voice_live: WireCodec) -> None:
        found = refused(voice_live, "session.update", session={"voice": {"type": "mine", "name": "x"}})
        assert found == ("invalid_value", "session.voice.type")


class TestTurnDetection:
    @pytest.mark.parametrize(
        "kind", ["server_vad", "azure_semantic_vad", "azure_semantic_vad_en", "azure_semantic_vad_multilingual"]
    )
    def test_settings(self, voice_live: WireCodec, kind: str) -> None:
        found = patch(
            voice_live,
            turn_detection={
                "type": kind,
                "threshold": 0.25,
                "silence_duration_ms": 700,
                "create_response": False,
                "interrupt_response": False,
                "speech_duration_ms": 80,
                "languages": ["en"],
                "auto_truncate": True,
            },
        )
        assert found.turn_detection == ServerVad(
            threshold=0.25, silence_duration_ms=700, create_response=False, interrupt_response=False
        )
        assert patch(voice_live, turn_detection={"type": kind}).turn_detection == ServerVad()

    def test_settings_are_checked(self, voice_live: WireCodec) -> None:
        session = {"turn_detection": {"type": "azure_semantic_vad", "threshold": 2}}
        assert refused(voice_live, "session.update", session=session) == (
            "invalid_value",
            "session.turn_detection.threshold",
        )

    def test_by_meaning(self, voice_live: WireCodec) -> None:
        found = patch(voice_live, turn_detection={"type": "semantic_vad", "eagerness": "low"})
        assert found.turn_detection == SemanticVad(eagerness=Eagerness.LOW)

    def test_off(self, voice_live: WireCodec) -> None:
        assert patch(voice_live, turn_detection=None).turn_detection is None


class TestTranscription:
    @pytest.mark.parametrize(
        ("fields", "prompt"),
        [
            ({}, None),
            ({"phrase_list": []}, None),
            ({"phrase_list": ["Contoso", "Neo-QLED TV"]}, "Contoso\nNeo-QLED TV"),
            ({"phrase_list": ["Contoso"], "prompt": "Names."}, "Names.\nContoso"),
            ({"custom_speech": {"en": "model"}}, None),
        ],
    )
    def test_words_to_expect(self, voice_live: WireCodec, fields: Any, prompt: str | None) -> None:
        found = patch(voice_live, input_audio_transcription={"model": "azure-speech", **fields})
        assert found.transcription == Transcription(model="azure-speech", prompt=prompt)

    def test_off(self, voice_live: WireCodec) -> None:
        assert patch(voice_live, input_audio_transcription=None).transcription is None


class TestSound:
    @pytest.mark.parametrize("rate", [24000, 16000, 8000, 0])
    def test_sampling_rate(self, voice_live: WireCodec, rate: int) -> None:
        """Whether it fits is for the session to say, which knows the format."""
        assert patch(voice_live, input_audio_sampling_rate=rate) == SessionPatch(input_rate=rate)

    def test_no_sampling_rate(self, voice_live: WireCodec) -> None:
        assert patch(voice_live, input_audio_sampling_rate=None) == SessionPatch()

    def test_another_rate_is_refused_in_words_of_the_client(self, voice_live: WireCodec) -> None:
        param = "session.audio.input.format.rate"
        event = ErrorOccurred(type="invalid_request_error", code="invalid_value", message="No.", param=param)
        assert encode(voice_live, event)["error"]["param"] == "session.input_audio_sampling_rate"

    @pytest.mark.parametrize("name", ["pcm16_8000hz", "pcm16_16000hz"])
    def test_other_rates_of_the_answer_are_refused(self, voice_live: WireCodec, name: str) -> None:
        found = refused(voice_live, "session.update", session={"output_audio_format": name})
        assert found == ("invalid_value", "session.output_audio_format")

    def test_echo_cancellation(self, voice_live: WireCodec) -> None:
        assert patch(voice_live, input_audio_echo_cancellation={"channels": 1}) == SessionPatch()
        assert patch(voice_live, input_audio_echo_cancellation=None) == SessionPatch()

    def test_a_second_channel_cannot_be_had(self, voice_live: WireCodec) -> None:
        session = {"input_audio_echo_cancellation": {"reference_source": "client", "channels": 2}}
        found = left_out(voice_live, "session.update", session=session)
        assert found == ["session.input_audio_echo_cancellation.channels"]


class TestResponse:
    def test_settings(self, voice_live: WireCodec) -> None:
        message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi."}]}
        found = params(
            voice_live,
            commit=False,
            cancel_previous=False,
            append_input_items=[message],
            temperature=0.1,
            reasoning_effort="low",
            interim_response={"type": "static_interim_response", "texts": ["Hm."]},
        )
        (item,) = found.append_items
        assert isinstance(item, MessageItem)
        assert (item.role, item.content) == (Role.USER, (InputText(text="Hi."),))
        assert found == ResponseParams(
            out_of_band=True, append_items=(item,), temperature=0.1, reasoning={"effort": "low"}
        )
        assert params(voice_live, reasoning_effort="a lot").reasoning is UNSET

    def test_the_active_response_gives_way(self, voice_live: WireCodec) -> None:
        assert params(voice_live).cancel_previous

    def test_a_message_made_elsewhere_is_refused(self, voice_live: WireCodec) -> None:
        found = refused(voice_live, "response.create", response={"pre_generated_assistant_message": {}})
        assert found == ("unknown_parameter", "response.pre_generated_assistant_message")


@pytest.mark.parametrize("kind", ["input_audio.clear", "input_audio.turn.start", "session.avatar.connect"])
def test_events_of_its_own_are_refused(voice_live: WireCodec, kind: str) -> None:
    assert refused(voice_live, kind) == ("invalid_value", "type")
