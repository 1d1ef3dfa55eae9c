"""Everything that we send, read by the official types of the `openai` package.

GA is held against `openai.types.realtime`, preview against `openai.types.beta.realtime`. Both are
unions told apart by `type`, so an event must be read as its own class with nothing missing.
"""

import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from dialect_samples import CONFIG, EVERY_EVENT, FIRST, FLOWS, GA, PREVIEW, TRANSCRIPTION, response, spoken
from msgspec import structs
from openai.types.beta import realtime as beta_types
from openai.types.beta.realtime import RealtimeServerEvent as PreviewEvent
from openai.types.realtime import RealtimeServerEvent as GaEvent
from openai.types.realtime.realtime_session_create_request import RealtimeSessionCreateRequest
from openai.types.realtime.realtime_session_create_response import RealtimeSessionCreateResponse
from openai.types.realtime.realtime_transcription_session_create_response import (
    RealtimeTranscriptionSessionCreateResponse,
)
from pydantic import BaseModel, TypeAdapter

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects import Variant, WireCodec
from voxwire.events.response import ResponseStatus, StatusDetails
from voxwire.events.server import (
    ClockRead,
    EngineChanged,
    ErrorOccurred,
    FalseInterruption,
    ResponseDone,
    ServerEvent,
    SessionCreated,
    SessionUpdated,
    TurnTimings,
    WordTimes,
)
from voxwire.events.session_config import (
    FunctionTool,
    Modality,
    NamedTool,
    RetentionRatio,
    SemanticVad,
    ServerVad,
    Transcription,
)

RICH = structs.replace(
    CONFIG,
    modality=Modality.TEXT,
    input_format=AudioFormat.ULAW,
    output_format=AudioFormat.ALAW,
    transcription=Transcription(model="whisper-1", language="en", prompt="names"),
    turn_detection=SemanticVad(),
    max_output_tokens=100,
    tools=(FunctionTool(name="f", description="does", parameters={"type": "object"}),),
    tool_choice="required",
    include=("item.input_audio_transcription.logprobs",),
    truncation=RetentionRatio(retention_ratio=0.8, post_instructions=1000),
    tracing={"workflow_name": "w"},
    reasoning={"effort": "low"},
    parallel_tool_calls=True,
    prompt={"id": "p"},
)

OTHERS: tuple[ServerEvent, ...] = (
    SessionUpdated(session_id="sess_1", config=RICH, expires_at=1),
    SessionUpdated(session_id="sess_1", config=structs.replace(RICH, turn_detection=None), expires_at=1),
    SessionUpdated(
        session_id="sess_1",
        config=structs.replace(CONFIG, turn_detection=ServerVad(idle_timeout_ms=6000)),
        expires_at=1,
    ),
    SessionUpdated(session_id="sess_1", config=structs.replace(CONFIG, transcription=Transcription()), expires_at=1),
    SessionUpdated(
        session_id="sess_1", config=structs.replace(TRANSCRIPTION, transcription=Transcription()), expires_at=1
    ),
    ErrorOccurred(type="server_error", code=None, message="Ours."),
    ResponseDone(
        response=response(ResponseStatus.CANCELLED, spoken(), details=StatusDetails(reason="client_cancelled"))
    ),
    ResponseDone(
        response=response(ResponseStatus.INCOMPLETE, spoken(), details=StatusDetails(reason="max_output_tokens"))
    ),
    ResponseDone(response=response(ResponseStatus.FAILED, details=StatusDetails(code="engine_died", message="m"))),
)
ALL = [*EVERY_EVENT, *OTHERS, *(event for flow in FLOWS.values() for event in flow)]


def members(union: Any) -> dict[str, type[BaseModel]]:
    """The classes of a discriminated union by their `type`."""
    found = {}
    for cls in get_args(get_args(union)[0]):
        (name,) = get_args(cls.model_fields["type"].annotation)
        found[name] = cls
    return found


GA_TYPES = members(GaEvent)
PREVIEW_TYPES = members(PreviewEvent)


def frames(variant: Variant) -> list[dict[str, Any]]:
    codec = WireCodec(variant)
    encoded = (codec.encode(event, "event_1") for event in ALL)
    return [json.loads(frame) for frame in encoded if frame is not None]


def differences(value: Any, model: Any, path: str = "") -> Iterator[str]:
    """Paths at which the parsed `model` does not say what the JSON `value` says, unknown keys included."""
    if isinstance(model, BaseModel):
        for key, inner in value.items():
            where = f"{path}.{key}" if path else key
            if key in type(model).model_fields:
                yield from differences(inner, getattr(model, key), where)
            else:
                yield where
    elif isinstance(value, list) and len(value) == len(model):
        for inner, parsed in zip(value, model, strict=True):
            yield from differences(inner, parsed, f"{path}[]")
    elif value != model:
        yield path


def test_the_samples_hold_every_event() -> None:
    assert {type(event) for event in EVERY_EVENT} == set(get_args(ServerEvent)) - {
        ClockRead,
        EngineChanged,
        FalseInterruption,
        TurnTimings,
        WordTimes,
    }


