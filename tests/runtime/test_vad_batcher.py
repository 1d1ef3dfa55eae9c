"""The shared speech detection: order, fairness, epochs, failures, and when a pass runs."""

import asyncio
import wave
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voxwire.audio.convert import from_pcm, to_pcm
from voxwire.audio.pcm import AudioFormat
from voxwire.audio.resample import Resampler
from voxwire.engines.vad.silero import SileroVad
from voxwire.errors import EngineError, InvariantError
from voxwire.runtime.vad_batcher import Lane, VadBatcher
from voxwire.testing.fake_vad import FakeVad

PCM, ULAW, ALAW = AudioFormat
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
    """A conversation with a lane, and all it was told."""

    def __init__(self, batcher: VadBatcher) -> None:
        self.heard: list[tuple[int, tuple[float, ...]]] = []
        self.errors: list[Exception] = []
        self.lane = batcher.open(self.on_scores, self.errors.append)

    def on_scores(self, epoch: int, scores: tuple[float, ...]) -> None:
        self.heard.append((epoch, scores))

    def push(self, windows: int, epoch: int = 1, format: AudioFormat = PCM) -> None:
        self.lane.push(epoch, bytes(windows * format.window_bytes), format)

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

    async def test_a_format_belongs_to_its_epoch(self, batcher: VadBatcher) -> None:
        owner = Owner(batcher)
        owner.push(1)
        with pytest.raises(InvariantError, match=r"format of epoch 1: expected audio/pcm, got audio/pcma"):
            owner.push(1, format=ALAW)

    async def test_only_whole_windows(self, batcher: VadBatcher) -> None:
        owner = Owner(batcher)
        with pytest.raises(InvariantError, match="expected whole windows of 1536 bytes, got 1538 bytes"):
            owner.lane.push(1, bytes(1538), PCM)

    async def test_no_audio_no_scores(self, batcher: VadBatcher, engine: CountingEngine) -> None:
        owner = Owner(batcher)
        owner.push(0)
        await turns(3)
        assert owner.heard == []
        assert engine.batches == []

    async def test_a_callback_may_begin_an_epoch_anywhere(self, batcher: VadBatcher) -> None:
        """Scores of the pass under way that belong to the old epoch are not handed out any more."""
        first, second = Owner(batcher), Owner(batcher)
        renewed = False

        def renew(epoch: int, scores: tuple[float, ...]) -> None:
            nonlocal renewed
            if not renewed:
                renewed = True
                first.push(1, epoch=2)
                second.push(2, epoch=2)

        first.lane = batcher.open(renew)
        first.push(1)
        second.push(1)
        await turns(4)
        assert second.heard == [(2, (1.0, 2.0))]


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
        victim: Lane | None = None

        def close_victim(epoch: int, scores: tuple[float, ...]) -> None:
            assert victim is not None
            victim.close()

        killer, owner = batcher.open(close_victim), Owner(batcher)
        victim = owner.lane
        killer.push(1, bytes(PCM.window_bytes), PCM)
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
        def raise_it(epoch: int, scores: tuple[float, ...]) -> None:
            raise LookupError("mine")

        errors: list[Exception] = []
        clumsy, careful = batcher.open(raise_it, errors.append), Owner(batcher)
        clumsy.push(1, bytes(PCM.window_bytes), PCM)
        careful.push(1)
        await turns(2)
        assert [type(error) for error in errors] == [LookupError]
        assert careful.scores() == [1.0]

    async def test_without_a_handler_the_loop_is_told(self, batcher: VadBatcher, engine: CountingEngine) -> None:
        told: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
        engine.failing = RuntimeError("broken")
        batcher.open(lambda epoch, scores: None).push(1, bytes(PCM.window_bytes), PCM)
        await turns(2)
        assert [type(context["exception"]) for context in told] == [EngineError]

    async def test_the_error_of_an_owner_that_closed_first_is_not_lost(self, batcher: VadBatcher) -> None:
        told: list[dict[str, object]] = []
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))

        def close_and_raise(epoch: int, scores: tuple[float, ...]) -> None:
            lane.close()
            raise LookupError("mine")

        errors: list[Exception] = []
        lane = batcher.open(close_and_raise, errors.append)
        lane.push(1, bytes(PCM.window_bytes), PCM)
        await turns(2)
        assert errors == []
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
        lane = batcher.open(lambda epoch, scores: done.set())
        for _ in range(3):
            lane.push(1, bytes(PCM.window_bytes), PCM)
            async with asyncio.timeout(10):
                await done.wait()
            done.clear()
        assert [len(batch) for batch in engine.batches] == [1, 1, 1]
        batcher.close()


@pytest.fixture
def silero() -> SileroVad:
    """Made before there is a loop, as a server makes it: it reads its weights from a file."""
    return SileroVad()


@pytest.mark.parametrize("format", AudioFormat)
async def test_speech_scores_as_if_it_were_alone(silero: SileroVad, format: AudioFormat) -> None:
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
        owner.lane.push(1, wire[sent * format.window_bytes : (sent + windows) * format.window_bytes], format)
        neighbour.lane.push(1, noise, PCM)
        sent += windows
        await turns(sent % 3)
    await turns(20)
    assert max(expected) > 0.9
    assert owner.scores() == pytest.approx(expected, abs=0.02)
    batcher.close()
