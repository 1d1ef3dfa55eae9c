"""Finding the end of speech, and the times measured from it."""

import numpy as np
import pytest
from scripted_server import tone

from voxwire.talk.latency import MEMORY_MS, SentAudio, Stage, Turn


def pcm(samples: np.ndarray) -> bytes:
    return np.rint(samples * 32767).astype("<i2").tobytes()


def send(sent: SentAudio, samples: np.ndarray, began: float) -> None:
    """In frames of 20 ms, captured in real time from `began`."""
    for n, start in enumerate(range(0, len(samples), 480), 1):
        sent.add(pcm(samples[start : start + 480]), began + n * 0.02)


def test_end_of_speech_is_the_last_loud_slice() -> None:
    sent = SentAudio()
    send(sent, np.concatenate([np.zeros(2400), tone(430), np.zeros(24 * 570)]), began=10.0)
    assert sent.end_of_speech(1100) == pytest.approx(10.53)


def test_noise_far_below_the_speech_is_silence() -> None:
    sent = SentAudio()
    noise = np.random.default_rng(1).normal(0, 0.0003, 24 * 600)
    send(sent, np.concatenate([tone(400), noise]), began=0.0)
    assert sent.end_of_speech(1000) == pytest.approx(0.4)


def test_noise_after_the_speech_counts_only_as_long_as_the_server_may_have_heard_speech() -> None:
    sent = SentAudio()
    send(sent, np.concatenate([tone(400), tone(600, level=0.01)]), began=0.0)
    assert sent.end_of_speech(500) == pytest.approx(0.5)


def test_speech_after_the_turn_does_not_count() -> None:
    sent = SentAudio()
    send(sent, np.concatenate([tone(200), np.zeros(24 * 600), tone(200)]), began=0.0)
    assert sent.end_of_speech(700) == pytest.approx(0.2)
    assert sent.end_of_speech(1000) == pytest.approx(1.0)


def test_silence_has_no_end_of_speech() -> None:
    sent = SentAudio()
    assert sent.end_of_speech(100) is None
    send(sent, np.zeros(4800), began=0.0)
    assert sent.end_of_speech(200) is None


def test_memory_is_bounded_and_keeps_counting() -> None:
    sent = SentAudio()
    send(sent, np.zeros(24 * MEMORY_MS), began=0.0)
    send(sent, np.concatenate([tone(100), np.zeros(2400)]), began=100.0)
    assert sent.end_of_speech(MEMORY_MS + 200) == pytest.approx(100.1)
    assert len(sent._levels) == MEMORY_MS // 10


def test_only_the_first_time_of_a_stage_counts_but_the_last_end() -> None:
    turn = Turn(began=1.0)
    for now in (1.5, 2.0):
        turn.stamp(Stage.FIRST_AUDIO, now)
        turn.stamp(Stage.DONE, now + 0.25)
    assert turn.times() == {Stage.FIRST_AUDIO: 500, Stage.DONE: 1250}
