"""What every native recogniser's worker is told while somebody speaks, and words. One stream is one utterance."""

import msgspec


class Audio(msgspec.Struct, frozen=True, tag="audio"):
    """PCM16 mono."""

    pcm: bytes


class Probe(msgspec.Struct, frozen=True, tag="probe"):
    """What was heard so far is due; the utterance goes on."""


class EndOfAudio(msgspec.Struct, frozen=True, tag="commit"):
    """No more audio comes: the result is due."""


class TimedWord(msgspec.Struct, frozen=True, array_like=True):
    """A word and its milliseconds in the audio."""

    text: str
    start_ms: float
    end_ms: float
