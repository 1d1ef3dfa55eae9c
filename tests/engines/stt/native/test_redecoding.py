"""A stream of partials from a library that hears whole utterances."""

import numpy as np
import pytest

from voxwire.engines.stt.audio_messages import TimedWord
from voxwire.engines.stt.native.recogniser import HeardSpeech, SpeechSamples, TokenLogProb
from voxwire.engines.stt.native.redecoding import Redecoding

RATE = 16_000
SECOND = np.full(RATE, 0.5, np.float32)


class Library:
    """Hears a word for each second of sound, and counts what it was given."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def __call__(self, samples: SpeechSamples) -> HeardSpeech:
        self.seconds.append(len(samples) / RATE)
        loud = int((samples != 0).sum() / RATE)
        return HeardSpeech(
            " ".join(f"w{at}" for at in range(loud)),
            [TimedWord(f"w{at}", at * 1000.0, at * 1000.0 + 1500) for at in range(loud)],
            [TokenLogProb(f"w{at}", -0.5) for at in range(loud)],
        )


def test_it_reads_again_when_there_is_enough_that_is_new() -> None:
    library = Library()
    utterance = Redecoding(library, RATE, every_s=0.5)
    said = []
    for _ in range(10):
        utterance.hear(SECOND[: RATE // 5])
        said.append(utterance.partial())
    assert [text is not None for text in said] == [False, False, True] * 3 + [False]
    assert library.seconds == pytest.approx([0.6, 1.2, 1.8])
    assert utterance.read().text == "w0 w1"


def test_a_slow_library_is_asked_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 1000, 3))
    monkeypatch.setattr(
        "voxwire.engines.stt.native.redecoding.time.monotonic", lambda: float(next(clock))
    )  # each reading takes three seconds
    library = Library()
    utterance = Redecoding(library, RATE, every_s=0.5)
    for _ in range(14):
        utterance.hear(SECOND[: RATE // 2])
        utterance.partial()
    assert library.seconds == [0.5, 6.5]


def test_times_end_with_the_audio_and_short_audio_is_made_longer() -> None:
    library = Library()
    utterance = Redecoding(library, RATE)
    assert utterance.read() == HeardSpeech("")
    utterance.hear(SECOND[: RATE // 50])
    assert utterance.read().text == ""
    assert library.seconds == [0.5]
    utterance.hear(SECOND)
    assert [(word.start_ms, word.end_ms) for word in utterance.read().words] == [(0.0, 1020.0)]


def test_a_long_utterance_is_cut_at_a_pause_and_stays_one_text() -> None:
    library = Library()
    utterance = Redecoding(library, RATE)
    pause = np.zeros(RATE, np.float32)
    for at in range(60):
        utterance.hear(pause if at == 22 else SECOND)
    reading = utterance.read()
    assert max(library.seconds) < 30
    assert 57 <= len(reading.text.split()) <= 59
    assert len(reading.words) == len(reading.logprobs or ()) == len(reading.text.split())
    assert reading.words[22].start_ms == pytest.approx(22_000, abs=1000)
    assert reading.words[-1].end_ms == pytest.approx(60_000, abs=1500)
    utterance.close()
