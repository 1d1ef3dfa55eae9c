"""The native kernels against the NumPy network: the same scores and the same turns, whatever comes in."""

import os
import resource
import shutil
import subprocess
import sys
import threading
import time
import wave
from itertools import cycle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from detectors import VARIANTS, make_detector, tolerance
from hypothesis import given, settings
from hypothesis import strategies as st

from voxwire.audio.convert import from_pcm
from voxwire.audio.pcm import AudioFormat
from voxwire.audio.resample import Resampler
from voxwire.audio.windows import WindowResampler
from voxwire.engines.registry import load
from voxwire.engines.vad.kernels import KERNEL_TITLES
from voxwire.engines.vad.silero import SileroVad
from voxwire.engines.vad.weights import load_weights
from voxwire.errors import ConfigurationError
from voxwire.events.session_config import ServerVad
from voxwire.session.turn_detector import TurnDetector

ROOT = Path(__file__).parents[3]
FIXTURES = sorted(ROOT.glob("tests/fixtures/*.wav"))
RECORDINGS = sorted([*FIXTURES, *ROOT.glob("examples/audio/*.wav")])
SILENCE = bytes(1024)

_reference = SileroVad()
native = pytest.mark.parametrize("variant", VARIANTS)


def noisy(recording: Path, noise: str, seed: int = 7) -> bytes:
    """A recording at 24 kHz as it is (`clean`), quieter (`-40 dB`), or under white noise (`10 dB` below the speech)."""
    with wave.open(str(recording)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        samples = np.frombuffer(bytes(24_000) + file.readframes(file.getnframes()) + bytes(48_000), "<i2")
    values = samples.astype(float)
    if noise == "-40 dB":
        values *= 0.01
    elif noise == "-20 dB":
        values *= 0.1
    elif noise != "clean":
        power = np.mean(values[np.abs(values) > 100] ** 2) / 10 ** (float(noise.removesuffix(" dB")) / 10)
        values += np.random.default_rng(seed).normal(0, power**0.5, len(values))
    pcm: bytes = np.rint(values).clip(-32768, 32767).astype("<i2").tobytes()
    return pcm


def windows_of(pcm: bytes) -> list[bytes]:
    heard = Resampler(24_000, 16_000).push(pcm)
    return [heard[start : start + 1024] for start in range(0, len(heard) - 1023, 1024)]


def one_by_one(engine: Any, windows: list[bytes]) -> list[float]:
    state = engine.new_state()
    return [engine.score([state], [window])[0] for window in windows]


def boundaries(scores: list[float], threshold: float) -> list[tuple[int, str]]:
    detector = TurnDetector(ServerVad(threshold=threshold), pause_ms=200)
    steps = enumerate(detector.step(score, 768 * (window + 1)) for window, score in enumerate(scores))
    return [(window, boundary.value) for window, boundary in steps if boundary is not None]


@native
@pytest.mark.parametrize("noise", ["clean", "-40 dB", "10 dB", "0 dB"])
@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
def test_the_same_scores_and_the_same_turns(variant: str, noise: str, recording: Path) -> None:
    windows = windows_of(noisy(recording, noise))
    ours, theirs = one_by_one(make_detector(variant), windows), one_by_one(_reference, windows)
    assert ours == pytest.approx(theirs, abs=tolerance(variant))
    for threshold in (0.3, 0.5, 0.8):
        assert boundaries(ours, threshold) == boundaries(theirs, threshold)
    assert noise != "clean" or boundaries(ours, 0.5)


def scores_of(engine: Any, clips: list[list[bytes]]) -> list[list[float]]:
    """Of each clip, all of them in one batch."""
    states, scores = [engine.new_state() for _ in clips], [list[float]() for _ in clips]
    for window in range(max(map(len, clips))):
        going = [number for number, clip in enumerate(clips) if window < len(clip)]
        found = engine.score([states[number] for number in going], [clips[number][window] for number in going])
        for number, score in zip(going, found, strict=True):
            scores[number].append(score)
    return scores


@native
def test_the_same_boundaries_of_a_thousand(variant: str) -> None:
    """Loud and quiet, and in noise that is another one each time."""
    quiet = [noisy(recording, noise) for recording in FIXTURES for noise in ("clean", "-20 dB", "-40 dB")]
    noises = [(noise, seed) for noise in ("10 dB", "0 dB") for seed in range(13)]
    clips = [*quiet, *(noisy(recording, noise, seed) for recording in FIXTURES for noise, seed in noises)]
    windows = [windows_of(clip) for clip in clips]
    ours, theirs = scores_of(make_detector(variant), windows), scores_of(_reference, windows)
    found, expected = (
        [boundaries(clip, threshold) for clip in scores for threshold in (0.3, 0.5, 0.7)] for scores in (ours, theirs)
    )
    assert found == expected
    assert sum(map(len, expected)) >= 1000


@native
@pytest.mark.parametrize("batch", [1, 2, 3, 4, 5, 8, 29, 32, 64])
def test_batches_of_many_conversations(variant: str, batch: int) -> None:
    engine = make_detector(variant)
    streams = [windows_of(noisy(recording, "clean")) for recording in RECORDINGS]
    lanes = [stream[shift:] + stream[:shift] for shift, stream in zip(range(batch), cycle(streams))]
    ours, theirs = ([detector.new_state() for _ in lanes] for detector in (engine, _reference))
    for turn in range(12):
        windows = [lane[20 + turn] for lane in lanes]
        assert engine.score(ours, windows) == pytest.approx(_reference.score(theirs, windows), abs=tolerance(variant))


@native
def test_many_windows_of_one_conversation_in_one_call(variant: str) -> None:
    engine = make_detector(variant)
    windows = windows_of(noisy(RECORDINGS[0], "clean"))[:90]
    ours, theirs = engine.new_state(), _reference.new_state()
    expected = [_reference.score([theirs], [window])[0] for window in windows]
    assert engine.score([ours] * len(windows), windows) == pytest.approx(expected, abs=tolerance(variant))
    assert ours.context == theirs.context
    assert np.frombuffer(ours.memory, "<f4") == pytest.approx(np.frombuffer(theirs.memory, "<f4"), abs=1e-3)


@native
@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), peak=st.integers(0, 32767), rows=st.integers(1, 6))
def test_any_samples(variant: str, seed: int, peak: int, rows: int) -> None:
    """Full scale and single bits of noise alike, with silence in between."""
    engine = make_detector(variant)
    samples = np.random.default_rng(seed).integers(-peak - 1, peak + 1, (rows, 512)).astype("<i2")
    windows = [window for row in samples for window in (row.tobytes(), SILENCE)]
    assert one_by_one(engine, windows) == pytest.approx(one_by_one(_reference, windows), abs=tolerance(variant))


