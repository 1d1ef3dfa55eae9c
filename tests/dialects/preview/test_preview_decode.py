"""Preview client events: JSON in, neutral events out (protocol: events, Fields of session updates)."""

from typing import Any

import pytest
from dialect_samples import CONFIG, decode, encode, params, patch, refusal, refused, response
from msgspec import UNSET, structs

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects import WireCodec
from voxwire.dialects.preview.requests import PreviewRequest
from voxwire.events.client import CreateResponse, UpdateSession
from voxwire.events.items import FunctionCallOutputItem, ItemReference
from voxwire.events.response import ResponseParams
from voxwire.events.server import ResponseCreated, SessionUpdated
from voxwire.events.session_config import (
    FunctionTool,
    Modality,
    NamedTool,
    SemanticVad,
    ServerVad,
    SessionKind,
    SessionPatch,
    Transcription,
)

LOGPROBS = "item.input_audio_transcription.logprobs"


@pytest.fixture(params=["preview", "first", "voice_live"])
def any_preview(request: pytest.FixtureRequest) -> WireCodec:
    codec: WireCodec = request.getfixturevalue(request.param)
    return codec


class TestSessionUpdate:
    """Protocol: sessions, Updating a session."""

    def test_nothing(self, any_preview: WireCodec) -> None:
        assert patch(any_preview) == SessionPatch()

    def test_every_field(self, any_preview: WireCodec) -> None:
        found = patch(
            any_preview,
            model="gpt-4o-realtime-preview",
            modalities=["audio", "text"],
            instructions="Be kind.",
            voice="sage",
            speed=1.25,
            input_audio_format="pcm16",
            output_audio_format="g711_ulaw",
            input_audio_transcription={"model": "whisper-1"},
            input_audio_noise_reduction=None,
            turn_detection={"type": "server_vad", "silence_duration_ms": 200},
            tools=[{"type": "function", "name": "f"}],
            tool_choice={"type": "function", "function": {"name": "f"}},
            temperature=0.6,
            max_response_output_tokens=4096,
            include=[LOGPROBS],
            tracing={"group_id": "g"},
            client_secret=None,
        )
        assert found == SessionPatch(
            modality=Modality.AUDIO,
            instructions="Be kind.",
            voice="sage",
            speed=1.25,
            input_format=AudioFormat.PCM16,
            output_format=AudioFormat.ULAW,
            transcription=Transcription(model="whisper-1"),
            turn_detection=ServerVad(silence_duration_ms=200),
            tools=(FunctionTool(name="f"),),
            tool_choice=NamedTool(name="f", nested=True),
            temperature=0.6,
            max_output_tokens=4096,
            include=(LOGPROBS,),
            tracing={"group_id": "g"},
        )

    @pytest.mark.parametrize(
        ("names", "modality"),
        [(["text"], Modality.TEXT), (["text", "audio"], Modality.AUDIO), (["audio", "text"], Modality.AUDIO)],
    )
    def test_modalities(self, any_preview: WireCodec, names: list[str], modality: Modality) -> None:
        assert patch(any_preview, modalities=names).modality is modality

    @pytest.mark.parametrize("names", [["audio"], [], ["text", "text"], ["audio", "text", "audio"]])
    def test_other_combinations(self, any_preview: WireCodec, names: list[str]) -> None:
        assert refused(any_preview, "session.update", session={"modalities": names}) == (
            "invalid_value",
            "session.modalities",
        )

    def test_audio_alone_has_the_quoted_message(self, any_preview: WireCodec) -> None:
        error = refusal(any_preview, '{"type": "session.update", "session": {"modalities": ["audio"]}}')
        assert error.message == (
            "Invalid modalities: ['audio']. Supported combinations are: ['text'] and ['audio', 'text']."
        )

    @pytest.mark.parametrize(
        ("name", "format"),
        [
            ("pcm16", AudioFormat.PCM16),
            ("g711_ulaw", AudioFormat.ULAW),
            ("g711-ulaw", AudioFormat.ULAW),
            ("g711_alaw", AudioFormat.ALAW),
            ("g711-alaw", AudioFormat.ALAW),
        ],
    )
    def test_formats_in_both_spellings(self, any_preview: WireCodec, name: str, format: AudioFormat) -> None:
        found = patch(any_preview, input_audio_format=name, output_audio_format=name)
        assert (found.input_format, found.output_format) == (format, format)

    @pytest.mark.parametrize("detection", [None, {"type": "none"}])
    def test_no_turn_detection(self, any_preview: WireCodec, detection: Any) -> None:
        assert patch(any_preview, turn_detection=detection).turn_detection is None

    def test_silence_that_is_left_out(self, preview: WireCodec, first: WireCodec, voice_live: WireCodec) -> None:
        """The first clients count on what the session starts with (protocol: decisions, Default silence)."""
        supplied = {"type": "server_vad", "threshold": 0.6}
        assert patch(first, turn_detection=supplied).turn_detection == ServerVad(threshold=0.6, silence_duration_ms=200)
        for later in (preview, voice_live):
            assert patch(later, turn_detection=supplied).turn_detection == ServerVad(
                threshold=0.6, silence_duration_ms=500
            )
        said = {**supplied, "silence_duration_ms": 700}
        assert patch(first, turn_detection=said).turn_detection == ServerVad(threshold=0.6, silence_duration_ms=700)

    def test_semantic_vad(self, any_preview: WireCodec) -> None:
        assert patch(any_preview, turn_detection={"type": "semantic_vad"}).turn_detection == SemanticVad()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("input_audio_transcription", None),
            ("include", None),
            ("tracing", None),
            ("max_response_output_tokens", "inf"),
        ],
    )
    def test_off(self, any_preview: WireCodec, field: str, value: Any) -> None:
        names = {"input_audio_transcription": "transcription", "max_response_output_tokens": "max_output_tokens"}
        found = patch(any_preview, **{field: value})
        assert getattr(found, names.get(field, field)) is None

    @pytest.mark.parametrize(
        ("fields", "code", "param"),
        [
            ({"temperature": 1.3}, "invalid_value", "session.temperature"),
            ({"temperature": "0.8"}, "invalid_type", "session.temperature"),
            ({"input_audio_format": "pcm24"}, "invalid_value", "session.input_audio_format"),
            ({"tools": [{"type": "mcp"}]}, "missing_required_parameter", "session.tools[0].server_label"),
            ({"output_audio_format": 5}, "invalid_type", "session.output_audio_format"),
            ({"tool_choice": "always"}, "invalid_value", "session.tool_choice"),
        ],
    )
    def test_refused(self, any_preview: WireCodec, fields: Any, code: str, param: str | None) -> None:
        found_code, found_param = refused(any_preview, "session.update", session=fields)
        assert found_code == code
        assert found_param is not None
        assert found_param == (param or found_param)
        assert found_param.startswith(f"session.{next(iter(fields))}")

    @pytest.mark.parametrize("name", ["preview", "first"])
    @pytest.mark.parametrize(
        ("fields", "code", "param"),
        [
            ({"temperature": 0.5}, "invalid_value", "session.temperature"),
            (
                {"turn_detection": {"type": "server_vad", "idle_timeout_ms": 6000}},
                "unknown_parameter",
                "session.turn_detection.idle_timeout_ms",
            ),
            (
                {"input_audio_noise_reduction": {"type": "azure_deep_noise_suppression"}},
                "invalid_value",
                "session.input_audio_noise_reduction.type",
            ),
        ],
    )
    def test_refused_but_by_voice_live(
        self, request: pytest.FixtureRequest, name: str, fields: Any, code: str, param: str
    ) -> None:
        assert refused(request.getfixturevalue(name), "session.update", session=fields) == (code, param)

    @pytest.mark.parametrize("name", ["type", "audio", "output_modalities", "max_output_tokens", "truncation"])
    def test_fields_of_ga_are_unknown(self, preview: WireCodec, name: str) -> None:
        found = refused(preview, "session.update", session={name: "x"})
        assert found == ("unknown_parameter", f"session.{name}")


