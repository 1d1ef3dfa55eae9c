"""What is known of each language: lists of words and phrases, read once.

`docs/turn-taking.md` says what each list is for, and how to add a language.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from typing import Any, Final

from voxwire.turns.spoken_words import Words, spoken_words

#: ISO-639-1 codes. Of two that fit a text equally well, the first is taken.
LANGUAGES: Final = ("en", "de", "nl", "fr", "es")


@dataclass(frozen=True)
class PhraseList:
    """Phrases that a text may end with, or be."""

    phrases: frozenset[Words]

    @cached_property
    def longest(self) -> int:
        """Words in the longest."""
        return max(map(len, self.phrases), default=0)

    def end(self, words: Words) -> bool:
        """Whether the words end with one of them."""
        return any(words[-count:] in self.phrases for count in range(1, min(self.longest, len(words)) + 1))

    def are(self, words: Words) -> bool:
        """Whether the words are one of them, and nothing else."""
        return words in self.phrases

    def cover(self, words: Words) -> bool:
        """Whether the words are some of them, one after the other."""
        if not words:
            return True
        counts = range(1, min(self.longest, len(words)) + 1)
        return any(words[:count] in self.phrases and self.cover(words[count:]) for count in counts)

    def may_cover(self, words: Words) -> bool:
        """Whether some of them, one after the other, begin with the words, of which the last may be cut short. There is
        one word at least."""
        whole, last = words[:-1], words[-1]
        at = len(whole)
        if any(phrase[:at] == whole and phrase[at].startswith(last) for phrase in self.phrases if len(phrase) > at):
            return True
        counts = range(1, min(self.longest, at) + 1)
        return any(words[:count] in self.phrases and self.may_cover(words[count:]) for count in counts)


@dataclass(frozen=True, kw_only=True)
class Language:
    """One language: for the lists see `docs/turn-taking.md`."""

    common: frozenset[str]
    fillers: PhraseList
    patience: PhraseList
    dangling: PhraseList
    dangling_unless_asking: PhraseList
    asking: frozenset[str]
    whole_endings: PhraseList
    answers: PhraseList
    closings: PhraseList
    digits: frozenset[str]
    spelling_links: PhraseList
    back_channels: PhraseList
    announced: Mapping[Words, int]

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The words of the phrases that tell most."""
        phrases = self.fillers.phrases | self.patience.phrases | self.answers.phrases | self.dangling.phrases
        return frozenset(word for phrase in phrases for word in phrase)

    def fits(self, words: Words) -> int:
        """How much speaks for it; 0 for nothing."""
        return sum((word in self.common) + (word in self.vocabulary) for word in words)


def language(code: str) -> Language:
    """What is known of one of `LANGUAGES`."""
    return _KNOWN[code]


def _read(code: str) -> Language:
    data: dict[str, Any] = tomllib.loads(files("voxwire.turns").joinpath(f"data/{code}.toml").read_text("utf-8"))

    def phrases(name: str) -> PhraseList:
        return PhraseList(frozenset(map(spoken_words, data[name])))

    return Language(
        common=frozenset(data["common"]),
        fillers=phrases("fillers"),
        patience=phrases("patience"),
        dangling=phrases("dangling"),
        dangling_unless_asking=phrases("dangling_unless_asking"),
        asking=frozenset(data["asking"]),
        whole_endings=phrases("whole_endings"),
        answers=phrases("answers"),
        closings=phrases("closings"),
        digits=frozenset(data["digits"]),
        spelling_links=phrases("spelling_links"),
        back_channels=phrases("back_channels"),
        announced={spoken_words(words): count for words, count in data["announced"].items()},
    )


#: Read when the module is imported: nobody waits for a file while somebody speaks.
_KNOWN: Final = {code: _read(code) for code in LANGUAGES}


def language_of(words: Words, code: str | None) -> Language | None:
    """The language that is spoken: `code` (`en`, also `en-US`) where it is known, else the one that most of the
    words are common in. None where it is none of ours, or nothing tells."""
    if code is not None:
        code = code.lower().replace("_", "-").partition("-")[0]
        return language(code) if code in LANGUAGES else None
    best = max(map(language, LANGUAGES), key=lambda one: one.fits(words))
    return best if best.fits(words) else None
