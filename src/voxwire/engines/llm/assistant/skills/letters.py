"""Spelling, repeating and counting."""

from fractions import Fraction
from typing import Final

from voxwire.engines.llm.assistant.grammar import Match
from voxwire.engines.llm.assistant.skills.skill import Skill, SkillContext, skill
from voxwire.engines.llm.assistant.slots import NumberSlot, TextSlot
from voxwire.engines.llm.assistant.text import fold, sentence, typewritten

#: Counting aloud further takes more than a minute.
_COUNT_LIMIT: Final = 100
_SPELL_LIMIT: Final = 60


def _spell(match: Match, _situation: SkillContext) -> str:
    word = typewritten(match.one("word")).strip("\"'")
    letters = [c.upper() for c in fold(word) if c.isalnum()][:_SPELL_LIMIT]
    return f"{word}: {', '.join(letters)}."


def _repeat(match: Match, _situation: SkillContext) -> str:
    return sentence(match.one("text"))


def _count(match: Match, _situation: SkillContext) -> str:
    first = int(match.one("first", 1))
    last = int(match.one("last"))
    if abs(last - first) >= _COUNT_LIMIT:
        return f"That would take too long. I count at most {_COUNT_LIMIT} numbers."
    step = 1 if last >= first else -1
    return ", ".join(str(n) for n in range(first, last + step, step)) + "."


def _count_down(match: Match, _situation: SkillContext) -> str:
    first = int(match.one("last", 10))
    if first > _COUNT_LIMIT:
        return f"That would take too long. I count at most {_COUNT_LIMIT} numbers."
    return ", ".join(str(n) for n in range(first, -1, -1)) + "."


_NUMBER: Final = NumberSlot((*range(1, 21), 25, 30, 40, 50, 60, 70, 80, 90, 100), whole=True)

LETTERS: Final[tuple[Skill, ...]] = (
    skill(
        _spell,
        "(spell|how do you spell|how is|spell out) [the word] {word} [spelled|spelt|for me]",
        slots={"word": TextSlot(words=3)},
    ),
    skill(
        _repeat,
        "repeat [after me|the sentence|the words|this|the following|exactly] {text}",
        "say [after me|the words|the following|exactly] {text}",
        slots={"text": TextSlot()},
    ),
    skill(
        _count,
        "count [up] [from {first}] [up] to {last}",
        "count [aloud|up] to {last} [for me]",
        slots={"first": _NUMBER, "last": _NUMBER},
    ),
    skill(
        _count_down,
        "count (down|backwards) [from {last}] [to zero]",
        slots={"last": NumberSlot((3, 5, 10, 20), low=Fraction(0), whole=True)},
    ),
)