class TestTranscriptionSessionUpdate:
    """Protocol: transcription, Transcription sessions."""

    def test_update(self, preview: WireCodec) -> None:
        event = decode(
            preview,
            "transcription_session.update",
            event_id="mine",
            session={
                "input_audio_format": "g711_alaw",
                "input_audio_transcription": {"model": "gpt-4o-transcribe", "language": "en", "prompt": "names"},
                "turn_detection": {"type": "server_vad"},
                "input_audio_noise_reduction": None,
                "include": [LOGPROBS],
                "modalities": ["text"],
                "client_secret": {"expires_at": {"anchor": "created_at", "seconds": 60}},
            },
        )
        assert event == UpdateSession(
            event_id="mine",
            patch=SessionPatch(
                kind=SessionKind.TRANSCRIPTION,
                input_format=AudioFormat.ALAW,
                transcription=Transcription(model="gpt-4o-transcribe", language="en", prompt="names"),
                turn_detection=ServerVad(),
                include=(LOGPROBS,),
            ),
        )

    def test_nothing(self, preview: WireCodec) -> None:
        event = decode(preview, "transcription_session.update", session={})
        assert event == UpdateSession(patch=SessionPatch(kind=SessionKind.TRANSCRIPTION))

    @pytest.mark.parametrize(
        ("fields", "code", "field"),
        [
            ({"voice": "ash"}, "unknown_parameter", "voice"),
            ({"input_audio_noise_reduction": {"kind": "x"}}, "unknown_parameter", "input_audio_noise_reduction.kind"),
        ],
    )
    def test_refused(self, preview: WireCodec, fields: Any, code: str, field: str) -> None:
        found = refused(preview, "transcription_session.update", session=fields)
        assert found == (code, f"session.{field}")


