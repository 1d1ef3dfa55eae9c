"""One call that cuts, resamples and scores the windows of many tapes: what the Python twin and NumPy do in steps."""

import resource
import sys
import threading
import time
from collections.abc import Sequence
from math import inf
from typing import Any

import numpy as np
import pytest
from detectors import VARIANTS, make_detector, tolerance
from hypothesis import given, settings
from hypothesis import strategies as st

from voxwire.audio.convert import from_pcm
from voxwire.audio.pcm import AudioFormat
from voxwire.audio.tape import NEVER, Tape
from voxwire.audio.tapes import TAPES
from voxwire.audio.windows import WindowResampler
from voxwire.engines.vad.silero import SileroVad
from voxwire.interfaces.vad import ScoresTapes

native = pytest.mark.parametrize("variant", VARIANTS)
_reference: Any = SileroVad()
_resamplers = {format: WindowResampler(format) for format in AudioFormat}


def sound(format: AudioFormat, windows: float, seed: int) -> bytes:
    """Noise whose loudness goes up and down, with digital silence in it."""
    count = int(windows * format.window_bytes) // format.sample_bytes
    samples = np.random.default_rng(seed).normal(0, 4_000, count) * np.abs(np.sin(np.arange(count) / 900))
    samples[count // 3 : count // 2] = 0
    return from_pcm(samples.clip(-32768, 32767).astype("<i2").tobytes(), format)


def step_by_step(states: Sequence[Any], tapes: Sequence[Tape], counts: Sequence[int]) -> None:
    for state, tape, count in zip(states, tapes, counts, strict=True):
        for _ in range(count):
            (window,) = _resamplers[tape.format]([tape.cut()])
            tape.put(_reference.score([state], [window])[0])


@native
@settings(max_examples=15)
@given(data=st.data())
def test_the_same_scores_on_the_same_tapes(variant: str, data: st.DataObject) -> None:
    """Uneven appends, windows of several tapes in one call, commits and new epochs in between."""
    engine: Any = make_detector(variant)
    assert isinstance(make_detector(variant), ScoresTapes)
    formats = data.draw(st.lists(st.sampled_from(AudioFormat), min_size=1, max_size=5))
    ours, theirs = [engine.tapes(format) for format in formats], [Tape(format) for format in formats]
    our_states, their_states = ([detector.new_state() for _ in formats] for detector in (engine, _reference))
    for tape in (*ours, *theirs):
        tape.begin(1)
        tape.expect(-inf, inf, NEVER, 24 * 50)
    for turn in range(6):
        for number, (our, their) in enumerate(zip(ours, theirs, strict=True)):
            audio = sound(our.format, data.draw(st.floats(0.1, 4)), turn * 10 + number)
            assert our.append(audio) == their.append(audio)
            what = data.draw(st.sampled_from(["nothing", "commit", "begin", "clear"]))
            for tape, states, detector in ((our, our_states, engine), (their, their_states, _reference)):
                if what == "commit":
                    tape.commit(tape.start, tape.followed if tape.followed > tape.start else tape.end)
                elif what == "begin":
                    tape.begin(tape.epoch + 1)
                    states[number] = detector.new_state()
                elif what == "clear":
                    tape.clear()
                    tape.realign()
        busy = [number for number, tape in enumerate(ours) if tape.ready]
        counts = [data.draw(st.integers(1, ours[number].ready)) for number in busy]
        engine.score_tapes([our_states[n] for n in busy], [ours[n] for n in busy], counts)
        step_by_step([their_states[n] for n in busy], [theirs[n] for n in busy], counts)
        for our, their in zip(ours, theirs, strict=True):
            assert our.scores == pytest.approx(their.scores, abs=tolerance(variant))
            assert (our.ready, our.waiting, our.start, our.followed) == (
                their.ready, their.waiting, their.start, their.followed,
            )  # fmt: skip
            if data.draw(st.booleans()) and our.scores:
                assert our.follow() == pytest.approx(their.follow(), abs=tolerance(variant))


@native
def test_scores_wake_by_the_rule_of_the_tape(variant: str) -> None:
    engine: Any = make_detector(variant)
    for rule, wakes in (((0.0, 0.0, 1, -1), True), ((-inf, inf, NEVER, -1), False), ((-inf, inf, 2, -1), True)):
        tape, state = engine.tapes(AudioFormat.PCM16), engine.new_state()
        tape.begin(1)
        tape.expect(*rule)
        tape.append(sound(AudioFormat.PCM16, 3, 1))
        engine.score_tapes([state], [tape], [2])
        assert (tape.wakes, len(tape.scores), tape.ready) == (wakes, 2, 1)


@native
def test_arguments_are_checked_before_anything_is_taken(variant: str) -> None:
    engine: Any = make_detector(variant)
    tape, state = engine.tapes(AudioFormat.ULAW), engine.new_state()
    tape.begin(1)
    tape.append(sound(AudioFormat.ULAW, 3, 1))
    for arguments, kind, words in (
        (([state], [tape], [4]), ValueError, "4 windows of tape 0, of which 3 are ready"),
        (([state], [tape], [0]), ValueError, "0 windows"),
        (([state], [tape], [-1]), ValueError, "-1 windows"),
        (([state], [tape], [2000]), ValueError, "at most 1024"),
        (([state], [tape], ["one"]), TypeError, "integer"),
        (([state, state], [tape], [1]), ValueError, "2 states and 1 counts for 1 tapes"),
        (([state], [Tape(AudioFormat.ULAW)], [1]), TypeError, "tape 0 is no Tape"),
        (([None], [tape], [1]), TypeError, "its state no State"),
    ):
        with pytest.raises(kind, match=words):
            engine.score_tapes(*arguments)
        assert (tape.ready, tape.scores) == (3, ())
    with pytest.raises(ValueError, match="named twice"):
        engine.score_tapes([state, state], [tape, tape], [2, 2])
    engine.score_tapes([], [], [])


@native
def test_a_network_without_the_filter_scores_no_tape_of_the_format(variant: str) -> None:
    from voxwire_speedups import Network, State

    from voxwire.engines.vad.native_silero import network_parts
    from voxwire.engines.vad.weights import load_weights

    matrices, filters = network_parts(load_weights())
    tape: Any = TAPES["native"](AudioFormat.ALAW)
    tape.begin(1)
    tape.append(sound(AudioFormat.ALAW, 1, 1))
    for known in (filters[:2], [filters[0], filters[0], filters[0]]):
        with pytest.raises(ValueError, match="no filter for the format of tape 0"):
            Network(matrices, known, variant).score_tapes([State()], [tape], [1])
    Network(matrices, filters, variant).score_tapes([State()], [tape], [1])
    assert len(tape.scores) == 1


@native
def test_a_tape_may_change_while_its_windows_are_scored(variant: str) -> None:
    """The kernel works on copies. Scores of what was the stream of windows before are not put on the new one."""
    engine: Any = make_detector(variant)
    audio = sound(AudioFormat.PCM16, 100, 1)
    interval = sys.getswitchinterval()
    sys.setswitchinterval(300)  # this thread comes to its turn when the kernel lets go of the interpreter
    try:
        for _ in range(50):
            tapes = [engine.tapes(AudioFormat.PCM16) for _ in range(10)]
            for tape in tapes:
                tape.begin(1)
                tape.append(audio)
            begun, done = threading.Event(), threading.Event()

            def score(tapes: Sequence[Tape] = tapes, begun: Any = begun, done: Any = done) -> None:
                states = [engine.new_state() for _ in tapes]
                begun.set()
                engine.score_tapes(states, tapes, [100] * len(tapes))
                done.set()

            thread = threading.Thread(target=score)
            thread.start()
            begun.wait()
            overtaken = not done.is_set() and tapes[0].ready == 0
            tapes[0].begin(2)
            tapes[1].append(audio)
            tapes[2].change_format(AudioFormat.ALAW)
            taken = tapes[3].commit(0, tapes[3].end)
            thread.join()
            if overtaken:
                assert (tapes[0].scores, tapes[0].epoch, tapes[2].scores) == ((), 2, ())
                assert [len(tape.scores) for tape in (tapes[1], *tapes[3:])] == [100] * 8
                assert (taken, tapes[1].ready) == (audio, 100)
                return
    finally:
        sys.setswitchinterval(interval)
    pytest.fail("the kernel never let go of the interpreter")


@pytest.mark.parametrize("kind", sorted(TAPES))
def test_a_large_commit_is_no_copy(kind: str) -> None:
    """60 MiB change hands in a fraction of the time that copying takes."""
    audio = bytes(range(256)) * (60 * 4096)

    def least(commit: Any) -> float:
        spent = []
        for _ in range(3):
            tape = TAPES[kind](AudioFormat.PCM16)
            tape.append(audio)
            begun = time.perf_counter()
            taken = commit(tape)
            spent.append(time.perf_counter() - begun)
            assert taken == audio
        return min(spent)

    assert least(lambda tape: tape.commit(0, tape.end)) < least(lambda tape: tape.read(0, tape.end)) / 4


@native
def test_nothing_is_left_behind(variant: str) -> None:
    """Neither of tapes that are gone with audio and scores on them, nor of calls, nor of refused ones."""
    engine: Any = make_detector(variant)
    audio = sound(AudioFormat.PCM16, 20, 1)

    def work(rounds: int) -> None:
        for _ in range(rounds):
            tapes = [engine.tapes(AudioFormat.PCM16) for _ in range(8)]
            states = [engine.new_state() for _ in tapes]
            for tape in tapes:
                tape.begin(1)
                tape.append(audio)
            engine.score_tapes(states, tapes, [20] * 8)
            with pytest.raises(ValueError, match="ready"):
                engine.score_tapes(states, tapes, [1] * 8)
            for tape in tapes:
                tape.follow()
                tape.read(0, 5000)
                tape.commit(0, 5000)
                tape.append(audio * 40)
            tapes[0].commit(tapes[0].start, tapes[0].end)
            tapes[1].change_format(AudioFormat.ULAW)

    work(3)
    references, peak = sys.getrefcount(AudioFormat.PCM16), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work(12)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    more = sys.getrefcount(AudioFormat.PCM16) - references  # pytest would hold it, too, inside of the assertion
    assert more == 0
    assert grown < (6_000_000 if sys.platform == "darwin" else 6_000)  # twelve rounds are 120 MB
