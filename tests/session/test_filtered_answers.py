"""A check of the content ends an answer: `incomplete`, `content_filter` (protocol: responses, Filtered answers)."""

import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.events.items import ItemStatus, MessageItem, OutputAudio
from voxwire.events.response import ResponseStatus
from voxwire.events.server import (
    AudioDelta,
    ItemDone,
    ItemTruncated,
    OutputItemAdded,
    ResponseCreated,
    ResponseDone,
    TranscriptDelta,
)
from voxwire.events.session_config import Modality, ServerVad, SessionConfig
from voxwire.interfaces.commands import CancelGeneration, DiscardPendingAudio, StartResponse, TakeDraft
from voxwire.interfaces.inputs import PlayoutProgress
from voxwire.session.limits import Capabilities, Limits
from voxwire.testing.driver import Driver, silence, speech

DRAFTING = Limits(max_drafts_per_turn=2)


def ending(driver: Driver, which: int = -1) -> tuple[ResponseStatus, str | None]:
    response = driver.all(ResponseDone)[which].response
    return response.status, response.status_details.reason if response.status_details else None


FILTERED = ResponseStatus.INCOMPLETE, "content_filter"


class TestEnd:
    def test_stops_the_engines_and_what_is_still_to_be_heard(self) -> None:
        driver = Driver()
        driver.respond()
        driver.say("Well,")
        driver.filter()
        assert ending(driver) == FILTERED
        cancel = driver.outputs.index(CancelGeneration(generation=driver.generation))
        assert driver.outputs[cancel + 1] == DiscardPendingAudio(response_id="resp_1")

    def test_the_item_stays_as_incomplete(self) -> None:
        driver = Driver()
        driver.respond()
        driver.say("Well,")
        driver.filter()
        item = driver.last(ItemDone).item
        assert isinstance(item, MessageItem)
        assert item.status is ItemStatus.INCOMPLETE
        (part,) = item.content
        assert isinstance(part, OutputAudio)
        assert part.transcript == "Well,"

    def test_before_anything_was_said_there_is_no_item(self) -> None:
        driver = Driver()
        driver.respond()
        driver.filter()
        assert ending(driver) == FILTERED
        assert not driver.all(OutputItemAdded)

    def test_text_has_no_audio_to_discard(self) -> None:
        driver = Driver()
        driver.respond(modality=Modality.TEXT)
        driver.write("Well,")
        driver.filter()
        assert ending(driver) == FILTERED
        assert not driver.all(DiscardPendingAudio)

    def test_out_of_band_the_other_answer_goes_on(self) -> None:
        driver = Driver()
        driver.respond()
        first = driver.generation
        driver.respond(out_of_band=True)
        driver.filter()
        assert ending(driver) == FILTERED
        driver.write("Hello", first)
        driver.finish(generation=first)
        assert ending(driver) == (ResponseStatus.COMPLETED, None)

    def test_what_still_comes_has_no_effect(self) -> None:
        driver = Driver()
        driver.respond()
        driver.filter()
        before = len(driver.outputs)
        driver.write("more")
        driver.filter()
        driver.finish()
        assert len(driver.outputs) == before

    def test_one_that_waits_in_line_comes(self) -> None:
        driver = Driver(SessionConfig(model="scripted", turn_detection=ServerVad(interrupt_response=False)))
        driver.respond()
        driver.speak()
        driver.hear("one")
        driver.filter()
        assert len(driver.all(ResponseCreated)) == 2


class TestPlayout:
    """Where the transport plays, what was not played is not in the conversation."""

    def test_cuts_the_item_where_it_was_heard(self) -> None:
        driver = Driver(capabilities=Capabilities(reports_playout=True))
        driver.respond()
        driver.say("Well, well.", ms=1000)
        item_id = driver.last(AudioDelta).item_id
        driver.send(PlayoutProgress(item_id=item_id, content_index=0, played_ms=300))
        driver.filter()
        assert driver.last(ItemTruncated) == ItemTruncated(item_id=item_id, content_index=0, audio_end_ms=300)


class TestDuringSpeech:
    """Somebody speaks who may want to interrupt: the answer keeps back what it goes on with."""

    def ducked(self) -> Driver:
        driver = Driver(
            SessionConfig(model="scripted", turn_detection=ServerVad(silence_duration_ms=500)),
            limits=Limits(interrupt_speech_ms=2000),
            chunk_ms=32,
        )
        driver.respond()
        driver.say("Well", ms=300)
        driver.append(speech(160))
        driver.write(" kept back")
        assert driver.last(TranscriptDelta).delta == "Well"
        return driver

    def test_it_ends_at_once_and_nothing_of_it_is_said(self) -> None:
        driver = self.ducked()
        driver.filter()
        assert ending(driver) == FILTERED
        driver.append(silence(800))
        assert driver.last(TranscriptDelta).delta == "Well"

    def test_one_beside_it_ends_as_well(self) -> None:
        driver = self.ducked()
        active = driver.generation
        driver.respond(out_of_band=True)
        driver.filter()
        assert ending(driver) == FILTERED
        driver.append(silence(800))
        assert driver.last(TranscriptDelta).delta == " kept back"
        driver.finish(generation=active)
        assert ending(driver) == (ResponseStatus.COMPLETED, None)


class TestDrafts:
    def paused(self) -> Driver:
        config = SessionConfig(model="scripted", turn_detection=ServerVad())
        driver = Driver(config, limits=DRAFTING, capabilities=Capabilities(interims=True))
        driver.append(speech(640), silence(256))
        driver.hear_so_far("hello")
        assert driver.last(StartResponse).response_id is None
        return driver

    @pytest.mark.parametrize("said", ["", "Well,"])
    def test_the_response_that_takes_it_ends_so(self, said: str) -> None:
        driver = self.paused()
        driver.write(said)
        driver.filter()
        assert not driver.all(ResponseDone)
        driver.append(silence(320))
        driver.hear("hello")
        assert len(driver.all(TakeDraft)) == 1
        assert ending(driver) == FILTERED

    def test_nobody_is_told_of_one_that_is_dropped(self) -> None:
        driver = self.paused()
        driver.filter()
        driver.append(speech(320), silence(640))
        driver.hear("hello and more")
        assert not driver.all(ResponseDone)
        driver.say("Hello!")
        driver.finish()
        assert ending(driver) == (ResponseStatus.COMPLETED, None)


def test_formats_do_not_matter() -> None:
    driver = Driver(SessionConfig(model="scripted", output_format=AudioFormat.ULAW))
    driver.respond()
    driver.say("Well,")
    driver.filter()
    assert ending(driver) == FILTERED
