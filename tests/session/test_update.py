"""Merging updates (protocol: sessions, Updating a session)."""

import pytest
from msgspec import UNSET, UnsetType
from msgspec.structs import asdict

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import ClientError
from voxwire.events.session_config import (
    FunctionTool,
    Modality,
    NamedTool,
    PromptReference,
    SemanticVad,
    SessionConfig,
    SessionKind,
    SessionPatch,
    Transcription,
)
from voxwire.session.limits import Capabilities, Limits
from voxwire.session.update import merge

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
    """The settings after a patch of which nothing was left out."""
    result, left_out = merge(
        config,
        patch,
        capabilities=capabilities or Capabilities(),
        limits=limits or Limits(),
        has_spoken=has_spoken,
    )
    assert not left_out
    return result


def without(
    patch: SessionPatch, config: SessionConfig = CONFIG, *, capabilities: Capabilities | None = None
) -> tuple[SessionConfig, dict[str, str]]:
    """The settings after a patch, and what was left out of it: param and message."""
    capabilities = capabilities or Capabilities()
    result, left_out = merge(config, patch, capabilities=capabilities, limits=Limits(), has_spoken=False)
    return result, {field.param: field.message for field in left_out}


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
        assert (error.code, error.param) == ("invalid_parameter", "session.type")

    def test_a_transcription_session_has_no_voice(self) -> None:
        config = SessionConfig(model="scripted", kind=SessionKind.TRANSCRIPTION)
        patch = SessionPatch(kind=SessionKind.TRANSCRIPTION, voice="ash", instructions="x", turn_detection=None)
        result = merged(patch, config)
        assert (result.voice, result.instructions, result.turn_detection) == ("alloy", "", None)


class TestInputRate:
    """Audio of another rate would be heard as noise (protocol: dialects, Voice Live)."""

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
    def test_another_is_left_out(self, present: AudioFormat, named: AudioFormat | UnsetType, rate: int) -> None:
        config = SessionConfig(model="scripted", input_format=present)
        result, left_out = without(SessionPatch(input_format=named, input_rate=rate), config)
        assert result == merged(SessionPatch(input_format=named), config)
        assert list(left_out) == ["session.audio.input.format.rate"]
        assert f"{result.input_format.rate} samples a second here, not {rate}" in "".join(left_out.values())


class TestVoice:
    def test_is_fixed_once_spoken(self) -> None:
        error = refusal(SessionPatch(voice="ash"), has_spoken=True)
        assert (error.code, error.param) == ("cannot_update_voice", "session.audio.output.voice")
        assert error.message == "Cannot update a conversation's voice if assistant audio is present."

    def test_the_same_again_is_no_change(self) -> None:
        assert merged(SessionPatch(voice="alloy"), has_spoken=True) == CONFIG

    def test_one_that_the_deployment_lacks(self) -> None:
        capabilities = Capabilities(voices=frozenset({"marin", "alloy"}))
        result, left_out = without(SessionPatch(voice="ash", speed=1.2), capabilities=capabilities)
        assert (result.voice, result.speed) == ("alloy", 1.2)
        message = "The voice 'ash' is not supported by this deployment. Supported values are: 'alloy', 'marin'."
        assert left_out == {"session.audio.output.voice": message}

    def test_a_long_name_is_not_repeated_whole(self) -> None:
        _, left_out = without(SessionPatch(voice="x" * 10_000), capabilities=Capabilities(voices=frozenset({"alloy"})))
        assert len("".join(left_out.values())) < 300


class TestTranscription:
    @pytest.mark.parametrize("language", [None, "en", "EN", "en-US"])
    def test_a_language_that_the_recogniser_has(self, language: str | None) -> None:
        capabilities = Capabilities(languages=("de", "en"))
        merged(SessionPatch(transcription=Transcription(language=language)), capabilities=capabilities)

    def test_one_that_it_lacks(self) -> None:
        capabilities = Capabilities(languages=("de", "en"))
        patch = SessionPatch(transcription=Transcription(language="fr", prompt="names"))
        result, left_out = without(patch, capabilities=capabilities)
        assert result.transcription == Transcription(prompt="names")
        message = "The language 'fr' is not supported by this deployment. Supported values are: 'de', 'en'."
        assert left_out == {"session.audio.input.transcription.language": message}

    def test_one_of_several_is_enough(self) -> None:
        capabilities = Capabilities(languages=("de", "en"))
        merged(SessionPatch(transcription=Transcription(languages=("fr", "en-US"))), capabilities=capabilities)
        patch = SessionPatch(transcription=Transcription(languages=("fr", "it")))
        result, left_out = without(patch, capabilities=capabilities)
        assert result.transcription == Transcription()
        assert list(left_out) == ["session.audio.input.transcription.languages"]

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
            SessionPatch(prompt=PromptReference(id="x" * 201)),
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

    def test_stored_prompts_are_shown_again(self) -> None:
        """Their text is among the instructions before the session sees the patch."""
        prompt = PromptReference(id="clerk", version="2", variables={"city": "Graz"})
        result = merged(SessionPatch(prompt=prompt, instructions="You work in Graz."))
        assert (result.prompt, result.instructions) == (prompt, "You work in Graz.")
        assert merged(SessionPatch(prompt=None), result).prompt is None

    def test_tools_for_an_engine_that_calls_none(self) -> None:
        patch = SessionPatch(tools=(TOOL,), tool_choice=NamedTool(name="f"), instructions="new")
        result, left_out = without(patch, capabilities=Capabilities(tools=False))
        assert (result.tools, result.tool_choice, result.instructions) == ((), "auto", "new")
        assert list(left_out) == ["session.tools", "session.tool_choice"]
        merged(SessionPatch(tools=(), tool_choice="none"), capabilities=Capabilities(tools=False))
