"""Merging updates (PROTOCOL 3.2, SEMANTICS 1)."""

import pytest
from msgspec import UNSET, UnsetType
from msgspec.structs import asdict

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import ClientError
from voxwire.events.config import (
    FunctionTool,
    Modality,
    NamedTool,
    SemanticVad,
    SessionConfig,
    SessionKind,
    SessionPatch,
    Transcription,
)
from voxwire.session.limits import Capabilities, Limits
from voxwire.session.settings import merge

CONFIG = SessionConfig(model="scripted")
TOOL = FunctionTool(name="f", parameters={"type": "object"})


def merged(
    patch: SessionPatch,
    config: SessionConfig = CONFIG,
    *,
    capabilities: Capabilities | None = None,
    limits: Limits | None = None,
    has_spoken: bool = False,
) -> SessionConfig:
    return merge(
        config,
        patch,
        capabilities=capabilities or Capabilities(),
        limits=limits or Limits(),
        has_spoken=has_spoken,
    )


def refusal(patch: SessionPatch, **circumstances: object) -> ClientError:
    with pytest.raises(ClientError) as caught:
        merged(patch, **circumstances)  # type: ignore[arg-type]
    return caught.value


class TestMerge:
    def test_an_empty_patch_changes_nothing(self) -> None:
        assert merged(SessionPatch()) == CONFIG

    def test_only_the_fields_present_change(self) -> None:
        changes = {
            "instructions": "Be kind.",
            "modality": Modality.TEXT,
            "voice": "ash",
            "speed": 1.2,
            "input_format": AudioFormat.ULAW,
            "output_format": AudioFormat.ALAW,
            "transcription": Transcription(),
            "turn_detection": SemanticVad(),
            "temperature": 0.7,
            "max_output_tokens": 10,
            "tools": (TOOL,),
            "tool_choice": "none",
            "include": ("item.input_audio_transcription.logprobs",),
            "truncation": "disabled",
            "tracing": "auto",
            "reasoning": {"effort": "low"},
            "parallel_tool_calls": True,
            "prompt": None,
        }
        fields = set(asdict(SessionPatch())) - {"kind", "input_rate"}
        assert fields == set(changes), "a new setting needs its line here"
        for name, value in changes.items():
            result = merged(SessionPatch(**{name: value}))  # type: ignore[arg-type]
            assert asdict(result) == asdict(CONFIG) | {name: value}

    def test_null_switches_a_feature_off(self) -> None:
        config = SessionConfig(model="scripted", transcription=Transcription(), max_output_tokens=3)
        result = merged(SessionPatch(transcription=None, turn_detection=None, max_output_tokens=None), config)
        assert (result.transcription, result.turn_detection, result.max_output_tokens) == (None, None, None)

    def test_unset_is_nowhere_in_the_result(self) -> None:
        assert UNSET not in asdict(merged(SessionPatch(voice="ash"))).values()


class TestKind:
    def test_is_fixed(self) -> None:
        error = refusal(SessionPatch(kind=SessionKind.TRANSCRIPTION))
        assert (error.code, error.param) == ("invalid_value", "session.type")

    def test_a_transcription_session_has_no_voice(self) -> None:
        config = SessionConfig(model="scripted", kind=SessionKind.TRANSCRIPTION)
        patch = SessionPatch(kind=SessionKind.TRANSCRIPTION, voice="ash", instructions="x", turn_detection=None)
        result = merged(patch, config)
        assert (result.voice, result.instructions, result.turn_detection) == ("alloy", "", None)


class TestInputRate:
    """Audio of another rate would be heard as noise (PROTOCOL 9.3)."""

    @pytest.mark.parametrize(
        ("present", "named", "rate"),
        [
            (AudioFormat.PCM16, UNSET, 24000),
            (AudioFormat.ULAW, UNSET, 8000),
            (AudioFormat.PCM16, AudioFormat.ALAW, 8000),
            (AudioFormat.ULAW, AudioFormat.PCM16, 24000),
        ],
        ids=str,
    )
    def test_of_the_format(self, present: AudioFormat, named: AudioFormat | UnsetType, rate: int) -> None:
        config = SessionConfig(model="scripted", input_format=present)
        expected = merged(SessionPatch(input_format=named), config)
        assert merged(SessionPatch(input_format=named, input_rate=rate), config) == expected

    @pytest.mark.parametrize(
        ("present", "named", "rate"),
        [
            (AudioFormat.PCM16, UNSET, 16000),
            (AudioFormat.PCM16, UNSET, 0),
            (AudioFormat.ULAW, UNSET, 24000),
            (AudioFormat.PCM16, AudioFormat.ULAW, 24000),
            (AudioFormat.ALAW, AudioFormat.PCM16, 8000),
        ],
        ids=str,
    )
    def test_another_is_refused(self, present: AudioFormat, named: AudioFormat | UnsetType, rate: int) -> None:
        patch = SessionPatch(input_format=named, input_rate=rate)
        error = refusal(patch, config=SessionConfig(model="scripted", input_format=present))
        assert (error.code, error.param) == ("invalid_value", "session.audio.input.format.rate")
        assert error.message.startswith(f"Invalid value: {rate}.")


