"""What holds whatever clients, engines and the clock do (docs/architecture.md, "Invariants")."""

from itertools import cycle

import msgspec
import pytest
from any_session import AnySession, audio, configs, vads
from hypothesis import given, settings
from hypothesis import strategies as st

from voxwire.audio.pcm import AudioFormat
from voxwire.events.client import (
    AppendAudio,
    CancelResponse,
    ClearAudio,
    ClientEvent,
    CommitAudio,
    CreateItem,
    CreateResponse,
    UpdateSession,
)
from voxwire.events.items import (
    MessageItem,
    Role,
)
from voxwire.events.server import ItemAdded, ServerEvent, SpeechStarted
from voxwire.events.session_config import (
    SessionConfig,
    SessionPatch,
)
from voxwire.interfaces.commands import (
    FeedTranscription,
    Output,
    StartTranscription,
)
from voxwire.interfaces.turn import TurnSign
from voxwire.testing.driver import Driver, silence, speech

# Five seconds at rest. A limit that strikes in the middle of an example is what Hypothesis reports as a strategy that
# depends on external state, so it lies where only a hang comes.
pytestmark = pytest.mark.timeout(300)

AnySession.TestCase.settings = settings(max_examples=100, stateful_step_count=60)
TestAnySession = AnySession.TestCase


# --- scores and chunks: timing changes nothing -----------------------------------------------------

#: Events of a client that listens and speaks; engines answer when all of a step is scored.
steps = st.lists(
    st.builds(AppendAudio, audio=audio.filter(lambda data: len(data) <= 200_000))
    | st.builds(CommitAudio)
    | st.builds(ClearAudio)
    | st.builds(UpdateSession, patch=st.builds(SessionPatch, turn_detection=vads))
    | st.builds(CreateItem, item=st.builds(MessageItem, role=st.just(Role.USER)))
    | st.builds(CreateResponse)
    | st.builds(CancelResponse),
    max_size=12,
)


signs = st.none() | st.sampled_from(TurnSign)


def told(driver: Driver) -> tuple[list[Output], dict[int, bytes]]:
    """What clients were told, and the audio of each utterance however it was cut."""
    heard: dict[int, bytes] = {}
    for feed in driver.all(FeedTranscription):
        number = [start.transcription for start in driver.all(StartTranscription)].index(feed.transcription)
        heard[number] = heard.get(number, b"") + feed.audio
    return [output for output in driver.outputs if isinstance(output, ServerEvent)], heard


@pytest.mark.usefixtures("each_tape")
class TestTiming:
    """Results never depend on timing (protocol: turns, Order of audio and events)."""

    @given(config=configs, script=steps, data=st.data())
    @settings(max_examples=150)
    def test_scores_at_once_or_one_by_one(
        self, config: SessionConfig, script: list[ClientEvent], data: st.DataObject
    ) -> None:
        config = msgspec.structs.replace(config, input_format=AudioFormat.PCM16)
        sign = data.draw(signs)
        prompt, slow = Driver(config, sign=sign), Driver(config, hold_scores=True, hold_judgements=True)
        for event in script:
            prompt.send(event)
        for event in script:
            slow.send(event)
            for _ in range(data.draw(st.integers(0, 3))):
                if slow.unscored_windows:
                    slow.deliver_scores(data.draw(st.integers(1, 5)))
                if slow.unjudged_pauses and data.draw(st.booleans()):
                    slow.judge(sign)
        while slow.unscored_windows or slow.unjudged_pauses:
            if slow.unjudged_pauses:
                slow.judge(sign)
            else:
                slow.deliver_scores(data.draw(st.sampled_from([1, 2, 7, None])))
        assert told(slow) == told(prompt)

    @given(config=configs, script=steps, data=st.data())
    @settings(max_examples=150)
    def test_scores_at_once_or_when_the_tape_wakes(
        self, config: SessionConfig, script: list[ClientEvent], data: st.DataObject
    ) -> None:
        """The runtime does it so; what clients are told then is the same, and comes of the same window."""
        config = msgspec.structs.replace(config, input_format=AudioFormat.PCM16)
        sign = data.draw(signs)
        scores = data.draw(st.lists(st.sampled_from([0.0, 0.2, 0.36, 0.5, 0.9]), min_size=20, max_size=60))

        def driver(*, as_served: bool) -> Driver:
            following = cycle(scores)
            return Driver(config, sign=sign, as_served=as_served, score=lambda window: next(following))

        prompt, served = driver(as_served=False), driver(as_served=True)
        for event in script:
            prompt.send(event)
            served.send(event)
            assert [each for each in served.outputs if isinstance(each, ServerEvent)] == told(prompt)[0]
            assert served.session.backlog_ms == 0, "what is scored holds nobody up"
        served.pull()
        assert told(served) == told(prompt)
        assert served.session.tape.start == prompt.session.tape.start
        assert served.replay() == served.outputs

    @given(config=configs, script=steps, data=st.data())
    @settings(max_examples=150)
    def test_one_append_or_many(self, config: SessionConfig, script: list[ClientEvent], data: st.DataObject) -> None:
        config = msgspec.structs.replace(config, input_format=AudioFormat.PCM16)
        sign = data.draw(signs)
        whole, cut = Driver(config, sign=sign), Driver(config, sign=sign)
        for event in script:
            whole.send(event)
            pieces: list[ClientEvent] = [event]
            if isinstance(event, AppendAudio):
                size = 2 * data.draw(st.sampled_from([1, 7, 240, 767, 768, 2400, 50_000]))
                # A sample at a time is worth trying on little audio only.
                size = max(size, len(event.audio) // 50 // 2 * 2)
                chunks = [event.audio[start : start + size] for start in range(0, len(event.audio), size)]
                pieces = [AppendAudio(audio=chunk) for chunk in chunks]
            for piece in pieces:
                cut.send(piece)
        assert told(cut) == told(whole)


def test_the_machine_reaches_what_it_is_meant_to() -> None:
    """A guard against a machine that tests nothing: one plain conversation passes through its parts."""
    machine = AnySession()
    machine.start(config=SessionConfig(model="scripted"), strict=False, answer_empty=True, reports=False)
    machine.client(AppendAudio(audio=speech(640) + silence(640)), origin=1)
    machine.scores(count=None)
    assert machine.hearing
    assert machine.driver.all(SpeechStarted)
    assert machine.driver.all(ItemAdded)
    machine.teardown()
    assert not machine.hearing
