"""The checker of invariants notices what is missing, doubled or out of place."""

import msgspec
import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.audio.tape import Tape
from voxwire.events.closing import CloseReason
from voxwire.events.server import (
    AudioDelta,
    ErrorOccurred,
    ItemAdded,
    ResponseCreated,
    TextDelta,
    TranscriptionDelta,
)
from voxwire.events.session_config import Modality, SessionConfig, Transcription
from voxwire.interfaces.commands import (
    CancelGeneration,
    CloseSession,
    FeedTranscription,
    FinishTranscription,
    Output,
    StartResponse,
    StartTranscription,
)
from voxwire.testing.driver import Driver
from voxwire.testing.invariants import InvariantBroken, Invariants


def conversation() -> Driver:
    """One of everything: a spoken turn, a tool call, a written answer out of band, an error."""
    driver = Driver(SessionConfig(model="scripted", transcription=Transcription()), chunk_ms=60_000)
    driver.speak()
    driver.hear_part("what time")
    driver.hear("what time is it")
    driver.say("It is noon.")
    driver.call("get_time", "{}")
    driver.finish()
    driver.respond(out_of_band=True, modality=Modality.TEXT)
    driver.write("Noon.")
    driver.finish()
    return driver


def check(driver: Driver, outputs: list[Output]) -> None:
    invariants = Invariants(driver.session)
    invariants.observe(outputs)
    invariants.check_ended()


#: Nothing else depends on these: audio that no `done` repeats, and what engines are fed.
_UNPROMISED = (FeedTranscription, FinishTranscription, StartResponse)


def test_what_a_session_says_is_right() -> None:
    driver = conversation()
    check(driver, driver.outputs)


def notices(driver: Driver, outputs: list[Output]) -> bool:
    try:
        check(driver, outputs)
    except InvariantBroken:
        return True
    return False


def test_one_output_less() -> None:
    driver, outputs = conversation(), conversation().outputs
    kinds = (AudioDelta, StartTranscription, *_UNPROMISED)
    missed = [
        output
        for index, output in enumerate(outputs)
        if not isinstance(output, kinds) and not notices(driver, outputs[:index] + outputs[index + 1 :])
    ]
    assert missed == []


def test_one_output_twice() -> None:
    driver, outputs = conversation(), conversation().outputs
    kinds = (AudioDelta, *_UNPROMISED)
    missed = [
        output
        for index, output in enumerate(outputs)
        if not isinstance(output, kinds) and not notices(driver, [*outputs[: index + 1], *outputs[index:]])
    ]
    assert missed == []


def test_work_that_is_not_done() -> None:
    driver = Driver()
    driver.respond()
    with pytest.raises(InvariantBroken, match="never done"):
        check(driver, driver.outputs)


def test_a_delta_after_a_cancel() -> None:
    driver = conversation()
    (at,) = (n for n, output in enumerate(driver.outputs) if isinstance(output, TextDelta))
    cancel = CancelGeneration(generation=driver.generation)
    with pytest.raises(InvariantBroken, match="no delta after cancel"):
        check(driver, [*driver.outputs[:at], cancel, *driver.outputs[at:]])


def test_anything_after_the_end() -> None:
    driver = conversation()
    error = ErrorOccurred(type="invalid_request_error", code="x", message="x")
    with pytest.raises(InvariantBroken, match="after the session closed"):
        check(driver, [*driver.outputs, CloseSession(reason=CloseReason.EXPIRED, message="over"), error])


def test_a_predecessor_that_is_not_the_actual_one() -> None:
    driver = conversation()
    (at, *_) = (n for n, output in enumerate(driver.outputs) if isinstance(output, ItemAdded) and n > 12)
    wrong = msgspec.structs.replace(driver.outputs[at], previous_item_id=None)
    with pytest.raises(InvariantBroken):
        check(driver, [*driver.outputs[:at], wrong, *driver.outputs[at + 1 :]])


def test_a_second_active_response() -> None:
    driver = conversation()
    (at, *_) = (n for n, output in enumerate(driver.outputs) if isinstance(output, ResponseCreated))
    created = driver.outputs[at]
    assert isinstance(created, ResponseCreated)
    second = ResponseCreated(response=msgspec.structs.replace(created.response, id="resp_x"))
    with pytest.raises(InvariantBroken, match="at most one response is active"):
        check(driver, [*driver.outputs[: at + 1], second, *driver.outputs[at + 1 :]])


def test_words_before_their_item() -> None:
    driver = conversation()
    (at, *_) = (n for n, output in enumerate(driver.outputs) if isinstance(output, TranscriptionDelta))
    moved = [driver.outputs[0], driver.outputs[at], *driver.outputs[1:at], *driver.outputs[at + 1 :]]
    with pytest.raises(InvariantBroken, match="precedes its words"):
        check(driver, moved)


def test_books_that_do_not_balance(monkeypatch: pytest.MonkeyPatch) -> None:
    driver = conversation()
    miscounted = Tape(AudioFormat.PCM16)
    miscounted.discarded += 1
    monkeypatch.setattr(driver.session, "tape", miscounted)
    with pytest.raises(InvariantBroken, match="accounted"):
        check(driver, driver.outputs)
