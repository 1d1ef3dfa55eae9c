"""What readings of a growing utterance agree on, and what words are to the listener. Nothing here knows of time."""

from collections.abc import Sequence

from voxwire.engines.stt.whisper.messages import HeardWord
from voxwire.events.server import LogProb
from voxwire.interfaces.engine import Word
from voxwire.interfaces.stt import SttFinal


class Agreement:
    """Words are certain when two readings in a row say them, and something after them.

    The last word is not: more of it, or a full stop that is none, may be to come.
    """

    def __init__(self, certain: Sequence[HeardWord] = ()) -> None:
        self.certain = list(certain)
        self._last: Sequence[HeardWord] = ()

    def join(self, words: Sequence[HeardWord]) -> list[HeardWord] | None:
        """A reading as it goes on from the certain words, which stay as they were spelt; None where it says others."""
        known = len(self.certain)
        if [*map(_plain, words[:known])] != [*map(_plain, self.certain)]:
            return None
        spelt = [now if now.text == before.text else before for now, before in zip(words, self.certain, strict=False)]
        return [*spelt, *words[known:]]

    def read(self, words: Sequence[HeardWord]) -> None:
        """Take in a reading that goes on from the certain words."""
        agreed = 0
        for before, now in zip(self._last, words, strict=False):
            if before.text != now.text:
                break
            agreed += 1
        agreed = min(agreed, len(words) - 1)
        if agreed > len(self.certain):
            self.certain = list(words[:agreed])
        self._last = words

    @property
    def tokens(self) -> list[int]:
        """Those of the certain words."""
        return [token for word in self.certain for token in word.tokens]


def joined_words(words: Sequence[HeardWord]) -> str:
    return "".join(word.text for word in words).strip()


def _plain(word: HeardWord) -> str:
    return "".join(filter(str.isalnum, word.text.casefold()))


def whisper_final(words: Sequence[HeardWord], *, details: bool) -> SttFinal:
    """The words as one text; with `details`, each with its place in it, and how likely each piece of the text is."""
    text = joined_words(words)
    if not details:
        return SttFinal(text=text)
    return SttFinal(text=text, words=tuple(_placed(words)), logprobs=tuple(_likely(words)))


def _placed(words: Sequence[HeardWord]) -> list[Word]:
    placed: list[Word] = []
    at = -len(words[0].text) + len(words[0].text.lstrip()) if words else 0
    for word in words:
        plain = word.text.strip()
        start = at + len(word.text) - len(word.text.lstrip())
        if plain:
            placed.append(
                Word(text=plain, start=start, end=start + len(plain), start_ms=word.start_ms, end_ms=word.end_ms)
            )
        at += len(word.text)
    return placed


def _likely(words: Sequence[HeardWord]) -> list[LogProb]:
    """Together they are the text, which has no space at its beginning."""
    chances = [chance for word in words for chance in word.chances]
    texts = [chance.text for chance in chances]
    texts[:1] = [text.lstrip() for text in texts[:1]]
    return [LogProb(token=text, logprob=chance.logprob) for text, chance in zip(texts, chances, strict=True) if text]
