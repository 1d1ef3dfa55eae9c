"""Coin and dice, decided by a checksum of the conversation.

A deterministic assistant has no chance to offer and says so; the same conversation falls the same way.
"""

from fractions import Fraction
from typing import Final

from voxwire.engines.llm.assistant.grammar import Match
from voxwire.engines.llm.assistant.skills.skill import Skill, SkillContext, skill
from voxwire.engines.llm.assistant.slots import NumberSlot

_HONESTY: Final = "I work that out from our conversation; it is not random."


def _coin(_match: Match, context: SkillContext) -> str:
    return f"{('Heads', 'Tails')[context.conversation % 2]}. {_HONESTY}"


def _die(match: Match, context: SkillContext) -> str:
    sides = int(match.one("sides", 6))
    return f"{context.conversation % sides + 1}. {_HONESTY}"


def _pick(match: Match, context: SkillContext) -> str:
    low, high = sorted((int(match.one("low", 1)), int(match.one("high", 10))))
    return f"{low + context.conversation % (high - low + 1)}. {_HONESTY}"


_LOW: Final = NumberSlot(range(1, 10), whole=True)
_HIGH: Final = NumberSlot((10, 12, 20, 50, 100), whole=True)

CHANCE: Final[tuple[Skill, ...]] = (
    skill(_coin, "(flip|toss|throw) (a|the) coin [for me]", "heads or tails"),
    skill(
        _die,
        "(roll|throw) (a|the|one) (die|dice) [for me]",
        "(roll|throw) (a|the|one) {sides} sided (die|dice)",
        "(roll|throw) [the] dice",
        slots={"sides": NumberSlot((4, 6, 8, 10, 12, 20), low=Fraction(2), whole=True)},
    ),
    skill(
        _pick,
        "(pick|give me|choose|tell me|think of) a [random] number [between {low} and {high}]",
        "(pick|give me|choose|tell me|think of) a [random] number from {low} to {high}",
        slots={"low": _LOW, "high": _HIGH},
    ),
)
