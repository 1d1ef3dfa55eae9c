"""A text as it is read out, with a way back to the characters that were written."""

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from voxwire.engines.tts.reading.english import english_rules
from voxwire.engines.tts.reading.sign_words import SIGN_WORDS
from voxwire.engines.tts.reading.signs import sign_rules
from voxwire.engines.tts.speakable import Speakable, speakable


class Rule(NamedTuple):
    """What is written so is said so; None leaves it as it is."""

    written: re.Pattern[str]
    said: Callable[[re.Match[str]], str | None]


def read_out(text: str, language: str) -> Speakable:
    """The text for a voice in this language ("en-us"), readable letters only; empty when nothing in it has a sound.

    A stretch that is said otherwise than it is written is one word of the text, however many it is for the voice.
    """
    characters: list[str] = []
    origin: list[int] = []
    at = 0
    for start, end, said in _readings(text, _rules(language[:2].lower())):
        characters += text[at:start]
        origin += range(at, start)
        characters += said
        # So the first of its words stands for all that is written, and the others for no more than its end.
        origin += [start] + [end - 1] * (len(said) - 1)
        at = end
    characters += text[at:]
    origin += range(at, len(text))
    readable = speakable("".join(characters), ascii_only=False)
    return Speakable(readable.text, [origin[index] for index in readable.origin])


def _readings(text: str, rules: Sequence[Rule]) -> list[tuple[int, int, str]]:
    """What is said otherwise, in order. Where two rules want the same characters, the first rule has them."""
    found: list[tuple[int, int, str]] = []
    taken = bytearray(len(text))
    for rule in rules:
        for match in rule.written.finditer(text):
            start, end = match.span()
            if start == end or any(taken[start:end]):
                continue
            said = rule.said(match)
            if said:
                taken[start:end] = b"\1" * (end - start)
                found.append((start, end, said))
    return sorted(found)


@lru_cache
def _rules(language: str) -> tuple[Rule, ...]:
    if language == "en":
        return tuple(Rule(*rule) for rule in english_rules())
    if language in SIGN_WORDS:
        return tuple(Rule(*rule) for rule in sign_rules(SIGN_WORDS[language]))
    return ()
