"""The shared speech detection: order, fairness, epochs, failures, and when a pass runs."""

import asyncio
import wave
from collections.abc import AsyncIterator, Callable, Sequence
from math import inf
from pathlib import Path

import numpy as np
import pytest
from detectors import KERNELS, make_detector
from hypothesis import given, settings
from hypothesis import strategies as st

from voxwire.audio.convert import from_pcm, to_pcm
from voxwire.audio.pcm import AudioFormat
from voxwire.audio.resample import Resampler
from voxwire.audio.tape import NEVER, Tape
from voxwire.audio.tapes import new_tape
from voxwire.errors import EngineError
from voxwire.interfaces.vad import VadEngine
from voxwire.runtime.vad_batcher import VadBatcher
from voxwire.testing.fake_vad import FakeVad

PCM, ULAW, _ = AudioFormat
FOREVER = 3600.0


class Counter:
    """The memory of one conversation: how many windows it has seen."""

    def __init__(self) -> None:
        self.seen = 0


class CountingEngine(FakeVad):
    """Scores a window by its place in its state's stream: 1, 2, 3; remembers the size of every batch."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[list[Counter]] = []

    def new_state(self) -> Counter:
        return Counter()

    def score(self, states: Sequence[Counter], windows: Sequence[bytes]) -> list[float]:
        if self.failing:
            raise self.failing
        assert all(len(window) == 1024 for window in windows)
        self.batches.append(list(states))
        scores = []
        for state in states:
            state.seen += 1
            scores.append(float(state.seen))
        return scores


class Owner:
    """A conversation with a tape and a lane, and all it was told; every score wakes it. `on_wake` takes the place of
    listening."""

    def __init__(self, batcher: VadBatcher, on_wake: Callable[[], None] | None = None) -> None:
        self.heard: list[tuple[int, tuple[float, ...]]] = []
        self.errors: list[Exception] = []
        self.tape = new_tape(PCM)
        self.lane = batcher.open(self.tape, on_wake or self.listen, self.errors.append)

    def listen(self) -> None:
        scores = []
        while (score := self.tape.follow()) is not None:
            scores.append(score)
        self.heard.append((self.tape.epoch, tuple(scores)))

    def push(self, windows: int, epoch: int = 1, format: AudioFormat = PCM) -> None:
        self.say(bytes(windows * format.window_bytes), epoch, format)

    def say(self, audio: bytes, epoch: int = 1, format: AudioFormat = PCM) -> None:
        if epoch != self.tape.epoch:
            if format is not self.tape.format:
                self.tape.change_format(format)
            self.tape.begin(epoch)
        self.tape.append(audio)
        self.lane.queue()

    def scores(self, epoch: int = 1) -> list[float]:
        return [score for its_epoch, scores in self.heard if its_epoch == epoch for score in scores]


async def turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def resting(engine: CountingEngine) -> VadBatcher:
    """Any pass is followed by a rest that no test lives to see the end of."""
    return VadBatcher(engine, max_batch=4, gather_s=FOREVER, busy_share=1e-12)


@pytest.fixture
def engine() -> CountingEngine:
    return CountingEngine()


@pytest.fixture
async def batcher(engine: CountingEngine) -> AsyncIterator[VadBatcher]:
    """Gathers for no time, so that every pass is due on the next turn."""
    batcher = VadBatcher(engine, max_batch=8, gather_s=0)
    yield batcher
    batcher.close()


class TestOrder:
    async def test_the_windows_of_a_frame_come_back_together(self, batcher: VadBatcher) -> None:
        owner = Owner(batcher)
        owner.push(3)
        assert owner.heard == []
        await turns(2)
        assert owner.heard == [(1, (1.0, 2.0, 3.0))]

    async def test_a_large_append_is_scored_in_order_one_batch_a_turn(
        self, batcher: VadBatcher, engine: CountingEngine
    ) -> None:
        owner = Owner(batcher)
        owner.push(100)
        for passes in range(1, 14):
            await turns(1)
            assert len(engine.batches) == passes
        assert {len(batch) for batch in engine.batches[:-1]} == {8}
        assert owner.scores() == list(range(1, 101))

    async def test_formats_share_one_batch(self, batcher: VadBatcher, engine: CountingEngine) -> None:
        owners = [Owner(batcher) for _ in AudioFormat]
        for owner, format in zip(owners, AudioFormat, strict=True):
            owner.push(2, format=format)
        await turns(2)
        assert [len(batch) for batch in engine.batches] == [6]
        assert [owner.heard for owner in owners] == [[(1, (1.0, 2.0))]] * 3


class TestFairness:
    async def test_a_large_append_delays_nobody(self, batcher: VadBatcher, engine: CountingEngine) -> None:
        greedy, modest = Owner(batcher), Owner(batcher)
        greedy.push(1_000)
        await turns(3)
        modest.push(1)
        passes = len(engine.batches)
        await turns(2)
        assert modest.scores() == [1.0]
        assert len(engine.batches) <= passes + 2

    async def test_lanes_share_a_pass_window_by_window(self, batcher: VadBatcher, engine: CountingEngine) -> None:
        owners = [Owner(batcher) for _ in range(3)]
        for owner in owners:
            owner.push(40)
        await turns(7)
        assert len(engine.batches) == 7
        for batch in engine.batches:
            assert [batch.count(state) for state in set(batch)] == [2, 2, 2]  # a third round would not fit

    async def test_more_lanes_than_fit_take_turns(self, batcher: VadBatcher, engine: CountingEngine) -> None:
        owners = [Owner(batcher) for _ in range(12)]
        for owner in owners:
            owner.push(4)
        await turns(7)
        assert [len(batch) for batch in engine.batches] == [8] * 6
        assert all(len(set(batch)) == 8 for batch in engine.batches)
        assert [owner.scores() for owner in owners] == [[1.0, 2.0, 3.0, 4.0]] * 12

    @settings(max_examples=40)
    @given(
        steps=st.lists(
            st.one_of(
                st.tuples(st.just("push"), st.integers(0, 4), st.integers(1, 12)),
                st.tuples(st.just("epoch"), st.integers(0, 4), st.integers(1, 12)),
                st.tuples(st.just("close"), st.integers(0, 4), st.just(0)),
                st.tuples(st.just("turn"), st.just(0), st.integers(1, 3)),
            ),
            max_size=40,
        )
    )
    def test_any_course_of_things(self, steps: list[tuple[str, int, int]]) -> None:
        """Every window of an epoch that lives to the end is scored once, in order; none after a close."""

        async def course() -> None:
            engine = CountingEngine()
            batcher = VadBatcher(engine, max_batch=8, gather_s=0)
            owners = [Owner(batcher) for _ in range(5)]
            epochs, pushed, closed = [1] * 5, [0] * 5, {}
            for step, who, count in steps:
                if step == "turn":
                    await turns(count)
                    continue
                if step == "close":
                    owners[who].lane.close()
                    closed.setdefault(who, len(owners[who].heard))
                    continue
                if step == "epoch":
                    epochs[who], pushed[who] = epochs[who] + 1, 0
                owners[who].push(count, epochs[who])
                pushed[who] += count
            await turns(100)
            for who, owner in enumerate(owners):
                if who in closed:
                    assert len(owner.heard) == closed[who]
                else:
                    assert owner.scores(epochs[who]) == list(range(1, pushed[who] + 1))
                for epoch in range(1, epochs[who]):
                    assert owner.scores(epoch) == list(range(1, len(owner.scores(epoch)) + 1))
                assert [epoch for epoch, _ in owner.heard] == sorted(epoch for epoch, _ in owner.heard)
            assert all(len(batch) <= 8 for batch in engine.batches)
            batcher.close()

        asyncio.run(course())


class TestEpochs:
    async def test_a_new_epoch_drops_what_is_not_scored_and_forgets(self, batcher: VadBatcher) -> None:
        owner = Owner(batcher)
        owner.push(20)
        await turns(2)
        assert owner.scores() == list(range(1, len(owner.scores()) + 1)) != []
        already = len(owner.scores())
        owner.push(2, epoch=2)
        await turns(6)
        assert len(owner.scores()) == already < 20
        assert owner.scores(epoch=2) == [1.0, 2.0]

    async def test_a_new_epoch_may_change_the_format(self, batcher: VadBatcher) -> None:
        owner = Owner(batcher)
        owner.push(1)
        owner.push(1, epoch=2, format=ULAW)
        await turns(2)
        assert owner.heard == [(2, (1.0,))]

    async def test_no_audio_no_scores(self, batcher: VadBatcher, engine: CountingEngine) -> None:
        owner = Owner(batcher)
        owner.push(0)
        await turns(3)
        assert owner.heard == []
        assert engine.batches == []

    async def test_a_callback_may_begin_an_epoch_anywhere(self, batcher: VadBatcher) -> None:
        """Scores of the pass under way that belong to the old epoch are not handed out any more."""

        def renew() -> None:
            if first.tape.epoch == 1:
                first.push(1, epoch=2)
                second.push(2, epoch=2)

        first = Owner(batcher, renew)
        second = Owner(batcher)
        first.push(1)
        second.push(1)
        await turns(4)
        assert second.heard == [(2, (1.0, 2.0))]


class TestWaking:
    async def test_scores_that_change_nothing_wake_nobody(self, batcher: VadBatcher) -> None:
        owner = Owner(batcher)
        owner.tape.expect(-inf, 3.0, NEVER, -1)
        owner.push(2)
        await turns(2)
        assert owner.heard == []
        assert owner.tape.scores == (1.0, 2.0)
        owner.push(1)
        await turns(2)
        assert owner.heard == [(1, (1.0, 2.0, 3.0))]

    async def test_one_that_does_is_told_in_its_pass_though_more_windows_wait(
        self, batcher: VadBatcher, engine: CountingEngine
    ) -> None:
        owner = Owner(batcher)
        owner.tape.expect(-inf, 6.0, NEVER, -1)
        owner.push(10)
        await turns(1)
        assert [len(batch) for batch in engine.batches] == [8]
        assert owner.heard == [(1, (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0))]

    async def test_who_watches_the_backlog_is_woken_by_every_pass(self, batcher: VadBatcher) -> None:
        owner = Owner(batcher)
        owner.tape.expect(-inf, inf, NEVER, -1)
        owner.lane.watched = True
        owner.push(10)
        await turns(3)
        assert [len(scores) for _, scores in owner.heard] == [8, 2]
        owner.lane.watched = False
        owner.push(1)
        await turns(2)
        assert len(owner.heard) == 2


class TestHolding:
    async def test_a_tape_that_is_held_is_not_touched(self, batcher: VadBatcher, engine: CountingEngine) -> None:
        owner, other = Owner(batcher), Owner(batcher)
        owner.push(3)
        owner.lane.hold()
        owner.push(1)
        other.push(1)
        await turns(3)
        assert (owner.tape.ready, owner.heard, other.scores()) == (4, [], [1.0])
        passes = len(engine.batches)
        await turns(5)
        assert len(engine.batches) == passes
        owner.lane.release()
        await turns(2)
        assert owner.scores() == [1.0, 2.0, 3.0, 4.0]


class ReadingEngine(CountingEngine):
    """Reads tapes by itself."""

    def __init__(self, tapes: type[Tape]) -> None:
        super().__init__()
        self.tapes = tapes
        self.passes: list[list[int]] = []

    def score_tapes(self, states: Sequence[Counter], tapes: Sequence[Tape], counts: Sequence[int]) -> None:
        if self.failing:
            raise self.failing
        self.passes.append(list(counts))
        for state, tape, count in zip(states, tapes, counts, strict=True):
            for _ in range(count):
                tape.cut()
                state.seen += 1
                tape.put(float(state.seen))


class TestEnginesThatReadTapes:
    async def test_they_are_asked_once_a_pass(self) -> None:
        engine = ReadingEngine(new_tape)
        batcher = VadBatcher(engine, gather_s=0)
        owners = [Owner(batcher) for _ in range(30)]
        for windows, owner in enumerate(owners, 1):
            owner.push(1 + windows % 3, epoch=1)
        await turns(3)
        assert engine.batches == []
        assert [sum(counts) for counts in engine.passes] == [60]  # 30 first windows, 20 second ones, 10 third ones
        assert [owner.scores() for owner in owners] == [[1.0, 2.0, 3.0][: 1 + n % 3] for n in range(1, 31)]
        owners[0].push(1, epoch=2)
        await turns(2)
        assert owners[0].scores(epoch=2) == [1.0]
        batcher.close()

    async def test_their_passes_are_bounded(self) -> None:
        engine = ReadingEngine(new_tape)
        batcher = VadBatcher(engine, gather_s=0)
        owner = Owner(batcher)
        owner.push(200)
        await turns(5)
        assert engine.passes == [[64], [64], [64], [8]]
        batcher.close()

    async def test_tapes_that_they_cannot_read_are_cut_for_them(self) -> None:
        engine = ReadingEngine(type("OtherTape", (Tape,), {}))
        batcher = VadBatcher(engine, gather_s=0)
        owner = Owner(batcher)
        owner.push(2)
        await turns(2)
        assert engine.passes == []
        assert owner.scores() == [1.0, 2.0]
        batcher.close()

    async def test_their_failure_is_that_of_the_whole_batch(self) -> None:
        engine = ReadingEngine(new_tape)
        engine.failing = RuntimeError("broken")
        batcher = VadBatcher(engine, gather_s=0)
        owners = [Owner(batcher) for _ in range(2)]
        for owner in owners:
            owner.push(1)
        await turns(2)
        assert [type(error) for owner in owners for error in owner.errors] == [EngineError] * 2
        batcher.close()


class TestClosing:
    async def test_a_closed_lane_hears_nothing_and_takes_nothing(
        self, batcher: VadBatcher, engine: CountingEngine
    ) -> None:
        owner = Owner(batcher)
        owner.push(3)
        owner.lane.close()
        owner.lane.close()
        owner.push(3)
        await turns(3)
        assert owner.heard == []
        assert engine.batches == []

    async def test_a_callback_may_close_another_lane(self, batcher: VadBatcher) -> None:
        killer = Owner(batcher, lambda: owner.lane.close())
        owner = Owner(batcher)
        killer.push(1)
        owner.push(1)
        await turns(2)
        assert owner.heard == []

    async def test_closing_the_batcher_leaves_nothing_behind(self, engine: CountingEngine) -> None:
        batcher = VadBatcher(engine)
        owner = Owner(batcher)
        owner.push(1)
        batcher.close()
        batcher.close()
        await turns(3)
        assert engine.batches == []
        assert asyncio.all_tasks() == {asyncio.current_task()}


class TestFailures:
    async def test_an_engine_failure_reaches_every_lane_of_the_batch(
        self, batcher: VadBatcher, engine: CountingEngine
    ) -> None:
        owners = [Owner(batcher) for _ in range(3)]
        engine.failing = RuntimeError("broken")
        for owner in owners[:2]:
            owner.push(10)
        await turns(3)
        for owner in owners[:2]:
            [error] = owner.errors
            assert isinstance(error, EngineError)
            assert (error.stage, error.code) == ("vad", "vad_failed")
            assert error.__cause__ is engine.failing
        engine.failing = None
        for owner in owners:
            owner.push(1)
        await turns(3)
        assert [owner.scores() for owner in owners] == [[], [], [1.0]]
        assert owners[2].errors == []

    async def test_an_engine_that_loses_a_score_has_failed(self, batcher: VadBatcher, engine: CountingEngine) -> None:
        engine.score = lambda states, windows: [0.0] * (len(windows) - 1)  # type: ignore[method-assign]
        owner = Owner(batcher)
        owner.push(2)
        await turns(2)
        assert [type(error) for error in owner.errors] == [EngineError]

    async def test_a_failing_owner_harms_only_itself(self, batcher: VadBatcher) -> None:
        def raise_it() -> None:
            raise LookupError("mine")

        clumsy, careful = Owner(batcher, raise_it), Owner(batcher)
        clumsy.push(1)
        careful.push(1)
        await turns(2)
        assert [type(error) for error in clumsy.errors] == [LookupError]
        assert careful.scores() == [1.0]

    async def test_without_a_handler_the_loop_is_told(self, batcher: VadBatcher, engine: CountingEngine) -> None:
        told: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
        engine.failing = RuntimeError("broken")
        owner = Owner(batcher)
        owner.lane = batcher.open(owner.tape, owner.listen)
        owner.push(1)
        await turns(2)
        assert [type(context["exception"]) for context in told] == [EngineError]

    async def test_the_error_of_an_owner_that_closed_first_is_not_lost(self, batcher: VadBatcher) -> None:
        told: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))

        def close_and_raise() -> None:
            owner.lane.close()
            raise LookupError("mine")

        owner = Owner(batcher, close_and_raise)
        owner.push(1)
        await turns(2)
        assert owner.errors == []
        assert [type(context["exception"]) for context in told] == [LookupError]


class TestGathering:
    """With rests of an hour or of no time at all nothing here depends on how fast the machine is."""

    async def test_the_first_window_waits_for_nothing_the_next_gathers(self, engine: CountingEngine) -> None:
        batcher = resting(engine)
        owners = [Owner(batcher) for _ in range(4)]
        owners[0].push(1)
        await turns(2)
        assert [len(batch) for batch in engine.batches] == [1]
        for owner in owners:
            owner.push(1)
        await turns(5)
        assert [len(batch) for batch in engine.batches] == [1]
        batcher.close()

    async def test_half_a_pass_goes_on_at_once_and_less_waits(self, engine: CountingEngine) -> None:
        batcher = resting(engine)
        owner = Owner(batcher)
        owner.push(11)
        await turns(6)
        assert [len(batch) for batch in engine.batches] == [4, 4, 3]
        owner.push(5)
        await turns(6)
        assert len(engine.batches) == 3
        batcher.close()

    async def test_a_remainder_that_is_too_small_waits_for_company(self, engine: CountingEngine) -> None:
        batcher = resting(engine)
        owners = [Owner(batcher) for _ in range(3)]
        for owner, windows in zip(owners, (2, 1, 1), strict=True):
            owner.push(windows)
        await turns(6)
        assert [len(batch) for batch in engine.batches] == [4]
        batcher.close()

    async def test_what_is_left_over_is_scored_after_the_rest(self) -> None:
        engine = CountingEngine()
        batcher = VadBatcher(engine, max_batch=4, gather_s=0.001)
        owner = Owner(batcher)
        owner.push(5)
        async with asyncio.timeout(10):
            while len(owner.scores()) < 5:  # noqa: ASYNC110 - the batcher tells nobody
                await asyncio.sleep(0.001)
        assert [len(batch) for batch in engine.batches] == [4, 1]
        batcher.close()

    async def test_gathering_ends(self, engine: CountingEngine) -> None:
        batcher = VadBatcher(engine)
        done = asyncio.Event()
        owner = Owner(batcher, done.set)
        for _ in range(3):
            owner.push(1)
            async with asyncio.timeout(10):
                await done.wait()
            done.clear()
        assert [len(batch) for batch in engine.batches] == [1, 1, 1]
        batcher.close()


@pytest.fixture(params=KERNELS)
def silero(request: pytest.FixtureRequest) -> VadEngine:
    """Made before there is a loop, as a server makes it: it reads its weights from a file."""
    return make_detector(request.param)


@pytest.mark.parametrize("format", AudioFormat)
async def test_speech_scores_as_if_it_were_alone(silero: VadEngine, format: AudioFormat) -> None:
    """The whole way, in uneven pushes beside a noisy neighbour: the same scores as one long stream."""
    with wave.open(str(Path(__file__).parents[1] / "fixtures" / "what_time_is_it_24k.wav")) as file:
        question = file.readframes(file.getnframes())
    wire = from_pcm(Resampler(24_000, format.rate).push(question), format)
    count = len(wire) // format.window_bytes
    wire = wire[: count * format.window_bytes]

    speech = Resampler(format.rate, 16_000).push(to_pcm(wire, format))
    state = silero.new_state()
    expected = [silero.score([state], [speech[1024 * n : 1024 * n + 1024]])[0] for n in range(count)]

    batcher = VadBatcher(silero, gather_s=0)
    owner, neighbour = Owner(batcher), Owner(batcher)
    noise = np.random.default_rng(0).integers(-9_000, 9_000, 768 * 3, dtype="<i2").tobytes()
    sent = 0
    while sent < count:
        windows = 1 + sent % 5
        owner.say(wire[sent * format.window_bytes : (sent + windows) * format.window_bytes], 1, format)
        neighbour.say(noise)
        sent += windows
        await turns(sent % 3)
    await turns(20)
    assert max(expected) > 0.9
    assert owner.scores() == pytest.approx(expected, abs=0.02)
    batcher.close()


async def test_of_the_passes_of_a_tenth_of_a_second_the_longest_wait_is_told(
    engine: CountingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, told = 100.0, list[float]()
    monkeypatch.setattr("voxwire.runtime.vad_batcher.perf_counter", lambda: now)
    batcher = VadBatcher(engine, gather_s=0, on_lag=told.append)
    owner = Owner(batcher)
    for wait_s in (0.01, 0.04, 0.02, 0.03, 0.02):
        owner.push(1)
        now += wait_s
        await turns(3)
    batcher.close()
    assert len(engine.batches) == 5
    assert told == pytest.approx([0.01, 0.04])