class TestResponseCreate:
    """Protocol: responses, Creating a response."""

    @pytest.mark.parametrize("fields", [{}, {"response": None}])
    def test_bare(self, any_preview: WireCodec, fields: Any) -> None:
        assert decode(any_preview, "response.create", **fields) == CreateResponse(params=ResponseParams())

    def test_overrides(self, preview: WireCodec) -> None:
        found = params(
            preview,
            conversation="none",
            input=[{"type": "item_reference", "id": "i"}],
            instructions="Sing.",
            modalities=["text"],
            voice="ash",
            output_audio_format="g711-ulaw",
            temperature=1.2,
            max_response_output_tokens="inf",
            tools=[],
            tool_choice="required",
            metadata={"a": "b"},
        )
        assert found == ResponseParams(
            out_of_band=True,
            input=(ItemReference(id="i"),),
            instructions="Sing.",
            modality=Modality.TEXT,
            voice="ash",
            output_format=AudioFormat.ULAW,
            temperature=1.2,
            max_output_tokens=None,
            tools=(),
            tool_choice="required",
            metadata={"a": "b"},
        )

    @pytest.mark.parametrize("name", ["max_output_tokens", "max_response_output_tokens"])
    def test_both_names_of_the_token_limit(self, any_preview: WireCodec, name: str) -> None:
        assert params(any_preview, **{name: 5}).max_output_tokens == 5
        assert params(any_preview).max_output_tokens is UNSET

    def test_the_sdks_name_wins(self, preview: WireCodec) -> None:
        assert params(preview, max_output_tokens=5, max_response_output_tokens=6).max_output_tokens == 6

    @pytest.mark.parametrize("name", ["commit", "cancel_previous", "input_items", "append_input_items"])
    def test_fields_of_the_first_version_are_unknown_later(self, preview: WireCodec, name: str) -> None:
        assert refused(preview, "response.create", response={name: True}) == ("unknown_parameter", f"response.{name}")


