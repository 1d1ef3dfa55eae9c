"""Words with their places in a text."""

from collections.abc import Iterable, Iterator

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
