"""What a deployment cannot do is left out and told, the rest applied (protocol: decisions, Two kinds of refusal)."""

from collections.abc import Iterable

import pytest

from voxwire.events.client import CreateItem, CreateResponse, Unsupported, UpdateSession
from voxwire.events.items import InputImage, InputText, MessageItem, Role
from voxwire.events.response import ResponseParams
from voxwire.events.server import ErrorOccurred, ItemAdded, SessionUpdated
from voxwire.events.session_config import FunctionTool, NamedTool, SessionConfig, SessionPatch, Transcription
from voxwire.interfaces.commands import StartResponse
from voxwire.session.limits import Capabilities
from voxwire.testing.driver import Driver

MANUAL = SessionConfig(model="scripted", turn_detection=None)
POOR = Capabilities(voices=frozenset({"alloy"}), languages=("en",))
PICTURE = InputImage(image_url="data:,")
GONE = Unsupported(param="event.field", message="It is not supported.")


def told(driver: Driver) -> list[tuple[str | None, str | None, str | None, int | None]]:
    return [(error.code, error.param, error.event_id, error.origin) for error in driver.all(ErrorOccurred)]


def errors(*params: str) -> Iterable[tuple[str, str, str, int]]:
    return [("unsupported_value", param, "mine", 7) for param in params]


def test_an_update() -> None:
    driver = Driver(MANUAL, capabilities=POOR)
    patch = SessionPatch(instructions="Be kind.", voice="cedar", transcription=Transcription(language="fr"))
    driver.send(UpdateSession(event_id="mine", patch=patch, unsupported=(GONE,)), origin=7)
    assert driver.names()[1:] == ["SessionUpdated"] + ["ErrorOccurred"] * 3
    config = driver.last(SessionUpdated).config
    assert (config.instructions, config.voice) == ("Be kind.", "alloy")
    assert config.transcription == Transcription()
    where = "session.audio"
    assert told(driver) == errors("event.field", f"{where}.output.voice", f"{where}.input.transcription.language")


def test_the_message_says_what_became_of_the_rest() -> None:
    driver = Driver(MANUAL)
    driver.send(UpdateSession(patch=SessionPatch(), unsupported=(GONE,)))
    expected = "It is not supported. The field was left out, everything else was applied."
    assert driver.last(ErrorOccurred).message == expected


def test_an_item() -> None:
    driver = Driver(MANUAL)
    item = MessageItem(role=Role.USER, content=(PICTURE, InputText(text="What is it?"), PICTURE))
    driver.send(CreateItem(event_id="mine", item=item, unsupported=(GONE,)), origin=7)
    assert driver.names()[1:] == ["ItemAdded", "ItemDone"] + ["ErrorOccurred"] * 3
    added = driver.last(ItemAdded).item
    assert isinstance(added, MessageItem)
    assert added.content == (InputText(text="What is it?"),)
    assert told(driver) == errors("event.field", "item.content[0]", "item.content[2]")


def test_a_response() -> None:
    driver = Driver(MANUAL, capabilities=POOR)
    item = MessageItem(role=Role.USER, content=(PICTURE, InputText(text="Hello")))
    params = ResponseParams(voice="cedar", instructions="Sing.", input=(item,), append_items=(item,))
    driver.send(CreateResponse(event_id="mine", params=params, unsupported=(GONE,)), origin=7)
    assert driver.names()[1:] == ["ItemAdded", "ItemDone", "ResponseCreated"] + ["ErrorOccurred"] * 4
    assert told(driver) == errors(
        "event.field",
        "response.audio.output.voice",
        "response.input[0].content[0]",
        "response.append_input_items[0].content[0]",
    )
    start = driver.last(StartResponse)
    assert (start.voice, start.request.instructions) == ("alloy", "Sing.")


def test_a_response_with_functions_for_an_engine_that_calls_none() -> None:
    driver = Driver(MANUAL, capabilities=Capabilities(tools=False))
    tools = (FunctionTool(name="weather"),)
    params = ResponseParams(tools=tools, tool_choice=NamedTool(name="weather"), instructions="Sing.")
    driver.send(CreateResponse(event_id="mine", params=params), origin=7)
    assert told(driver) == errors("response.tools", "response.tool_choice")
    request = driver.last(StartResponse).request
    assert (request.tools, request.tool_choice, request.instructions) == ((), "auto", "Sing.")


def test_an_event_that_is_wrong_besides_is_refused_whole() -> None:
    """One error, for what is wrong; what was left out does not matter then."""
    driver = Driver(MANUAL, capabilities=POOR)
    item = MessageItem(id="root", role=Role.USER, content=(PICTURE,))
    driver.send(CreateItem(event_id="mine", item=item, unsupported=(GONE,)), origin=7)
    assert told(driver) == [("invalid_value", "item.id", "mine", 7)]
    assert not driver.all(ItemAdded)


@pytest.mark.parametrize("count", [32, 33, 1000])
def test_very_many_are_told_in_few_words(count: int) -> None:
    """A frame of one megabyte holds ten thousand tools; their errors would be larger than what the client sent."""
    driver = Driver(MANUAL)
    driver.send(UpdateSession(patch=SessionPatch(), unsupported=(GONE,) * count))
    found = driver.all(ErrorOccurred)
    assert len(found) == 32
    assert found[-1].message.endswith(f"So were {count - 32} further fields." if count > 32 else "was applied.")