class TestVoice:
    def test_is_fixed_once_spoken(self) -> None:
        error = refusal(SessionPatch(voice="ash"), has_spoken=True)
        assert (error.code, error.param) == ("cannot_update_voice", "session.audio.output.voice")
        assert error.message == "Cannot update a conversation's voice if assistant audio is present."

    def test_the_same_again_is_no_change(self) -> None:
        assert merged(SessionPatch(voice="alloy"), has_spoken=True) == CONFIG

    def test_one_that_the_deployment_lacks(self) -> None:
        error = refusal(SessionPatch(voice="ash"), capabilities=Capabilities(voices=frozenset({"marin", "alloy"})))
        assert error.message == "Invalid value: 'ash'. Supported values are: 'alloy', 'marin'."


class TestTranscription:
    @pytest.mark.parametrize("language", [None, "en", "EN", "en-US"])
    def test_a_language_that_the_recogniser_has(self, language: str | None) -> None:
        capabilities = Capabilities(languages=("de", "en"))
        merged(SessionPatch(transcription=Transcription(language=language)), capabilities=capabilities)

    def test_one_that_it_lacks(self) -> None:
        capabilities = Capabilities(languages=("de", "en"))
        error = refusal(SessionPatch(transcription=Transcription(language="fr")), capabilities=capabilities)
        assert error.message == "Invalid value: 'fr'. Supported values are: 'de', 'en'."
        assert error.param == "session.audio.input.transcription.language"

    def test_one_of_several_is_enough(self) -> None:
        capabilities = Capabilities(languages=("de", "en"))
        merged(SessionPatch(transcription=Transcription(languages=("fr", "en-US"))), capabilities=capabilities)
        error = refusal(SessionPatch(transcription=Transcription(languages=("fr", "it"))), capabilities=capabilities)
        assert error.message == "Invalid value: 'fr'. Supported values are: 'de', 'en'."
        assert error.param == "session.audio.input.transcription.languages"

    def test_a_recogniser_of_any_language(self) -> None:
        merged(SessionPatch(transcription=Transcription(language="fr", languages=("it",))))


class TestBounds:
    def test_instructions(self) -> None:
        error = refusal(SessionPatch(instructions="x" * 11), limits=Limits(item_text_bytes=10))
        assert (error.code, error.param) == ("string_above_max_length", "session.instructions")

    def test_number_of_tools(self) -> None:
        error = refusal(SessionPatch(tools=(TOOL, TOOL)), limits=Limits(tools=1))
        assert (error.code, error.param) == ("array_above_max_length", "session.tools")

    def test_size_of_tools(self) -> None:
        error = refusal(SessionPatch(tools=(TOOL,)), limits=Limits(item_text_bytes=10))
        assert (error.code, error.param) == ("string_above_max_length", "session.tools")

    @pytest.mark.parametrize(
        "patch",
        [
            SessionPatch(tracing={"group_id": "x" * 201}),
            SessionPatch(reasoning={"x" * 201: 1}),
            SessionPatch(transcription=Transcription(prompt="x" * 201)),
            SessionPatch(voice="x" * 201),
        ],
    )
    def test_whatever_is_echoed(self, patch: SessionPatch) -> None:
        """Else one large update would make every later `session.updated` as large."""
        error = refusal(patch, limits=Limits(item_text_bytes=200))
        assert (error.code, error.param) == ("string_above_max_length", "session")

    def test_a_forced_tool_must_be_declared(self) -> None:
        error = refusal(SessionPatch(tool_choice=NamedTool(name="g"), tools=(TOOL,)))
        assert (error.code, error.param) == ("invalid_value", "session.tool_choice")
        merged(SessionPatch(tool_choice=NamedTool(name="f"), tools=(TOOL,)))

    def test_stored_prompts(self) -> None:
        error = refusal(SessionPatch(prompt={"id": "pmpt_1"}))
        assert (error.code, error.param) == ("invalid_value", "session.prompt.id")