@native
@pytest.mark.parametrize("weight", [0.001, -0.001])
def test_sums_that_are_as_large_as_can_be(variant: str, weight: float) -> None:
    """A click has all frequencies alike. With weights that are alike, too, nothing in a sum takes from it."""
    weights = load_weights()
    weights["_model.encoder.0.reparam_conv.weight"][:] = weight
    clicks = np.zeros((8, 512), "<i2")
    clicks[:, ::128] = 32767 >> np.arange(8)[:, np.newaxis]
    windows = [click.tobytes() for click in clicks]
    expected = one_by_one(SileroVad(weights), windows)
    from voxwire.engines.vad.native_silero import NativeSilero

    assert one_by_one(NativeSilero(variant, weights), windows) == pytest.approx(expected, abs=1e-3)


@native
def test_digital_silence_costs_the_memory_alone(variant: str) -> None:
    """A batch of muted microphones takes well below what one of voices does, as in NumPy."""
    engine = make_detector(variant)
    loud = [np.random.default_rng(1).normal(0, 3_000, 512).astype("<i2").tobytes()] * 32
    states = [engine.new_state() for _ in loud]

    def least(windows: list[bytes]) -> float:
        spent = []
        engine.score(states, windows)
        for _ in range(30):
            begun = time.thread_time()
            engine.score(states, windows)
            spent.append(time.thread_time() - begun)
        return min(spent)

    assert least([SILENCE] * 32) < 0.75 * least(loud)