class TestGa:
    adapter: TypeAdapter[Any] = TypeAdapter(GaEvent)

    @pytest.mark.parametrize("frame", frames(GA), ids=lambda frame: frame["type"])
    def test_event(self, frame: dict[str, Any]) -> None:
        event = self.adapter.validate_python(frame, strict=True)
        assert type(event) is GA_TYPES[frame["type"]]
        if "session" in frame:
            # The event type has the settings alone; the object with identity and lifetime is typed for REST.
            kind = {
                "realtime": RealtimeSessionCreateResponse,
                "transcription": RealtimeTranscriptionSessionCreateResponse,
            }[frame["session"]["type"]]
            session = kind.model_validate(frame["session"], strict=True)
            assert set(differences(frame["session"], session)) <= {"parallel_tool_calls"}
        else:
            assert not list(differences(frame, event))

    def test_settings_of_reasoning_models(self) -> None:
        frame = json.loads(
            WireCodec(GA).encode(SessionCreated(session_id="s", config=RICH, expires_at=1), "e") or "",
        )
        session = RealtimeSessionCreateRequest.model_validate(frame["session"], strict=True)
        assert session.parallel_tool_calls is True
        assert session.reasoning is not None
        assert session.reasoning.effort == "low"

    def test_a_named_tool(self) -> None:
        config = structs.replace(CONFIG, tool_choice=NamedTool(name="f"))
        frame = json.loads(WireCodec(GA).encode(SessionCreated(session_id="s", config=config, expires_at=1), "e") or "")
        session = RealtimeSessionCreateResponse.model_validate(frame["session"], strict=True)
        assert not list(differences(frame["session"]["tool_choice"], session.tool_choice))


class TestPreview:
    adapter: TypeAdapter[Any] = TypeAdapter(PreviewEvent)

    #: Sent by the service and described in its documents, but left out of the package's types.
    UNTYPED = frozenset(
        {
            "session.object",
            "session.id",  # of transcription sessions
            "session.expires_at",
            "session.include",
            "session.client_secret",
            "session.input_audio_noise_reduction",  # of transcription sessions
            "response.usage.input_token_details.cached_tokens_details",
            "name",  # of response.function_call_arguments.done
        }
    )

    @pytest.mark.parametrize("frame", frames(PREVIEW), ids=lambda frame: frame["type"])
    def test_event(self, frame: dict[str, Any]) -> None:
        typed = self.typed(frame)
        event = self.adapter.validate_python(typed, strict=True)
        assert type(event) is PREVIEW_TYPES[typed["type"]]
        assert set(differences(typed, event)) <= self.UNTYPED

    def typed(self, frame: dict[str, Any]) -> dict[str, Any]:
        """The frame as far as the package has types for it.

        `transcription_session.created` has none (only `.updated`), and the secret of a transcription
        session is typed as it comes from REST: on a socket it is null (protocol: sessions, A session as it starts).
        """
        if frame["type"].startswith("transcription_session."):
            assert frame["session"]["client_secret"] is None
            session = frame["session"] | {"client_secret": {"value": "ek", "expires_at": 1}}
            return frame | {"type": "transcription_session.updated", "session": session}
        return frame


def test_the_beta_types_are_there() -> None:
    """A release without them would make the preview half of this file meaningless."""
    assert beta_types.RealtimeServerEvent is PreviewEvent


class TestNulls:
    """A null stands only where the official types have one, or where the service itself sends one all the same.

    Clients that are generated from the API's description take an absent field for none, and fail on a null that it
    does not have. The first group is nullable in the `openai` package for JavaScript, whose types tell the two apart.
    """

    NULLABLE = frozenset(
        {
            "error.code",
            "error.event_id",
            "error.param",
            "logprobs",
            "previous_item_id",
            "session.audio.input.turn_detection",
            "session.audio.input.turn_detection.idle_timeout_ms",
            "session.include",
            "session.input_audio_transcription",
            "session.prompt",
            "session.tracing",
            "session.turn_detection",
        }
    )
    #: Clients look for these keys, and the service's own examples hold these nulls
    #: (protocol: connecting, Null and unknown fields).
    SENT_ALL_THE_SAME = frozenset(
        {
            "item.content[].transcript",
            "response.status_details",
            "response.usage",
            "session.audio.input.noise_reduction",
            "session.audio.input.transcription",
            "session.client_secret",
            "session.input_audio_noise_reduction",
        }
    )

    @pytest.mark.parametrize("variant", [GA, PREVIEW, FIRST], ids=["ga", "preview", "first"])
    def test_only_where_they_belong(self, variant: Variant) -> None:
        found = {path for frame in frames(variant) for path in nulls(frame)}
        assert "previous_item_id" in found
        assert found <= self.NULLABLE | self.SENT_ALL_THE_SAME


def nulls(value: Any, path: str = "") -> Iterator[str]:
    """Paths at which the JSON `value` is null."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from nulls(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list):
        for inner in value:
            yield from nulls(inner, f"{path}[]")
    elif value is None:
        yield path
