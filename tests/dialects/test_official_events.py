"""Every client event that is valid by the official types is accepted, or refused for a good reason.

Good reasons: the state of the session, a field that is beyond this deployment (`unsupported_value`, the rest applied),
and the few of `RIGHTLY_REFUSED`. Events go through a codec into a session, ten to a conversation, 3,000 for each
dialect.
"""

import json
import re
from typing import Any

import pytest
from dialect_samples import FIRST, GA, PREVIEW
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from official_events import events
from openai.types.beta.realtime import RealtimeClientEvent as PreviewEvent
from openai.types.realtime import RealtimeClientEvent as GaEvent
from pydantic import TypeAdapter

from voxwire.dialects import Variant, WireCodec
from voxwire.errors import ClientError
from voxwire.events.client import ClientEvent, CreateItem, CreateResponse, UpdateSession
from voxwire.events.server import ErrorOccurred, ItemAdded, ResponseCreated, ServerEvent, SessionUpdated
from voxwire.events.session_config import SessionConfig, SessionKind
from voxwire.interfaces.commands import StartResponse
from voxwire.session.limits import Capabilities
from voxwire.testing.driver import Driver

#: Codes of what a session in another state would take.
STATE = {
    "cannot_update_voice",
    "conversation_already_has_active_response",
    "input_audio_buffer_commit_empty",
    "input_audio_buffer_not_empty",
    "invalid_tool_call_id",
    "item_create_duplicate_item_id",
    "item_create_invalid_previous_item_id",
    "item_delete_invalid_item_id",
    "item_retrieve_invalid_item_id",
    "item_truncate_invalid_item_id",
    "response_cancel_not_active",
    "too_many_responses",
}
#: How other refusals begin → why they are right.
RIGHTLY_REFUSED = {
    "Items cannot be created in a transcription session": "no conversation there (protocol: transcription)",
    "Responses are not available in a transcription session": "the same",
    "Passing a (realtime|transcription) session update event to a": "the URL chooses the kind of session",
    "output_audio_buffer.clear is only available where the server": "a WebSocket has no such buffer (protocol: turns)",
    "Only model output audio messages can be truncated": "state: nobody spoke the item (protocol: conversation)",
    r"Invalid value: \d+. Item '.*' has one content part": "state: items that were spoken have one part",
    "Error adding item: the id 'root' is reserved": "`previous_item_id` needs the word (protocol: conversation)",
    "Item with id '.*' does not exist in this conversation": "state: a reference to an item that is not there",
    "Item with id '.*' has no content": "state: a reference in content to what is no message",
    "Tool choice '.*' is not among the declared tools": "state: it could never be called",
}

#: A deployment that can little, so that much is beyond it.
LITTLE = Capabilities(voices=frozenset({"alloy", "marin"}), languages=("en",))
CONFIRMATION: dict[type[ClientEvent], type[ServerEvent]] = {
    UpdateSession: SessionUpdated,
    CreateItem: ItemAdded,
    CreateResponse: ResponseCreated,
}
EVENTS_IN_A_CONVERSATION = 10
EVENTS = 3000


def judge(frame: str, *errors: ClientError | ErrorOccurred) -> None:
    for error in errors:
        excused = error.code in STATE or error.code == "unsupported_value"
        excused = excused or any(re.match(words, error.message, re.DOTALL) for words in RIGHTLY_REFUSED)
        assert excused, f"{error.code}, {error.param}: {error.message}\n{frame}"


def exchange(driver: Driver, codec: WireCodec, frame: str) -> None:
    """Send one event, and look at what comes back."""
    try:
        event = codec.decode(frame)
    except ClientError as error:
        judge(frame, error)
        return
    came = driver.send(event)
    errors = [output for output in came if isinstance(output, ErrorOccurred)]
    judge(frame, *errors)
    if type(event) in CONFIRMATION and all(error.code == "unsupported_value" for error in errors):
        expected = CONFIRMATION[type(event)]
        assert any(isinstance(output, expected) for output in came), f"not confirmed: {frame}"
    for output in came:
        if isinstance(output, ServerEvent):
            codec.encode(output, "event_1")


def converse(variant: Variant, conversation: list[str], *, kind: SessionKind, answers: bool) -> None:
    driver, codec = Driver(SessionConfig(model="m", kind=kind), capabilities=LITTLE), WireCodec(variant)
    for frame in conversation:
        exchange(driver, codec, frame)
        if answers and isinstance(driver.outputs[-1], StartResponse):
            driver.say("Hello.")
            driver.finish()


#: What later versions have and 2024-10-01 has not.
LATER = frozenset({"transcription_session.update", "conversation.item.retrieve", "output_audio_buffer.clear"})
DRAWN = {
    "ga": (GA, GaEvent, frozenset[str]()),
    "preview": (PREVIEW, PreviewEvent, frozenset[str]()),
    "first": (FIRST, PreviewEvent, LATER),
}


@pytest.mark.parametrize("dialect", DRAWN)
def test_is_accepted_or_refused_for_a_good_reason(dialect: str) -> None:
    variant, union, without = DRAWN[dialect]
    drawn = st.lists(
        events(union, without=without), min_size=EVENTS_IN_A_CONVERSATION, max_size=EVENTS_IN_A_CONVERSATION
    )

    # Without the phase that explains a failure: it takes minutes for what the message says.
    @settings(max_examples=EVENTS // EVENTS_IN_A_CONVERSATION, phases=(Phase.reuse, Phase.generate, Phase.shrink))
    @given(conversation=drawn.map(lambda found: list(map(json.dumps, found))), kind=kinds, answers=st.booleans())
    def check(conversation: list[str], kind: SessionKind, answers: bool) -> None:
        converse(variant, conversation, kind=kind, answers=answers)

    check()


#: A conversation more often: a transcription refuses most.
kinds = st.sampled_from([SessionKind.REALTIME, SessionKind.REALTIME, SessionKind.TRANSCRIPTION])


@pytest.mark.parametrize("union", [GaEvent, PreviewEvent], ids=["ga", "preview"])
def test_what_is_drawn_is_valid_by_the_official_types(union: Any) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(union)

    @settings(max_examples=200)
    @given(event=events(union))
    def check(event: dict[str, Any]) -> None:
        read = adapter.validate_python(event, strict=True)
        assert read.type == event["type"]
        assert not undeclared(event, read)

    check()


def undeclared(value: Any, model: Any) -> list[str]:
    """Fields of the event that its official class has not."""
    if isinstance(model, list):
        return [name for inner, read in zip(value, model, strict=True) for name in undeclared(inner, read)]
    fields = getattr(type(model), "model_fields", None)
    if fields is None:
        return []
    extra = [name for name in value if name not in fields]
    return extra + [name for key in value if key in fields for name in undeclared(value[key], getattr(model, key))]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "session.update", "session": {"type": "realtime", "instructions": 5}},
        {"type": "session.update", "session": {"type": "realtime", "mood": "gay"}},
        {"type": "response.create", "response": {"conversation": "other"}},
    ],
)
def test_a_refusal_without_a_reason_is_noticed(event: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        converse(GA, [json.dumps(event)], kind=SessionKind.REALTIME, answers=False)
