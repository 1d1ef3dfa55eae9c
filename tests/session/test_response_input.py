"""What `response.create` hands in to be read: messages that hold the content of others."""

from typing import Any

import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.events.client import CreateItem, DeleteItem
from voxwire.events.items import (
    AudioClip,
    BorrowingMessage,
    ContentPart,
    FunctionCallItem,
    InputAudio,
    InputImage,
    InputText,
    Item,
    ItemReference,
    MessageItem,
    OutputAudio,
    OutputText,
    Role,
)
from voxwire.events.server import ErrorOccurred
from voxwire.interfaces.commands import StartResponse, StartTranscription
from voxwire.session.limits import Capabilities, Limits
from voxwire.testing.driver import Driver, speech


def borrowing(*content: ContentPart | ItemReference, role: Role = Role.USER) -> BorrowingMessage:
    return BorrowingMessage(message=MessageItem(role=role), content=content)


def read(driver: Driver, message: BorrowingMessage) -> tuple[ContentPart, ...]:
    """What the engine is given of the one message handed in."""
    driver.respond(input=(message,), out_of_band=True)
    (item,) = driver.request.items
    assert isinstance(item, MessageItem)
    assert item.role is message.message.role
    return item.content


def message(id: str, *content: ContentPart, role: Role = Role.USER) -> CreateItem:
    return CreateItem(item=MessageItem(id=id, role=role, content=content))


@pytest.fixture
def driver() -> Driver:
    return Driver()


def test_text_stands_where_the_reference_stood(driver: Driver) -> None:
    driver.send(message("u1", InputText(text="two"), InputText(text="three")))
    found = read(driver, borrowing(InputText(text="one"), ItemReference(id="u1"), InputText(text="four")))
    assert found == tuple(InputText(text=text) for text in ("one", "two", "three", "four"))


def test_a_deleted_item_can_still_be_referred_to(driver: Driver) -> None:
    driver.send(message("u1", InputText(text="two")))
    driver.send(DeleteItem(item_id="u1"))
    assert read(driver, borrowing(ItemReference(id="u1"))) == (InputText(text="two"),)


def test_a_spoken_turn_brings_its_words(driver: Driver) -> None:
    driver.speak()
    driver.hear("what is two plus two")
    (user,) = [item for item in driver.request.items if isinstance(item, MessageItem)]
    (part,) = read(driver, borrowing(ItemReference(id=user.id)))
    assert isinstance(part, InputAudio)
    assert part.transcript == "what is two plus two"
    assert part.duration_ms > 600


def test_audio_that_is_not_understood_yet_is_waited_for(driver: Driver) -> None:
    clip = AudioClip(data=speech(400), format=AudioFormat.PCM16)
    driver.send(message("u1", InputAudio(clip=clip)))
    driver.respond(input=(borrowing(ItemReference(id="u1")),), out_of_band=True)
    assert driver.all(StartResponse) == []
    first, second = driver.all(StartTranscription)
    driver.hear("never mind", first.transcription)
    driver.hear("hello", second.transcription)
    (item,) = driver.request.items
    assert isinstance(item, MessageItem)
    (part,) = item.content
    assert isinstance(part, InputAudio)
    assert part.transcript == "hello"


@pytest.mark.parametrize(
    ("part", "lender", "borrower", "expected"),
    [
        (OutputText(text="Four."), Role.ASSISTANT, Role.USER, InputText(text="Four.")),
        (OutputAudio(transcript="Four."), Role.ASSISTANT, Role.USER, InputText(text="Four.")),
        (OutputAudio(transcript="Four."), Role.ASSISTANT, Role.ASSISTANT, OutputAudio(transcript="Four.")),
        (InputText(text="Why?"), Role.USER, Role.ASSISTANT, OutputText(text="Why?")),
        (InputText(text="Why?"), Role.USER, Role.SYSTEM, InputText(text="Why?")),
    ],
)
def test_everybody_says_it_in_their_own_way(
    driver: Driver, part: ContentPart, lender: Role, borrower: Role, expected: ContentPart
) -> None:
    driver.send(message("m1", part, role=lender))
    assert read(driver, borrowing(ItemReference(id="m1"), role=borrower)) == (expected,)


def test_speech_of_the_user_in_the_assistants_mouth_is_text(driver: Driver) -> None:
    driver.speak()
    driver.hear("two plus two")
    (user,) = [item for item in driver.request.items if isinstance(item, MessageItem)]
    found = read(driver, borrowing(ItemReference(id=user.id), role=Role.ASSISTANT))
    assert found == (OutputText(text="two plus two"),)


def test_a_picture_comes_along_where_it_can_be_seen() -> None:
    driver = Driver(capabilities=Capabilities(images=True))
    picture = InputImage(image_url="data:image/png;base64,iVBORw0KGgo=")
    driver.send(message("u1", picture, InputText(text="what is this?")))
    assert read(driver, borrowing(ItemReference(id="u1"))) == (picture, InputText(text="what is this?"))


def test_the_lender_stays_as_it_is(driver: Driver) -> None:
    driver.send(message("u1", InputText(text="two")))
    read(driver, borrowing(ItemReference(id="u1")))
    driver.respond()
    assert [item.id for item in driver.request.items] == ["u1"]


CALL = FunctionCallItem(id="c1", name="f", call_id="call_1", arguments="{}")


@pytest.mark.parametrize(
    ("item", "id", "words"),
    [(None, "nobody", "does not exist in this conversation"), (CALL, "c1", "only messages can be referred to")],
)
def test_refused(driver: Driver, item: Item | None, id: str, words: str) -> None:
    if item is not None:
        driver.send(CreateItem(item=item))
    driver.respond(input=(borrowing(InputText(text="x"), ItemReference(id=id)),))
    error: Any = driver.last(ErrorOccurred)
    assert (error.code, error.param) == ("invalid_value", "response.input[0].content[1].id")
    assert words in error.message
    assert driver.all(StartResponse) == []


def test_the_bound_counts_what_was_borrowed() -> None:
    driver = Driver(limits=Limits(item_text_bytes=1000))
    driver.send(message("u1", InputText(text="x" * 600)))
    driver.respond(input=(borrowing(ItemReference(id="u1"), ItemReference(id="u1")),))
    assert driver.errors == ["string_above_max_length"]
