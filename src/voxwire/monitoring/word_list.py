"""A check that knows words and phrases. Case, accents written apart, and what stands between words do not matter."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import Field

from voxwire.engines.declared_options import DeclaredOptions, declared
from voxwire.errors import ConfigurationError

_WORD: Final = re.compile(r"\w+")
_MOST_WORDS: Final = 100_000


class _WordOptions(DeclaredOptions):
    words: tuple[str, ...] = Field(default=(), max_length=_MOST_WORDS)
    """Words and phrases."""
    file: Path | None = None
    """UTF-8, one on each line; empty lines and those that begin with # say nothing."""


class WordList:
    """Looks each word up; the time that takes depends on the length of the text alone."""

    def __init__(self, phrases: list[str]) -> None:
        self._by_first: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
        for phrase in phrases:
            words = tuple(_words(phrase))
            if words:
                self._by_first[words[0]].add(words)
        self._lengths = {first: sorted(set(map(len, found))) for first, found in self._by_first.items()}

    def look(self, text: str) -> str | None:
        words = list(_words(text))
        for at, word in enumerate(words):
            for length in self._lengths.get(word, ()):
                if tuple(words[at : at + length]) in self._by_first[word]:
                    return "listed words"
        return None


def word_list(options: Mapping[str, Any]) -> WordList:
    """The entry point."""
    chosen = declared("The check words", _WordOptions, options)
    phrases = list(chosen.words)
    if chosen.file is not None:
        try:
            lines = chosen.file.read_text(encoding="utf-8-sig").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"The check 'words' cannot read {chosen.file}: {error}.") from None
        phrases += [line for line in lines if line.strip() and not line.startswith("#")]
    if not phrases or len(phrases) > _MOST_WORDS:
        raise ConfigurationError(f"The check 'words' needs 1 to {_MOST_WORDS} words: the option 'words', or 'file'.")
    return WordList(phrases)


def _words(text: str) -> Iterator[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return (found.group() for found in _WORD.finditer(plain))
