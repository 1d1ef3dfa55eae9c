"""The shapes of the wire, in and out."""

import re

import pytest
from pydantic import TypeAdapter, ValidationError

import rtclient
from rtclient import (
    AssistantMessageItem,
    ErrorMessage,
    FunctionCallItem,
    FunctionCallOutputItem,
    FunctionToolChoice,
    InputAudioContentPart,
    InputTextContentPart,
    Item,
    ItemCreatedMessage,
    NoTurnDetection,
    OutputTextContentPart,
    RealtimeError,
    RealtimeException,
    ResponseContentPartAddedMessage,
    ResponseCreateParams,
    ResponseDoneMessage,
    ServerVAD,
    SessionCreatedMessage,
    SessionUpdateParams,
    SystemMessageItem,
    UnknownMessage,
    UserMessageItem,
    create_message_from_dict,
    defaults,
    generate_id,
)
from rtclient.models.server_messages import MESSAGE_CLASSES
from rtclient.util.user_agent import get_user_agent
from scripted_service import SESSION, USAGE, Json, message, response, spoken


def event(kind: str, **fields: object) -> Json:
    return {"type": kind, "event_id": "event_1", **fields}


class TestNames:
    def test_everything_exported_is_there(self) -> None:
        assert len(rtclient.__all__) == len(set(rtclient.__all__))
        for name in rtclient.__all__:
            assert hasattr(rtclient, name)

    def test_what_tutorials_import_by_name(self) -> None:
        for name in ["RTClient", "RTLowLevelClient", "RTResponse", "RTMessageItem", "RTFunctionCallItem"]:
            assert name in rtclient.__all__
        for name in ["MessageQueueWithError", "SharedEndQueue", "generate_id", "AzureKeyCredential"]:
            assert hasattr(rtclient, name)

    def test_twenty_eight_known_events(self) -> None:
        assert len(MESSAGE_CLASSES) == 28

    def test_user_agent(self) -> None:
        assert re.fullmatch(r"ms-rtclient/0\.6\.0 Python/\d+\.\d+\.\d+\S*", get_user_agent())

    def test_generated_ids(self) -> None:
        first, second = generate_id("item"), generate_id("item")
        assert first != second
        assert re.fullmatch(r"item-[A-Za-z0-9_-]{27}", first)

    def test_defaults(self) -> None:
        assert defaults.DEFAULT_TURN_DETECTION == ServerVAD(
            threshold=0.5, prefix_padding_ms=300, silence_duration_ms=200
        )
        assert (defaults.DEFAULT_VOICE, defaults.DEFAULT_AUDIO_FORMAT) == ("alloy", "pcm16")
        assert (defaults.DEFAULT_CONVERSATION, defaults.DEFAULT_TEMPERATURE) == ("default", 0.6)


class TestSent:
    """What is unset is not sent, `type` always is."""

    @pytest.mark.parametrize(
        ("model", "json"),
        [
            (NoTurnDetection(), {"type": "none"}),
            (ServerVAD(threshold=0.3), {"type": "server_vad", "threshold": 0.3}),
            (FunctionToolChoice(function="f"), {"type": "function", "function": "f"}),
            (InputTextContentPart(text="t"), {"type": "input_text", "text": "t"}),
            (InputAudioContentPart(audio="a"), {"type": "input_audio", "audio": "a"}),
            (SystemMessageItem(content=[]), {"type": "message", "role": "system", "content": []}),
            (UserMessageItem(content=[], id="i"), {"type": "message", "role": "user", "content": [], "id": "i"}),
            (
                AssistantMessageItem(content=[OutputTextContentPart(text="t")], status="completed"),
                {
                    "type": "message",
                    "role": "assistant",
                    "content": [{"type": "text", "text": "t"}],
                    "status": "completed",
                },
            ),
            (
                FunctionCallItem(name="n", call_id="c", arguments="{}"),
                {"type": "function_call", "name": "n", "call_id": "c", "arguments": "{}"},
            ),
            (
                FunctionCallOutputItem(call_id="c", output="o"),
                {"type": "function_call_output", "call_id": "c", "output": "o"},
            ),
            (ResponseCreateParams(), {}),
            (SessionUpdateParams(modalities={"text"}, temperature=1), {"modalities": ["text"], "temperature": 1.0}),
        ],
    )
    def test_json(self, model: rtclient.ClientMessageBase, json: Json) -> None:
        assert model.model_dump(mode="json", exclude_unset=True) == json

    def test_response_create_defaults(self) -> None:
        params = ResponseCreateParams()
        assert (params.commit, params.cancel_previous) == (True, True)

    @pytest.mark.parametrize("temperature", [0.5, 1.3, "0.8"])
    def test_refused_temperatures(self, temperature: object) -> None:
        with pytest.raises(ValidationError):
            SessionUpdateParams(temperature=temperature)  # type: ignore[arg-type]

    @pytest.mark.parametrize("item", [SystemMessageItem(content=[]), FunctionCallOutputItem(call_id="c", output="o")])
    def test_items_are_one_union(self, item: Item) -> None:
        assert TypeAdapter(Item).validate_python(item.model_dump()) == item


