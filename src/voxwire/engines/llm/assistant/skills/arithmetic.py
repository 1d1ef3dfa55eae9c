"""Arithmetic on spoken and written expressions.

expression = term   { (plus | minus | ...) term }
term       = factor { (times | divided by | ...) factor }
factor     = "square root of" factor | number [percent of factor] { squared | cubed | to the power of factor }
"""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import Final

from voxwire.engines.llm.assistant.grammar import Filled, Match
from voxwire.engines.llm.assistant.numbers import LARGEST, number_words, parse_number, say_number
from voxwire.engines.llm.assistant.skills.skill import Skill, SkillContext, skill
from voxwire.engines.llm.assistant.text import Wording, sentence

_Operators = dict[tuple[str, ...], int]
_ADD: Final[_Operators] = {
    ("plus",): 1,
    ("added", "to"): 1,
    ("and",): 1,
    ("minus",): -1,
    ("less",): -1,
    ("take", "away"): -1,
}
_MULTIPLY: Final[_Operators] = {
    ("times",): 1, ("multiplied", "by"): 1, ("x",): 1, ("divided", "by"): -1, ("over",): -1, ("by",): 1,
}  # fmt: skip
_ROOTS: Final[_Operators] = {("square", "root", "of"): 2, ("root", "of"): 2, ("cube", "root", "of"): 3}
_POWERS: Final[_Operators] = {("squared",): 2, ("cubed",): 3}
_POWER_OF: Final = (("to", "the", "power", "of"), ("to", "the", "power"), ("raised", "to"))
_LARGEST_EXPONENT: Final = 64


class _Unanswerable(Exception):
    """An expression without a value; the text says why."""


Value = Fraction | _Unanswerable


class ExpressionSlot:
    """An expression with at least one operator; the value is a fraction, or why there is none."""

    def __init__(self) -> None:
        self._samples = tuple(_examples())

    def match(self, said: Wording, start: int) -> Iterator[Filled]:
        reader = _Reader(said.words, start)
        try:
            value: Value | None = reader.expression()
        except _Unanswerable as why:
            value = why
        if value is not None and reader.operators:
            yield Filled(reader.at, value)

    def samples(self) -> Sequence[str]:
        return self._samples


def _examples() -> Iterator[str]:
    """Every number word in every kind of place, rather than every pair of numbers."""
    shapes = (
        "{a} plus {b}", "{a} times {b}", "{a} minus {b}", "{a} divided by {b}", "{b} multiplied by {a}",
        "{a} percent of {b}", "the square root of {a}", "{b} squared", "{a} plus {b} minus {c}",
        "{c} times {a} plus {b}", "{a} point {c} times {b}",
    )  # fmt: skip
    numbers = [(n, 37 * n % 101, n % 10) for n in range(101)] + [(100 * n, 10 * n + 100, n) for n in range(1, 10)]
    for turn in range(4):
        for at, (a, b, c) in enumerate(numbers):
            yield shapes[(at + turn) % len(shapes)].format(a=number_words(a), b=number_words(b), c=number_words(c))
    for a in range(2, 13):  # the tables that people learn by heart
        for b in range(2, 13):
            yield f"{number_words(a)} times {number_words(b)}"


class _Reader:
    """Recursive descent over plain words; `at` is where reading stopped."""

    def __init__(self, words: tuple[str, ...], start: int) -> None:
        self._words = words
        self.at = start
        self.operators = 0

    def expression(self) -> Fraction | None:
        left = self._term()
        while left is not None and (found := self._operator(_ADD)):
            before, sign = found
            right = self._term()
            if right is None:
                return self._back(before, left)
            left = _bounded(left + sign * right)
        return left

    def _term(self) -> Fraction | None:
        left = self._factor()
        while left is not None and (found := self._operator(_MULTIPLY)):
            before, sign = found
            right = self._factor()
            if right is None:
                return self._back(before, left)
            if sign < 0 and right == 0:
                raise _Unanswerable("I cannot divide by zero")
            left = _bounded(left * right if sign > 0 else left / right)
        return left

    def _factor(self) -> Fraction | None:
        start = self.at
        self.at += self._next("the")
        root = self._operator(_ROOTS)
        if root is not None:
            inner = self._factor()
            return self._back(start, None) if inner is None else _root(inner, root[1])
        found = parse_number(self._words, self.at)
        if found is None:
            return self._back(start, None)
        self.at, value = found
        before = self.at
        if self._next("percent") or self._words[self.at : self.at + 2] == ("per", "cent"):
            self.at += 1 if self._next("percent") else 2
            if self._next("of"):
                self.at += 1
                whole = self._factor()
                if whole is not None:
                    self.operators += 1
                    return _bounded(value * whole / 100)
            self.at = before
        while (power := self._operator(_POWERS)) is not None:
            value = _bounded(value ** power[1])
        for words in _POWER_OF:
            end = self.at + len(words)
            exponent = parse_number(self._words, end) if self._words[self.at : end] == words else None
            if exponent is not None:
                self.at, self.operators = exponent[0], self.operators + 1
                return _power(value, exponent[1])
        return value

    def _operator(self, table: _Operators) -> tuple[int, int] | None:
        """Read an operator: (where it began, its meaning)."""
        for words, meaning in table.items():
            if self._words[self.at : self.at + len(words)] == words:
                before, self.at = self.at, self.at + len(words)
                self.operators += 1
                return before, meaning
        return None

    def _next(self, word: str) -> bool:
        return self._words[self.at : self.at + 1] == (word,)

    def _back(self, to: int, value: Fraction | None) -> Fraction | None:
        """An operator without an operand was not one."""
        self.at = to
        self.operators -= value is not None
        return value


def _bounded(value: Fraction) -> Fraction:
    # A tiny denominator is as costly as a huge numerator.
    if abs(value) > LARGEST or value.denominator > LARGEST**4:
        raise _Unanswerable("That number is too large for me")
    return value


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1 or abs(exponent) > _LARGEST_EXPONENT:
        raise _Unanswerable("That number is too large for me")
    if base == 0 and exponent < 0:
        raise _Unanswerable("I cannot divide by zero")
    return _bounded(base**exponent.numerator)


def _root(value: Fraction, degree: int) -> Fraction:
    if value < 0:
        raise _Unanswerable(
            "A negative number has no real root" if degree == 2 else "I take roots of positive numbers only"
        )
    exact = round(float(value) ** (1 / degree))
    if exact**degree == value:
        return Fraction(exact)
    return Fraction(math.sqrt(value) if degree == 2 else math.cbrt(value))


def _answer(match: Match, _situation: SkillContext) -> str:
    value: Value = match.one("expression")
    return sentence(str(value)) if isinstance(value, _Unanswerable) else f"That is {say_number(value)}."


ARITHMETIC: Final[tuple[Skill, ...]] = (
    skill(
        _answer,
        "[what is|what's|(how much is|calculate|compute|work out|solve|what does)] {expression} [equal|equals|make]",
        slots={"expression": ExpressionSlot()},
        repeats=1,
    ),
)
