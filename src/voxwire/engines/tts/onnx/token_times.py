"""Which symbols of a clause belong to which word of its text.

A phonemiser reads a clause as a whole: it joins words ("of the" becomes one), makes several of one ("42"), and says
some of them otherwise than it would alone. So each word is also read alone, and the two readings are laid beside each
other: what they share tells where each word begins.
"""

import re
import unicodedata
from collections.abc import Callable, Sequence
from difflib import SequenceMatcher
from itertools import accumulate, pairwise
from typing import Final, NamedTuple

from voxwire.engines.tts.messages import SpokenWord
from voxwire.engines.tts.speakable import Speakable

_WORD: Final = re.compile(r"\S+")
#: Punctuation around a word; signs that are read ("5%", "#1", "R&D") belong to it.
_AROUND: Final = re.compile(r"^[^\w%&@#$€£¥+°]+|[^\w%&@#$€£¥+°]+$")


class WrittenWord(NamedTuple):
    """A word as the voice gets it, and the characters of the clause that it stands for."""

    text: str
    start: int
    end: int


def written_words(readable: Speakable) -> list[WrittenWord]:
    """The words of a text; those that stand for the same characters ("42 euros" for "€42") are one."""
    words: list[WrittenWord] = []
    for word in _WORD.finditer(readable.text):
        if not any(map(str.isalnum, word[0])):
            continue
        bare = _AROUND.sub("", word[0])
        at = word.start() + word[0].index(bare)
        start, end = readable.span(at, at + len(bare))
        if words and start < words[-1].end:
            before = words[-1]
            words[-1] = WrittenWord(f"{before.text} {bare}", before.start, max(before.end, end))
        else:
            words.append(WrittenWord(bare, start, end))
    return words


def timed_words(
    readable: Speakable,
    alone: Callable[[str], str],
    symbols: Sequence[str],
    samples: Sequence[int],
    rate: int,
) -> list[SpokenWord]:
    """The words of a clause with their times, in milliseconds; none where `samples`, one number a symbol, are unknown.

    `alone` has the symbols of a word that is read by itself, without marks.
    """
    if len(samples) != len(symbols):
        return []
    ends = [total * 1000 / rate for total in accumulate(samples, initial=0)]
    spoken = [index for index, symbol in enumerate(symbols) if not is_mark(symbol)]
    read = [(word, alone(word.text)) for word in written_words(readable)]
    read = [(word, sound) for word, sound in read if sound]
    if not read or not spoken:
        return []
    edges = word_edges([sound for _, sound in read], "".join(symbols[index] for index in spoken))
    return [
        SpokenWord(word.start, word.end, ends[spoken[first]], ends[spoken[last - 1] + 1])
        for (word, _), (first, last) in zip(read, pairwise(edges), strict=True)
        if first < last
    ]


def is_mark(symbol: str) -> bool:
    """Whether a symbol is a space or a mark of punctuation: a pause, if anything."""
    return symbol.isspace() or unicodedata.category(symbol).startswith("P")


def word_edges(alone: Sequence[str], whole: str) -> list[int]:
    """Where each word begins in `whole`, which has one character a symbol, and where the last one ends.

    `alone` has the symbols of each word read by itself. The result rises, and has one entry more than `alone`.
    """
    apart = "".join(alone)
    edges = list(accumulate(map(len, alone), initial=0))
    found: list[int] = []
    blocks = iter(SequenceMatcher(None, apart, whole, autojunk=False).get_matching_blocks())
    left_apart = left_whole = 0
    block = next(blocks)
    for edge in edges:
        while block.size and edge >= block.a + block.size:
            left_apart, left_whole = block.a + block.size, block.b + block.size
            block = next(blocks)
        if edge >= block.a and block.size:
            at = block.b + edge - block.a
        else:  # between two stretches that both readings share
            share = (edge - left_apart) / max(1, block.a - left_apart)
            at = left_whole + round(share * (block.b - left_whole))
        found.append(max(at, found[-1] if found else 0))
    found[-1] = len(whole)
    return found