class TestFirstVersion:
    """Protocol: dialects, 2024-10-01."""

    def test_a_response_object_cancels_by_default(self, first: WireCodec) -> None:
        assert params(first) == ResponseParams(cancel_previous=True)
        assert params(first, cancel_previous=False) == ResponseParams()

    def test_commit_false_keeps_it_out_of_the_conversation(self, first: WireCodec) -> None:
        assert not params(first, commit=True).out_of_band
        assert params(first, commit=False).out_of_band
        assert params(first, conversation="none", commit=True).out_of_band

    def test_input_items_replace_the_context(self, first: WireCodec) -> None:
        items = [{"type": "function_call_output", "call_id": "c", "output": "1"}]
        expected = (FunctionCallOutputItem(call_id="c", output="1"),)
        assert params(first, input_items=items).input == expected
        assert params(first, input_items=[]).input == ()
        assert params(first, input=items).input == expected
        assert params(first).input is UNSET

    def test_append_input_items_are_added_first(self, first: WireCodec) -> None:
        items = [{"type": "function_call_output", "call_id": "c", "output": "1"}]
        assert params(first, append_input_items=items).append_items == (
            FunctionCallOutputItem(call_id="c", output="1"),
        )

    @pytest.mark.parametrize("name", ["input_items", "append_input_items"])
    def test_errors_name_the_item(self, first: WireCodec, name: str) -> None:
        items = [{"type": "message", "role": "user", "content": [{"type": "audio"}]}]
        found = refused(first, "response.create", response={name: items})
        assert found == ("invalid_value", f"response.{name}[0].content[0].type")

    def test_references_cannot_be_added(self, first: WireCodec) -> None:
        items = [{"type": "item_reference", "id": "i"}]
        found = refused(first, "response.create", response={"append_input_items": items})
        assert found == ("invalid_value", "response.append_input_items[0].type")

    @pytest.mark.parametrize(
        "type", ["conversation.item.retrieve", "transcription_session.update", "output_audio_buffer.clear"]
    )
    def test_later_events_are_unknown(self, first: WireCodec, type: str) -> None:
        assert refused(first, type) == ("invalid_value", "type")


class TestSpellingOfFormats:
    """Replies use the spelling that the client used (protocol: oldest-clients, Closed sets)."""

    def formats(self, codec: WireCodec) -> tuple[str, str, str]:
        config = structs.replace(CONFIG, input_format=AudioFormat.ULAW, output_format=AudioFormat.ALAW)
        session = encode(codec, SessionUpdated(session_id="s", config=config, expires_at=1))["session"]
        shown = structs.replace(response(), output_format=AudioFormat.ULAW)
        created = encode(codec, ResponseCreated(response=shown))["response"]
        return session["input_audio_format"], session["output_audio_format"], created["output_audio_format"]

    def test_before_the_client_wrote_any(self, preview: WireCodec, first: WireCodec) -> None:
        assert self.formats(preview) == ("g711_ulaw", "g711_alaw", "g711_ulaw")
        assert self.formats(first) == ("g711-ulaw", "g711-alaw", "g711-ulaw")

    def test_session_update(self, preview: WireCodec) -> None:
        patch(preview, input_audio_format="g711-ulaw", output_audio_format="g711_alaw")
        assert self.formats(preview) == ("g711-ulaw", "g711_alaw", "g711-ulaw")
        patch(preview, input_audio_format="g711_ulaw")
        assert self.formats(preview) == ("g711_ulaw", "g711_alaw", "g711_ulaw")

    def test_underscores_in_the_first_version(self, first: WireCodec) -> None:
        patch(first, output_audio_format="g711_alaw")
        assert self.formats(first) == ("g711-ulaw", "g711_alaw", "g711-ulaw")

    def test_response_create(self, preview: WireCodec) -> None:
        params(preview, output_audio_format="g711-alaw")
        decode(preview, "response.create")
        params(preview)
        assert self.formats(preview)[1] == "g711-alaw"

    def test_transcription_session_update(self, preview: WireCodec) -> None:
        decode(preview, "transcription_session.update", session={"input_audio_format": "g711-ulaw"})
        decode(preview, "transcription_session.update", session={})
        assert self.formats(preview)[0] == "g711-ulaw"

    def test_every_such_request_names_its_formats(self) -> None:
        with pytest.raises(NotImplementedError):
            PreviewRequest().format_names()
