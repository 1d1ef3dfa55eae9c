"""Words with their places in a text, and the probabilities of its tokens."""

from collections.abc import Iterable, Iterator

from voxwire.events.server import LogProb
from voxwire.interfaces.engine import Word


def place_words(text: str, timed: Iterable[tuple[str, float, float]]) -> Iterator[Word]:
    """Words and their milliseconds, with their places in the text; without those that are not in it."""
    at = 0
    before_ms = 0.0
    for spoken, start_ms, end_ms in timed:
        word = spoken.strip()
        start = text.find(word, at)
        if not word or start < 0:
            continue
        at = start + len(word)
        begins_ms = max(start_ms, before_ms)
        before_ms = max(end_ms, begins_ms)
        yield Word(text=word, start=start, end=at, start_ms=begins_ms, end_ms=before_ms)


def text_logprobs(text: str, tokens: Iterable[tuple[str, float]] | None) -> tuple[LogProb, ...] | None:
    """Probabilities of tokens that make up the text, with the spaces that models write before words put right.

    None where there are none, and where the tokens say something else than the text.
    """
    if tokens is None:
        return None
    found = [(token.replace("\u2581", " "), logprob) for token, logprob in tokens]
    if found:
        found[0] = (found[0][0].lstrip(), found[0][1])
        found[-1] = (found[-1][0].rstrip(), found[-1][1])
    if "".join(token for token, _ in found) != text:
        return None
    return tuple(LogProb(token=token, logprob=logprob) for token, logprob in found)
