"""What a native library has to do to be a recogniser. It is called in a worker process, by one thread."""

from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from voxwire.engines.stt.audio_messages import TimedWord

#: Mono, from -1 to 1, at the rate of the recogniser.
SpeechSamples = NDArray[np.float32]


class TokenLogProb(msgspec.Struct, frozen=True, array_like=True):
    token: str
    logprob: float


class HeardSpeech(msgspec.Struct, frozen=True):
    """What was heard, with the times of its words and the probabilities of its tokens where they are known."""

    text: str
    words: list[TimedWord] = []
    logprobs: list[TokenLogProb] | None = None


class Hints(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an utterance before it is heard."""

    language: str | None = None
    phrases: list[str] = []
    prompt: str | None = None


class NativeUtterance(Protocol):
    """One utterance."""

    def hear(self, samples: SpeechSamples) -> None:
        """Take in what comes next; may work."""

    def partial(self) -> str | None:
        """The words so far; None where nothing is known beyond what was said."""

    def read(self) -> HeardSpeech:
        """All that was heard up to here. More may follow."""
        ...

    def close(self) -> None:
        """Give back what it holds; called once."""


class Recogniser(Protocol):
    """A model that is loaded.

    `rate` is the samples a second that it takes. `append_only`: it never takes a word back that it has said.
    """

    rate: int
    append_only: bool

    def open(self, hints: Hints) -> NativeUtterance: ...