class TestStretches:
    """Audio of the wire goes in as it is: the kernel resamples, by the coefficients of `voxwire.audio`."""

    @native
    @pytest.mark.parametrize("format", AudioFormat)
    def test_the_same_samples(self, variant: str, format: AudioFormat) -> None:
        network, number = make_detector(variant)._network, list(AudioFormat).index(format)  # type: ignore[attr-defined]
        resampler = WindowResampler(format)
        pcm = Resampler(24_000, format.rate).push(noisy(RECORDINGS[0], "10 dB"))
        wire = resampler.silence + from_pcm(pcm, format)
        starts = range(0, len(wire) - resampler.stretch_bytes, resampler.window_bytes)
        stretches = [wire[start : start + resampler.stretch_bytes] for start in starts]
        assert len(stretches) > 50
        expected = resampler(stretches)
        ours = [network.resample(stretch, number) for stretch in stretches]
        away = np.frombuffer(b"".join(ours), "<i2").astype(int) - np.frombuffer(b"".join(expected), "<i2")
        assert np.abs(away).max() <= 1  # sums in another order: the last bit of a tie
        assert np.mean(away != 0) < 0.001
        state, other = network_state(variant), _reference.new_state()
        scores = network.score([state] * len(stretches), stretches, bytes([number]) * len(stretches))
        assert scores == pytest.approx(
            [_reference.score([other], [window])[0] for window in expected], abs=tolerance(variant)
        )

    @native
    def test_loud_edges_are_clipped_not_wrapped(self, variant: str) -> None:
        network, resampler = make_detector(variant)._network, WindowResampler(AudioFormat.PCM16)  # type: ignore[attr-defined]
        stretch = np.where(np.arange(815) // 40 % 2, 32767, -32768).astype("<i2").tobytes()
        assert network.resample(stretch, 0) == resampler([stretch])[0]


def network_state(variant: str) -> Any:
    return make_detector(variant).new_state()


class TestArguments:
    """Nothing is computed on what is not as it must be."""

    @native
    def test_each_is_checked(self, variant: str) -> None:
        engine = make_detector(variant)
        network = engine._network  # type: ignore[attr-defined]
        state = engine.new_state()
        stretch = bytes(WindowResampler(AudioFormat.PCM16).stretch_bytes)
        for arguments, kind, words in (
            (([state], [SILENCE, SILENCE]), ValueError, "1 states for 2 windows"),
            (([object()], [SILENCE]), TypeError, "state 0 is no State"),
            (([state, None], [SILENCE] * 2), TypeError, "state 1 is no State"),
            (([state], ["text"]), TypeError, "bytes-like"),
            (([state], [SILENCE + b"x"]), ValueError, "window 0 has 1025 bytes; 1024 are needed"),
            (([state], [SILENCE], b"\x00"), ValueError, "stretch 0 has 1024 bytes; 1630 are needed"),
            (([state], [stretch], b"\x03"), ValueError, "format 3; the network has 3"),
            (([state], [stretch], b""), ValueError, "0 bytes; 1 are needed"),
            (([state] * 1025, [SILENCE] * 1025), ValueError, "at most 1024"),
            ((5, [SILENCE]), TypeError, "iterable"),
        ):
            with pytest.raises(kind, match=words):
                network.score(*arguments)
        # A refused call leaves nothing behind.
        assert engine.score([state], [SILENCE]) == engine.score([engine.new_state()], [SILENCE])
        with pytest.raises(ValueError, match="format 9"):
            network.resample(stretch, 9)
        with pytest.raises(ValueError, match="128 are needed"):
            state.context = b"short"
        with pytest.raises(TypeError, match="deleted"):
            del state.memory
        assert network.score([], []) == []
        assert network.score((state,), (bytearray(SILENCE),), None)

    @native
    def test_a_network_is_checked(self, variant: str) -> None:
        from voxwire_speedups import Network

        from voxwire.engines.vad.native_silero import network_parts

        matrices, filters = network_parts(load_weights())
        down, history, coefficients, _ = filters[0]
        broken = matrices[2].copy()
        broken[3, 4] = np.nan
        for changed, words in (
            ((matrices[:12], filters), "13 matrices, not 12"),
            (([*matrices[:2], broken, *matrices[3:]], filters), "matrix 2 has values that are not finite"),
            (([*matrices[:12], matrices[0]], filters), "matrix 12 has .* bytes; 4 are needed"),
            ((matrices, filters * 2), "at most 4 filters"),
            ((matrices, [(4, history, coefficients, None)]), "filter 0 is not for a rate"),
            ((matrices, [(down, history + 1, coefficients, None)]), "filter 0 is not for a rate"),
            ((matrices, [(down, 2**31 - 1, b"", None)]), "filter 0 is not for a rate"),
            ((matrices, [(2**31 - 1, history, coefficients, None)]), "filter 0 is not for a rate"),
            ((matrices, [(down, history, coefficients[:1].copy(), None)]), "filter 0 has 200 bytes; 400 are needed"),
            ((matrices, [(down, history, coefficients * np.nan, None)]), "filter 0 has values that are not finite"),
            ((matrices, [(down, history, coefficients, b"12")]), "2 bytes; 512 are needed"),
            ((matrices, filters, "sparc"), "no kernel called sparc"),
        ):
            with pytest.raises(ValueError, match=words):
                Network(*changed)
        assert Network(matrices, filters, variant).variant == variant


@native
def test_what_a_network_is_made_of_may_begin_at_any_address(variant: str) -> None:
    """Nothing is read where it lies: processors and compilers want floats at addresses that four divides."""
    from voxwire_speedups import Network

    from voxwire.engines.vad.native_silero import network_parts

    def moved(values: Any) -> memoryview:
        return memoryview(b"." + values.tobytes())[1:]

    matrices, filters = network_parts(load_weights())
    odd = [(down, history, moved(coefficients), decode) for down, history, coefficients, decode in filters]
    there, here = Network([*map(moved, matrices)], odd, variant), Network(matrices, filters, variant)
    loud = np.random.default_rng(1).normal(0, 3_000, 512).astype("<i2").tobytes()
    states = [network_state(variant) for _ in range(2)]
    assert there.score(states[:1], [loud]) == here.score(states[1:], [loud])
    stretch = bytes(1630 - len(loud)) + loud
    assert there.resample(stretch, 0) == here.resample(stretch, 0)


@native
def test_nothing_is_left_behind(variant: str) -> None:
    """Neither by calls, nor by refused ones, nor by networks that are gone."""
    stretch = bytes(WindowResampler(AudioFormat.PCM16).stretch_bytes)
    loud = np.random.default_rng(1).normal(0, 3_000, 512).astype("<i2").tobytes()

    def work(rounds: int) -> None:
        for _ in range(rounds):
            engine: Any = make_detector(variant)
            states = [engine.new_state() for _ in range(40)]
            for _ in range(40):
                engine.score(states, [loud] * 40)
                engine._network.score(states, [stretch] * 40, bytes(40))
                with pytest.raises(ValueError, match="needed"):
                    engine.score(states, [loud] * 39 + [b""])

    work(4)
    references, peak = sys.getrefcount(loud), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    work(16)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    assert sys.getrefcount(loud) == references
    assert grown < (6_000_000 if sys.platform == "darwin" else 6_000)  # sixteen networks are 16 MB


@native
def test_threads_may_share_a_network_and_others_run_meanwhile(variant: str) -> None:
    engine = make_detector(variant)
    windows = windows_of(noisy(RECORDINGS[0], "clean"))[:64]
    expected = one_by_one(engine, windows)
    found: dict[int, list[float]] = {}

    def score(number: int) -> None:
        for _ in range(4):
            found[number] = engine.score([engine.new_state()] * len(windows), windows)

    threads = [threading.Thread(target=score, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[number] for number in range(4)] == [pytest.approx(expected, abs=1e-6)] * 4


@native
def test_the_interpreter_is_free_while_the_kernel_computes(variant: str) -> None:
    """With a switch interval of minutes, this thread comes to its turn only where the other one gives it away."""
    engine = make_detector(variant)
    states, windows = [engine.new_state() for _ in range(1000)], [b"\x01\x00" * 512] * 1000
    interval = sys.getswitchinterval()
    sys.setswitchinterval(300)
    try:
        for _ in range(50):
            begun, done = threading.Event(), threading.Event()

            def compute(begun: threading.Event = begun, done: threading.Event = done) -> None:
                begun.set()
                engine.score(states, windows)
                done.set()

            thread = threading.Thread(target=compute)
            thread.start()
            begun.wait()
            overtaken = not done.is_set()
            thread.join()
            if overtaken:
                return
    finally:
        sys.setswitchinterval(interval)
    pytest.fail("no other thread ran while windows were scored")


class TestChoice:
    @pytest.mark.parametrize("kernel", ["auto", "native"])
    def test_native_where_it_is_installed(self, kernel: str) -> None:
        if VARIANTS:
            assert "native" in load("vad", "silero", {"kernel": kernel}).capabilities.info.label

    @native
    def test_each_kernel_when_asked_for(self, variant: str) -> None:
        assert f"({KERNEL_TITLES[variant]})" in load("vad", "silero", {"kernel": variant}).capabilities.info.label

    def test_one_that_this_processor_does_not_run(self) -> None:
        other = next(kernel for kernel in (*KERNEL_TITLES,)[::-1] if kernel not in VARIANTS)
        with pytest.raises(ConfigurationError, match=f"does not run {other}|pip install"):
            load("vad", "silero", {"kernel": other})

    def test_numpy_when_asked_for(self) -> None:
        assert isinstance(load("vad", "silero", {"kernel": "numpy"}), SileroVad)

    @pytest.mark.parametrize("options", [{"kernel": "fast"}, {"kernel": 5}, {"size": 2}])
    def test_others_are_refused(self, options: dict[str, Any]) -> None:
        with pytest.raises(ConfigurationError, match=r"kernel|size"):
            load("vad", "silero", options)

    def test_without_the_package(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "voxwire_speedups", None)
        monkeypatch.delitem(sys.modules, "voxwire.engines.vad.native_silero", raising=False)
        assert isinstance(load("vad", "silero", {}), SileroVad)
        with pytest.raises(ConfigurationError, match=r"pip install 'voxwire\[speedups\]'"):
            load("vad", "silero", {"kernel": "native"})

    def test_switched_off_it_is_as_if_it_was_not_installed(self) -> None:
        """For comparisons, and to run all tests on the fallback: `VOXWIRE_SPEEDUPS=off ./test`."""
        program = (
            "from voxwire.audio.tapes import TAPES\n"
            "from voxwire.engines.registry import load\n"
            "print(*TAPES, load('vad', 'silero', {}).capabilities.info.label)"
        )
        told = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "VOXWIRE_SPEEDUPS": "off"},
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout == "python Silero VAD v6.2, in NumPy\n"

    def test_the_package_of_another_time_is_not_used(self, monkeypatch: pytest.MonkeyPatch) -> None:
        stranger = type(sys)("voxwire_speedups")
        vars(stranger).update(INTERFACE=0, Network=None, State=None, Tape=None, variants=tuple)
        monkeypatch.setitem(sys.modules, "voxwire_speedups", stranger)
        monkeypatch.delitem(sys.modules, "voxwire.engines.vad.native_silero", raising=False)
        assert isinstance(load("vad", "silero", {}), SileroVad)
        with pytest.raises(ConfigurationError, match="interface 0"):
            load("vad", "silero", {"kernel": "native"})


def test_it_is_here_where_it_can_be_built() -> None:
    """`scripts/setup` builds it where there is a compiler; continuous integration has one."""
    header = Path(subprocess.check_output(
        [sys.executable, "-c", "import sysconfig; print(sysconfig.get_path('include'))"], text=True
    ).strip(), "Python.h")  # fmt: skip
    can_be_built = shutil.which("cc") is not None and header.is_file()
    assert can_be_built or os.environ.get("CI") != "true"
    switched_off = os.environ.get("VOXWIRE_SPEEDUPS") == "off"
    assert bool(VARIANTS) is (can_be_built and not switched_off)
