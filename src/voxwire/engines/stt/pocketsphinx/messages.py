"""What the recogniser's worker is told and what it answers. One stream is one utterance."""

from typing import Final

import msgspec

from voxwire.engines.stt.audio_messages import Audio, EndOfAudio, Probe, TimedWord

#: Sets of phrases whose decoder is kept for the utterances to come, about 10 MB each.
DECODERS_KEPT: Final = 8


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """The utterance begins. `phrases` names the set of sentences to expect; empty for none.

    `rate` is that of its audio, Hz.
    """

    phrases: str
    rate: int


class Learn(msgspec.Struct, frozen=True, tag="learn"):
    """No utterance: build the decoder for these sentences of plain words, under this name, for those to come."""

    key: str
    sentences: list[str]


class Phrases(msgspec.Struct, frozen=True, tag="phrases"):
    """The set that the worker asked for, each sentence already as plain words."""

    sentences: list[str]


class NeedPhrases(msgspec.Struct, frozen=True, tag="need_phrases"):
    """The worker does not know the set that `Begin` named."""


class Partial(msgspec.Struct, frozen=True, tag="partial"):
    """Words so far; the first `stable` characters are final."""

    text: str
    stable: int


class Result(msgspec.Struct, frozen=True, tag="result"):
    """The words of the utterance, joined by spaces, and other readings."""

    words: list[TimedWord]
    alternatives: list[str]


class Interim(msgspec.Struct, frozen=True, tag="interim"):
    """What the result would say if the utterance had ended where it was probed."""

    text: str
    alternatives: list[str]


DecoderRequest = Begin | Learn | Phrases | Audio | Probe | EndOfAudio
DecoderReply = NeedPhrases | Partial | Interim | Result
