"""The audio of a session and its windows, over each implementation (protocol: turns, Audio time; docs/architecture.md,
invariant 7)."""

import subprocess
import sys
from itertools import takewhile
from math import inf, nan
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from voxwire.audio import tapes
from voxwire.audio.convert import from_pcm
from voxwire.audio.pcm import AudioFormat
from voxwire.audio.tape import HISTORY_TICKS, NEVER, TICKS_PER_MS, WINDOW_TICKS, Tape, to_ms
from voxwire.audio.tapes import KNOWN_INTERFACE, TAPES, new_tape
from voxwire.audio.windows import WindowResampler

PCM, ULAW, ALAW = AudioFormat
EVERY = (0.0, 0.0, 1, -1)
HOLD = (-inf, inf, NEVER, -1)


@pytest.fixture(params=sorted(TAPES))
def kind(request: pytest.FixtureRequest) -> type[Tape]:
    """Each implementation that is installed."""
    return TAPES[request.param]


def varied(size: int, seed: int = 0) -> bytes:
    """Bytes of which no two stretches are alike."""
    return bytes((seed + 7 * at + at // 251) % 256 for at in range(size))


def watched(kind: type[Tape], format: AudioFormat = PCM) -> Tape:
    tape = kind(format)
    tape.begin(1)
    return tape


def score(tape: Tape, *scores: float) -> None:
    """Cut as many windows, and put these scores."""
    for each in scores:
        tape.cut()
        tape.put(each)


def windows(count: int, format: AudioFormat = PCM) -> bytes:
    return varied(count * format.window_bytes)


def test_sessions_use_the_native_one_where_it_is() -> None:
    assert new_tape is TAPES.get("native", Tape)
    assert TAPES["python"] is Tape


@pytest.mark.parametrize("package", [None, SimpleNamespace(INTERFACE=0)])
def test_without_the_package_or_with_one_of_another_time_it_is_the_one_in_python(
    package: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "voxwire_speedups", package)
    assert tapes._native() is None
    monkeypatch.setitem(sys.modules, "voxwire_speedups", SimpleNamespace(INTERFACE=KNOWN_INTERFACE, Tape=dict))
    assert tapes._native() is dict


class TestClock:
    @pytest.mark.parametrize(("format", "size"), [(PCM, 48), (ULAW, 8), (ALAW, 8)])
    def test_a_millisecond_has_24_ticks_in_every_format(self, kind: type[Tape], format: AudioFormat, size: int) -> None:
        tape = kind(format)
        tape.append(bytes(size * 10))
        assert tape.end == 10 * TICKS_PER_MS
        assert tape.size == size * 10
        assert to_ms(tape.end) == 10

    def test_the_clock_goes_on_after_a_commit_a_clear_and_a_change_of_format(self, kind: type[Tape]) -> None:
        tape = kind(PCM)
        tape.append(bytes(480))
        tape.commit(0, 5 * TICKS_PER_MS)
        tape.clear()
        tape.append(bytes(48))
        tape.change_format(ULAW)
        assert tape.format is ULAW
        tape.append(bytes(16))
        assert to_ms(tape.end) == 13
        assert (tape.committed, tape.cleared, tape.discarded) == (120, 120, 24)
        assert tape.start == 120 + 120 + 24

    def test_half_a_sample_is_refused(self, kind: type[Tape]) -> None:
        tape = kind(PCM)
        with pytest.raises(ValueError, match="3 bytes are not a whole number of samples"):
            tape.append(bytes(3))
        assert (tape.end, tape.size) == (0, 0)
        assert kind(ULAW).append(bytes(3)) == 0


class TestCommit:
    def test_takes_the_audio_between_two_ticks(self, kind: type[Tape]) -> None:
        tape = kind(ULAW)
        tape.append(bytes(range(16)))
        assert tape.commit(3 * 2, 3 * 5) == bytes([2, 3, 4])
        assert (tape.discarded, tape.committed, tape.size) == (6, 9, 11)
        assert tape.read(tape.start, tape.end) == bytes(range(5, 16))

    @pytest.mark.parametrize("epoch", [0, 1])
    @pytest.mark.parametrize("seconds", [1, 60])
    def test_everything_is_taken_whatever_its_size(self, kind: type[Tape], seconds: int, epoch: int) -> None:
        """A large buffer is handed over as it is."""
        tape, audio = kind(PCM), bytes(range(240)) * (200 * seconds)
        tape.begin(epoch)
        tape.append(audio)
        clip = tape.commit(0, tape.end)
        assert clip == audio
        tape.append(bytes(480))
        assert clip == audio
        assert (tape.committed, tape.size) == (seconds * 1000 * TICKS_PER_MS, 480)
        assert tape.end == tape.committed + 10 * TICKS_PER_MS

    def test_what_lies_before_a_large_one_is_discarded(self, kind: type[Tape]) -> None:
        tape, audio = kind(PCM), varied(2 * 1024 * 1024)
        tape.append(audio)
        assert tape.commit(100, tape.end) == audio[200:]
        assert (tape.discarded, tape.size) == (100, 0)

    @pytest.mark.parametrize("start", [1, 40, 1000, 5 * WINDOW_TICKS])
    def test_windows_that_were_not_cut_outlive_a_large_one(self, kind: type[Tape], start: int) -> None:
        """What is committed begins after them: they are kept, and so is what the commit has taken."""
        tape, audio = watched(kind), varied(2 * 1024 * 1024)
        tape.append(audio)
        assert tape.commit(start, tape.end) == audio[2 * start :]
        heard = bytes(2 * 47) + audio
        assert [tape.cut() for _ in range(8)] == [heard[1536 * at :][: 1536 + 2 * 47] for at in range(8)]

    def test_an_empty_stretch_is_empty(self, kind: type[Tape]) -> None:
        tape = kind(PCM)
        assert tape.commit(0, 0) == b""

    @pytest.mark.parametrize(("start", "end"), [(9, 30), (12, 51), (30, 27)])
    def test_only_what_is_buffered(self, kind: type[Tape], start: int, end: int) -> None:
        tape = kind(ULAW)
        tape.append(bytes(16))
        tape.discard_before(12)
        with pytest.raises(ValueError, match=f"ticks {start} to {end} of 12 to 48"):
            tape.read(start, end)
        with pytest.raises(ValueError, match=f"ticks {start} to {end} of 12 to 48"):
            tape.commit(start, end)
        assert (tape.start, tape.committed, tape.discarded) == (12, 0, 12)


class TestTicksWithinASample:
    """A tick within a sample of G.711 stands for the beginning of the sample, as every other tick does."""

    @pytest.mark.parametrize(("start", "end"), [(0, 2), (1, 3), (2, 4), (1, 24), (4, 5), (5, 6), (23, 24)])
    def test_both_ends(self, kind: type[Tape], start: int, end: int) -> None:
        for take in ("read", "commit"):
            tape = kind(ULAW)
            tape.append(bytes(range(8)))
            assert getattr(tape, take)(start, end) == bytes(range(start // 3, end // 3))


class TestDiscard:
    def test_forgets_what_lies_before(self, kind: type[Tape]) -> None:
        tape = kind(ULAW)
        tape.append(bytes(range(8)))
        tape.discard_before(9)
        assert tape.read(9, tape.end) == bytes(range(3, 8))
        assert tape.discarded == 9

    def test_a_tick_already_gone_changes_nothing(self, kind: type[Tape]) -> None:
        tape = kind(ULAW)
        tape.append(bytes(8))
        tape.clear()
        tape.discard_before(3)
        assert (tape.start, tape.discarded) == (24, 0)

    def test_what_has_not_come_cannot_be_forgotten(self, kind: type[Tape]) -> None:
        with pytest.raises(ValueError, match="tick 1 of 0 to 0"):
            kind(PCM).discard_before(1)


class TestWindows:
    @pytest.mark.parametrize("format", AudioFormat)
    def test_the_history_is_what_the_filter_reads(self, kind: type[Tape], format: AudioFormat) -> None:
        resampler = WindowResampler(format)
        assert HISTORY_TICKS[format] * format.bytes_per_ms // TICKS_PER_MS == resampler.history_bytes
        tape = watched(kind, format)
        audio = windows(3, format)
        assert tape.append(audio) == 3
        stretches = [tape.cut() for _ in range(3)]
        whole = resampler.silence + audio
        size = resampler.stretch_bytes
        assert stretches == [whole[at * format.window_bytes :][:size] for at in range(3)]
        assert resampler.silence == from_pcm(bytes(2 * len(resampler.silence) // format.sample_bytes), format)
        assert tape.ready == 0

    def test_without_an_epoch_there_are_none(self, kind: type[Tape]) -> None:
        tape = kind(PCM)
        assert tape.append(windows(3)) == 0
        assert (tape.waiting, tape.ready) == (0, 0)
        tape.begin(1)
        assert (tape.append(bytes(100)), tape.waiting) == (0, 0)
        assert (tape.append(windows(1)), tape.waiting) == (1, 1)
        tape.begin(0)
        assert (tape.append(windows(1)), tape.waiting, tape.epoch) == (0, 0, 0)

    def test_none_is_cut_that_is_not_whole(self, kind: type[Tape]) -> None:
        tape = watched(kind)
        tape.append(bytes(1534))
        with pytest.raises(RuntimeError, match="no window is ready"):
            tape.cut()
        assert tape.append(bytes(2)) == 1

    def test_a_score_needs_a_window(self, kind: type[Tape]) -> None:
        tape = watched(kind)
        tape.append(windows(2))
        tape.cut()
        tape.put(0.5)
        with pytest.raises(RuntimeError, match="no window was cut that has no score"):
            tape.put(0.5)

    def test_the_history_outlives_what_was_discarded(self, kind: type[Tape]) -> None:
        tape, audio = watched(kind), windows(2)
        tape.append(audio)
        score(tape, 0.5)
        tape.follow()
        tape.discard_before(WINDOW_TICKS + 10)
        assert tape.cut() == audio[1536 - 2 * 47 :]
        assert tape.read(tape.start, tape.end) == audio[1536 + 20 :]

    @pytest.mark.parametrize("seconds", [1, 30])
    def test_windows_go_on_from_a_commit_with_the_sound_before_it(self, kind: type[Tape], seconds: int) -> None:
        tape, audio = watched(kind), varied(seconds * 48_000 + 500)
        score(tape, *[0.5] * tape.append(audio))
        assert tape.commit(0, tape.end) == audio
        tape.realign()
        assert (tape.followed, tape.waiting, tape.scores, tape.epoch) == (tape.end, 0, (), 1)
        more = windows(1)
        assert tape.append(more) == 1
        assert tape.cut() == audio[-2 * 47 :] + more

    def test_a_commit_up_to_the_last_window_keeps_the_rest_of_one(self, kind: type[Tape]) -> None:
        tape, audio = watched(kind), varied(2 * 1536 + 100)
        tape.append(audio)
        score(tape, 0.5, 0.5)
        tape.follow()
        tape.follow()
        assert tape.commit(0, tape.followed) == audio[: 2 * 1536]
        assert tape.append(windows(1)) == 1
        assert tape.cut() == audio[2 * 1536 - 2 * 47 :] + windows(1)[: 1536 - 100]

    @pytest.mark.parametrize("how", ["begin", "clear", "format"])
    def test_a_new_epoch_begins_in_silence(self, kind: type[Tape], how: str) -> None:
        tape = watched(kind)
        tape.append(varied(1536 * 3 + 50))
        score(tape, 0.9, 0.8)
        assert tape.wakes
        format = ALAW if how == "format" else PCM
        if how == "clear":
            tape.clear()
        elif how == "format":
            tape.change_format(format)
            assert tape.epoch == 0
        tape.begin(2)
        assert (tape.scores, tape.wakes, tape.ready, tape.waiting, tape.epoch) == ((), False, 0, 0, 2)
        assert tape.follow() is None
        tape.append(windows(1, format))
        resampler = WindowResampler(format)
        assert tape.cut() == resampler.silence + windows(1, format)

    def test_the_history_reaches_back_into_silence_by_a_part(self, kind: type[Tape]) -> None:
        """A commit soon after the epoch has begun: a few samples are there, before them there is silence."""
        tape = watched(kind)
        tape.append(varied(40))
        tape.commit(0, tape.end)
        tape.realign()
        tape.append(windows(1))
        assert tape.cut() == bytes(2 * 47 - 40) + varied(40) + windows(1)


class TestScores:
    def test_they_are_followed_in_order(self, kind: type[Tape]) -> None:
        tape = watched(kind)
        tape.append(windows(3))
        score(tape, 0.1, 0.2)
        assert (tape.scores, tape.waiting, tape.ready, tape.followed) == ((0.1, 0.2), 3, 1, 0)
        tape.cut()
        assert (tape.waiting, tape.unscored, tape.ready) == (3, 1, 0)
        assert tape.follow() == 0.1
        assert (tape.scores, tape.waiting, tape.followed) == ((0.2,), 2, WINDOW_TICKS)
        assert tape.follow() == 0.2
        assert tape.follow() is None
        assert (tape.waiting, tape.followed) == (1, 2 * WINDOW_TICKS)

    def test_every_one_wakes_unless_something_else_is_said(self, kind: type[Tape]) -> None:
        tape = watched(kind)
        tape.append(windows(2))
        assert not tape.wakes
        score(tape, 0.0)
        assert tape.wakes
        tape.follow()
        assert not tape.wakes

    @pytest.mark.parametrize(
        ("rule", "sleeps", "wakes"),
        [
            ((-inf, 0.5, NEVER, -1), [0.0, -1.0, 0.49999999999999994], [0.5, 0.9, inf, nan]),
            ((0.35, inf, NEVER, -1), [0.36, 0.5, 9.0], [0.35, 0.0, -inf, nan]),
            (HOLD, [0.0, 1.0, -3.0], []),
            (EVERY, [], [-1.0, 0.0, 0.5, 1.0]),
        ],
    )
    def test_scores_that_change_nothing_wake_nobody(
        self, kind: type[Tape], rule: Any, sleeps: list[float], wakes: list[float]
    ) -> None:
        for each in sleeps + wakes:
            tape = watched(kind)
            tape.expect(*rule)
            tape.append(windows(2))
            score(tape, each)
            assert tape.wakes is (each in wakes)
            score(tape, 0.4)
            assert len(tape.scores) == 2

    def test_enough_of_them_wake(self, kind: type[Tape]) -> None:
        tape = watched(kind)
        tape.expect(-inf, 0.5, 3, -1)
        tape.append(windows(5))
        score(tape, 0.1, 0.1)
        assert not tape.wakes
        score(tape, 0.1)
        assert tape.wakes
        tape.follow()
        assert tape.wakes  # until all were followed
        tape.follow()
        tape.follow()
        score(tape, 0.1, 0.1)
        assert not tape.wakes

    @pytest.mark.parametrize(
        ("low", "high", "most", "passed"),
        [(-inf, 0.5, NEVER, 3), (-inf, 0.5, 2, 2), (-inf, 0.5, 0, 0), (0.1, inf, NEVER, 0), (0.0, inf, NEVER, 4)],
    )
    def test_those_that_change_nothing_are_passed_over_at_once(
        self, kind: type[Tape], low: float, high: float, most: int, passed: int
    ) -> None:
        tape = watched(kind)
        tape.append(windows(5))
        score(tape, 0.1, 0.2, 0.1, 0.5, nan)
        assert tape.pass_over(low, high, most) == passed
        assert len(tape.scores) == 5 - passed
        assert tape.followed == passed * WINDOW_TICKS
        assert tape.wakes
        assert tape.pass_over(low, high, 0) == 0
        assert tape.pass_over(nan, nan, NEVER) == 0

    def test_where_all_are_passed_over_nothing_wakes_any_more(self, kind: type[Tape]) -> None:
        tape = watched(kind)
        assert tape.pass_over(-inf, inf, NEVER) == 0
        tape.append(windows(2))
        score(tape, 0.1, 0.2)
        assert tape.pass_over(-inf, inf, NEVER) == 2
        assert (tape.wakes, tape.follow(), tape.waiting) == (False, None, 0)

    def test_what_is_there_does_not_wake_by_a_new_rule(self, kind: type[Tape]) -> None:
        tape = watched(kind)
        tape.append(windows(3))
        score(tape, 0.9)
        tape.expect(*HOLD)
        assert not tape.wakes
        score(tape, 0.9)
        assert not tape.wakes
        tape.expect(*EVERY)
        assert not tape.wakes
        score(tape, 0.1)
        assert tape.wakes
        assert tape.scores == (0.9, 0.9, 0.1)

    def test_while_nothing_wakes_old_audio_goes(self, kind: type[Tape]) -> None:
        tape, audio = watched(kind), windows(6)
        tape.expect(-inf, 0.5, NEVER, WINDOW_TICKS + 24)
        tape.append(audio)
        score(tape, 0.1)
        assert tape.start == 0
        score(tape, 0.1)
        assert (tape.start, tape.discarded) == (WINDOW_TICKS - 24,) * 2
        score(tape, 0.9, 0.1, 0.1)
        assert tape.start == WINDOW_TICKS - 24  # a turn may begin there
        assert tape.read(tape.start, tape.end) == audio[2 * (WINDOW_TICKS - 24) :]

    def test_scores_stay_as_they_were_put(self, kind: type[Tape]) -> None:
        tape = watched(kind)
        tape.append(windows(1))
        score(tape, 0.1)
        assert tape.scores == (0.1,)


_audio = st.integers(0, 3000)


class AnyTape(RuleBasedStateMachine):
    """Any course of things, against all audio that ever came, kept in one piece."""

    kind: type[Tape] = Tape

    @initialize(format=st.sampled_from(AudioFormat))
    def start(self, format: AudioFormat) -> None:
        self.tape = self.kind(format)
        self._new_sound(format)
        self.seed = self.epoch = self.start_at = 0
        self.expected: tuple[float, float, int, int] = EVERY

    def _new_sound(self, format: AudioFormat) -> None:
        """All audio in one format since tick `base`, silence before it."""
        self.format, self.base, self.sound = format, self.tape.end, bytearray()
        self.heard_from = self.next = self.base
        self._no_windows()

    def _no_windows(self) -> None:
        """None was cut, none was scored."""
        self.unscored = 0
        self.scores: list[float] = []
        self.wakes = False

    def _at(self, tick: int) -> int:
        return (tick - self.base) * self.format.bytes_per_ms // TICKS_PER_MS

    @rule(samples=_audio)
    def append(self, samples: int) -> None:
        self.seed += 1
        audio = varied(samples * self.format.sample_bytes, self.seed)
        self.sound += audio
        assert self.tape.append(audio) == self.tape.ready

    @rule(data=st.data(), what=st.sampled_from(["read", "commit", "discard"]))
    def take(self, data: st.DataObject, what: str) -> None:
        tape, step = self.tape, 24
        start = tape.start + step * data.draw(st.integers(0, (tape.end - tape.start) // step))
        whole = data.draw(st.booleans())
        end = tape.end if whole else start + step * data.draw(st.integers(0, (tape.end - start) // step))
        expected = self.sound[self._at(start) : self._at(end)]
        if what == "read":
            assert tape.read(start, end) == expected
        elif what == "commit":
            assert tape.commit(start, end) == expected
            self.start_at = end
        else:
            tape.discard_before(start)
            self.start_at = start

    @rule()
    def clear(self) -> None:
        self.tape.clear()
        self.start_at = self.tape.end

    @rule(on=st.booleans())
    def begin(self, on: bool) -> None:
        self.epoch = self.epoch + 1 if on else 0
        self.tape.begin(self.epoch)
        self.heard_from = self.next = self.tape.end
        self._no_windows()

    @rule()
    def realign(self) -> None:
        self.tape.realign()
        self.next = self.tape.end
        self._no_windows()

    @rule(format=st.sampled_from(AudioFormat))
    def change_format(self, format: AudioFormat) -> None:
        self.tape.change_format(format)
        self.epoch, self.start_at = 0, self.tape.end
        self._new_sound(format)

    @precondition(lambda self: self.tape.ready)
    @rule()
    def cut(self) -> None:
        history = self.next - HISTORY_TICKS[self.format]
        lacking = max(0, self.heard_from - history)
        silence = from_pcm(bytes(2), self.format)[: self.format.sample_bytes]
        size = lacking * self.format.bytes_per_ms // TICKS_PER_MS
        sound = self.sound[self._at(history + lacking) : self._at(self.next + WINDOW_TICKS)]
        assert self.tape.cut() == silence * (size // len(silence)) + sound
        self.next += WINDOW_TICKS
        self.unscored += 1

    @precondition(lambda self: self.unscored)
    @rule(score=st.floats(0, 1))
    def put(self, score: float) -> None:
        self.tape.put(score)
        self.unscored -= 1
        self.scores.append(score)
        low, high, most, keep = self.expected
        self.wakes |= not low < score < high or len(self.scores) >= most
        if keep >= 0 and not self.wakes:
            self.start_at = max(self.start_at, self.next - self.unscored * WINDOW_TICKS - keep)

    @precondition(lambda self: self.scores)
    @rule()
    def follow(self) -> None:
        assert self.tape.follow() == self.scores.pop(0)
        self.wakes &= bool(self.scores)

    @rule(high=st.floats(0, 1), most=st.integers(0, 5))
    def pass_over(self, high: float, most: int) -> None:
        quiet = [*takewhile(lambda score: score < high, self.scores[:most])]
        assert self.tape.pass_over(-inf, high, most) == len(quiet)
        del self.scores[: len(quiet)]
        self.wakes &= bool(self.scores)

    @rule(rule=st.sampled_from([HOLD, EVERY, (-inf, 0.5, 4, 1000 * 24), (0.4, inf, 8, -1), (-inf, 0.5, NEVER, 768)]))
    def expect(self, rule: tuple[float, float, int, int]) -> None:
        self.expected, self.wakes = rule, False
        self.tape.expect(*rule)

    @invariant()
    def all_is_accounted_for(self) -> None:
        tape = self.tape
        assert tape.end == self.base + len(self.sound) * TICKS_PER_MS // self.format.bytes_per_ms
        assert tape.committed + tape.cleared + tape.discarded == tape.start
        assert tape.size == self._at(tape.end) - self._at(tape.start)
        assert tape.scores == tuple(self.scores)
        assert tape.ready == (self.epoch > 0 and (tape.end - self.next) // WINDOW_TICKS)
        waiting = tape.ready + self.unscored + len(self.scores)
        assert tape.waiting == waiting * (self.epoch > 0)
        assert tape.unscored == tape.waiting - len(self.scores)
        assert tape.followed == self.next - (self.unscored + len(self.scores)) * WINDOW_TICKS
        assert (tape.epoch, tape.wakes, tape.start) == (self.epoch, self.wakes, self.start_at)


def test_any_course_of_things(kind: type[Tape]) -> None:
    run_state_machine_as_test(type("AnyTapeOfThisKind", (AnyTape,), {"kind": kind}))  # type: ignore[arg-type]


def test_without_the_package_sessions_use_the_one_in_python() -> None:
    """In a process of its own, for the choice is made once."""
    program = (
        "import sys; sys.modules['voxwire_speedups'] = None\n"
        "from voxwire.audio.tapes import TAPES, new_tape\n"
        "from voxwire.audio.tape import Tape\n"
        "assert new_tape is Tape and [*TAPES] == ['python']"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
