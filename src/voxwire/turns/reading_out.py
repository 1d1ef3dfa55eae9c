"""Digits and letters that somebody reads out: a number, a code, a name."""

import re
from typing import Final

from voxwire.interfaces.turn import TurnSign
from voxwire.turns.languages import Language
from voxwire.turns.spoken_words import Words

_FIGURES: Final = re.compile(r"\d+(?:[.-]\d+)*")
#: "s-m-i-t-h", as recognisers write a name that is spelled.
_LETTERS: Final = re.compile(r"[^\W\d_](?:[.-][^\W\d_])*")
#: How far before the digits the words that announce them may stand.
_REACH: Final = 6


def sign_of_reading(words: Words, language: Language | None) -> TurnSign | None:
    """The sign of words that end with digits or letters read out; None where they do not."""
    start = len(words)
    while start and _is_read(words, start - 1, language):
        start -= 1
    read = "".join(words[index] for index in range(start, len(words)) if not _links(words, index, language))
    announced = _announced(words[:start], language)
    count = sum(_count(word) for word in words[start:])
    if not count or (announced is None and not _plainly_read(words[start:])):
        return None
    if announced is not None and count < announced:
        return TurnSign.UNFINISHED
    return _spelled(re.sub(r"[^\w]", "", read), words[:start]) or TurnSign.HESITANT


def _is_read(words: Words, index: int, language: Language | None) -> bool:
    word = words[index]
    return bool(
        _FIGURES.fullmatch(word)
        or _LETTERS.fullmatch(word)
        or (language is not None and word in language.digits)
        or _links(words, index, language)
    )


def _links(words: Words, index: int, language: Language | None) -> bool:
    """The word after a letter that says which one: "s for sugar"; the link, or what it leads to."""
    if language is None:
        return False
    for link in language.spelling_links.phrases:
        for start in range(index - len(link), index + 1):
            end = start + len(link)
            if start > 0 and words[start:end] == link and len(words[start - 1]) == 1 and words[start - 1].isalpha():
                return index <= end
    return False


def _count(word: str) -> int:
    """Digits or letters of a word that is read out; a word such as "seven" is one."""
    if _FIGURES.fullmatch(word) or _LETTERS.fullmatch(word):
        return sum(character.isalnum() for character in word)
    return 1


def _plainly_read(words: Words) -> bool:
    """Nobody announced it, and still it is read: several one after the other. One number alone is a number, and two
    letters may be words ("il y a")."""
    enough = 2 if all(len(word) == 1 and word.isalpha() for word in words) else 1
    return len(words) > enough or any("-" in word or "." in word for word in words)


def _announced(words: Words, language: Language | None) -> int | None:
    """How many are surely not all, where the words before say that something is read out."""
    if language is None:
        return None
    last = words[-_REACH:]
    found = [
        count
        for phrase, count in language.announced.items()
        if any(last[start : start + len(phrase)] == phrase for start in range(len(last)))
    ]
    return max(found, default=None)


def _spelled(letters: str, before: Words) -> TurnSign | None:
    """Somebody spells a word that they have just said: it is over with its last letter."""
    if not letters.isalpha():
        return None
    if letters in before:
        return TurnSign.LIKELY
    if any(len(letters) > 1 and word.startswith(letters) for word in before):
        return TurnSign.UNFINISHED
    return None