class TestReceived:
    def test_a_whole_response(self) -> None:
        for data in spoken():
            received = create_message_from_dict({"event_id": "event_1", **data})
            assert type(received) is MESSAGE_CLASSES[data["type"]]

    @pytest.mark.parametrize("key", list(SESSION))
    def test_every_key_of_a_session_is_needed(self, key: str) -> None:
        session = {name: value for name, value in SESSION.items() if name != key}
        with pytest.raises(ValidationError):
            create_message_from_dict(event("session.created", session=session))

    @pytest.mark.parametrize(
        "change",
        [
            {"voice": "marin"},
            {"voice": "of-my-own"},
            {"input_audio_format": "g711-ulaw"},
            {"output_audio_format": "g711_alaw"},
            {"temperature": 1},
            {"input_audio_transcription": {"model": "gpt-4o-transcribe", "language": "en"}},
            {"turn_detection": {"type": "none"}},
            {"turn_detection": {"type": "semantic_vad", "eagerness": "auto"}},
            {"tool_choice": {"type": "function", "function": "f"}},
            {"max_response_output_tokens": "inf"},
            {"expires_at": 1},
        ],
    )
    def test_sessions_of_all_years(self, change: Json) -> None:
        received = create_message_from_dict(event("session.updated", session=SESSION | change))
        assert received.type == "session.updated"

    @pytest.mark.parametrize("change", [{"temperature": 1.3}, {"temperature": "1"}, {"turn_detection": {"type": "x"}}])
    def test_impossible_sessions(self, change: Json) -> None:
        with pytest.raises(ValidationError):
            create_message_from_dict(event("session.created", session=SESSION | change))

    @pytest.mark.parametrize("key", ["part", "content"])
    def test_both_names_of_a_part(self, key: str) -> None:
        place = {"response_id": "r", "item_id": "i", "output_index": 0, "content_index": 0}
        part = {"type": "audio", "transcript": None}
        received = create_message_from_dict(event("response.content_part.added", **place, **{key: part}))
        assert isinstance(received, ResponseContentPartAddedMessage)
        assert received.part.type == "audio"

    @pytest.mark.parametrize(
        "details",
        [
            {"type": "cancelled", "reason": "turn_detected"},
            {"type": "incomplete", "reason": "content_filter"},
            {"type": "failed", "error": None},
            {"type": "failed", "error": {"type": "server_error", "message": "m"}},
        ],
    )
    def test_status_details(self, details: Json) -> None:
        done = response(details["type"], status_details=details, usage=USAGE, output=[message("incomplete")])
        received = create_message_from_dict(event("response.done", response=done))
        assert isinstance(received, ResponseDoneMessage)
        assert received.response.status_details is not None
        assert received.response.status_details.type == details["type"]

    @pytest.mark.parametrize(
        "data",
        [
            event("response.done", response=response("completed", status_details={"type": "completed"})),
            event("response.done", response=response("completed", usage={})),
            event("conversation.item.created", item=message()),
            event("input_audio_buffer.committed", item_id="i"),
            event("error", error={"message": "m", "code": 3}),
            {"type": "error", "error": {"message": "m"}},
        ],
    )
    def test_impossible_events(self, data: Json) -> None:
        with pytest.raises(ValidationError):
            create_message_from_dict(data)

    @pytest.mark.parametrize("data", [{"type": "new"}, {"type": "new", "event_id": "e", "more": 1}])
    def test_unknown_types(self, data: Json) -> None:
        received = create_message_from_dict(data)
        assert isinstance(received, UnknownMessage)
        assert received.model_dump(exclude_unset=True) == data

    def test_classes(self) -> None:
        assert isinstance(create_message_from_dict(event("session.created", session=SESSION)), SessionCreatedMessage)
        created = create_message_from_dict(event("conversation.item.created", previous_item_id=None, item=message()))
        assert isinstance(created, ItemCreatedMessage)
        assert isinstance(create_message_from_dict(event("error", error={"message": "m"})), ErrorMessage)


def test_realtime_exception() -> None:
    error = RealtimeError(message="m", type="t", code="c", param="p", event_id="e")
    raised = RealtimeException(error)
    assert raised.error is error
    assert (raised.message, raised.type, raised.code, raised.param, raised.event_id) == ("m", "t", "c", "p", "e")
    assert str(raised) == "m"
    assert raised.request_id is None
