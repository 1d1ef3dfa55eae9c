"""Unit conversion. Factors are exact by definition (international yard and pound, US customary volumes).

Both spellings are understood; answers use the American one, like the embedded voices.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from typing import Final

from voxwire.engines.llm.assistant.grammar import Filled, Match, Slot
from voxwire.engines.llm.assistant.numbers import LARGEST, number_words, say_number
from voxwire.engines.llm.assistant.skills.skill import Skill, SkillContext, skill
from voxwire.engines.llm.assistant.slots import ChoiceSlot, NumberSlot
from voxwire.engines.llm.assistant.text import Wording


class Dimension(Enum):
    LENGTH = "length"
    WEIGHT = "weight"
    VOLUME = "volume"
    SPEED = "speed"
    TIME = "time"
    TEMPERATURE = "temperature"


@dataclass(frozen=True, slots=True)
class Unit:
    """`size` in the dimension's base unit (metre, gram, litre, metre a second, second, kelvin); `zero` in kelvins."""

    singular: str
    plural: str
    dimension: Dimension
    size: Fraction
    zero: Fraction = Fraction(0)


def _unit(names: str, dimension: Dimension, size: str, zero: str = "0") -> tuple[Unit, tuple[str, ...]]:
    """A unit from "singular, plural, other names ..."."""
    singular, plural, *others = names.split(", ")
    return Unit(singular, plural, dimension, Fraction(size), Fraction(zero)), (singular, plural, *others)


_LENGTH, _WEIGHT, _VOLUME = Dimension.LENGTH, Dimension.WEIGHT, Dimension.VOLUME
_SPEED, _TIME, _TEMPERATURE = Dimension.SPEED, Dimension.TIME, Dimension.TEMPERATURE
_TABLE: Final = (
    _unit("millimeter, millimeters, millimetre, millimetres, mm", _LENGTH, "0.001"),
    _unit("centimeter, centimeters, centimetre, centimetres, cm", _LENGTH, "0.01"),
    _unit("meter, meters, metre, metres, m", _LENGTH, "1"),
    _unit("kilometer, kilometers, kilometre, kilometres, km", _LENGTH, "1000"),
    _unit("inch, inches", _LENGTH, "0.0254"),
    _unit("foot, feet, ft", _LENGTH, "0.3048"),
    _unit("yard, yards, yd", _LENGTH, "0.9144"),
    _unit("mile, miles, mi", _LENGTH, "1609.344"),
    _unit("milligram, milligrams, mg", _WEIGHT, "0.001"),
    _unit("gram, grams, gramme, grammes, g", _WEIGHT, "1"),
    _unit("kilogram, kilograms, kilo, kilos, kg", _WEIGHT, "1000"),
    _unit("tonne, tonnes, metric ton, metric tons", _WEIGHT, "1000000"),
    _unit("ounce, ounces, oz", _WEIGHT, "28.349523125"),
    _unit("pound, pounds, lb, lbs", _WEIGHT, "453.59237"),
    _unit("stone, stone, stones", _WEIGHT, "6350.29318"),
    _unit("milliliter, milliliters, millilitre, millilitres, ml", _VOLUME, "0.001"),
    _unit("liter, liters, litre, litres, l", _VOLUME, "1"),
    _unit("teaspoon, teaspoons, tsp", _VOLUME, "0.00492892159375"),
    _unit("tablespoon, tablespoons, tbsp", _VOLUME, "0.01478676478125"),
    _unit("fluid ounce, fluid ounces", _VOLUME, "0.0295735295625"),
    _unit("cup, cups", _VOLUME, "0.2365882365"),
    _unit("pint, pints", _VOLUME, "0.473176473"),
    _unit("quart, quarts", _VOLUME, "0.946352946"),
    _unit("gallon, gallons, gal", _VOLUME, "3.785411784"),
    _unit("meter per second, meters per second, metre per second, metres per second, m s", _SPEED, "1"),
    _unit(
        "kilometer per hour, kilometers per hour, kilometre per hour, kilometres per hour, kilometres an hour, "
        "kilometers an hour, kph, km h, kmh",
        _SPEED,
        "5/18",
    ),
    _unit("mile per hour, miles per hour, miles an hour, mph", _SPEED, "0.44704"),
    _unit("knot, knots", _SPEED, "463/900"),
    _unit("second, seconds", _TIME, "1"),
    _unit("minute, minutes", _TIME, "60"),
    _unit("hour, hours", _TIME, "3600"),
    _unit("day, days", _TIME, "86400"),
    _unit("week, weeks", _TIME, "604800"),
    _unit(
        "degree Celsius, degrees Celsius, centigrade, celsius, degrees c, c",
        _TEMPERATURE,
        "1",
        "273.15",
    ),
    _unit("degree Fahrenheit, degrees Fahrenheit, degrees f, fahrenheit, f", _TEMPERATURE, "5/9", "45967/180"),
    _unit("kelvin, kelvins, degrees kelvin, k", _TEMPERATURE, "1"),
)
UNIT_NAMES: Final = {name.lower(): unit for unit, names in _TABLE for name in names}


@dataclass(frozen=True, slots=True)
class Conversion:
    """So much of one unit, asked for in another of the same dimension."""

    amount: Fraction
    source: Unit
    target: Unit


class ConversionSlot:
    """An amount and two units: "ten miles in kilometres", or with `target_first` "kilometres are in ten miles".

    One slot rather than three, because only units of one dimension belong together.
    """

    _AMOUNT: Final = NumberSlot(())
    _UNIT: Final = ChoiceSlot(UNIT_NAMES)

    def __init__(self, *, target_first: bool) -> None:
        self._target_first = target_first
        shapes = (
            ("{t} are in {a} {s}", "{t} are there in {a} {s}") if target_first else ("{a} {s} in {t}", "{a} {s} to {t}")
        )
        self._samples = tuple(_examples(shapes))

    def match(self, said: Wording, start: int) -> Iterator[Filled]:
        read = self._backward if self._target_first else self._forward
        for end, asked in read(said, start):
            if asked.source.dimension is asked.target.dimension:
                yield Filled(end, asked)

    def samples(self) -> Sequence[str]:
        return self._samples

    def _forward(self, said: Wording, start: int) -> Iterator[tuple[int, Conversion]]:
        for at, amount, source in self._quantities(said, start):
            if said.words[at : at + 1] in (("to",), ("in",), ("into",), ("as",)):
                for target in _after(self._UNIT, said, at + 1):
                    yield target.end, Conversion(amount, source, target.value)

    def _backward(self, said: Wording, start: int) -> Iterator[tuple[int, Conversion]]:
        for target in self._UNIT.match(said, start):
            at = target.end
            at += said.words[at : at + 1] in (("are",), ("is",), ("make",), ("equal",))
            at += said.words[at : at + 1] == ("there",)
            at += said.words[at : at + 1] == ("in",)
            for end, amount, source in self._quantities(said, at) if at > target.end else ():
                yield end, Conversion(amount, source, target.value)

    def _quantities(self, said: Wording, at: int) -> Iterator[tuple[int, Fraction, Unit]]:
        """An amount with its unit; "a mile" is one."""
        amounts = [(filled.end, filled.value) for filled in _after(self._AMOUNT, said, at)]
        if said.words[at : at + 1] in (("a",), ("an",)):
            amounts.append((at + 1, Fraction(1)))
        for end, amount in amounts:
            for unit in _after(self._UNIT, said, end):
                yield unit.end, amount, unit.value


def _after(slot: Slot, said: Wording, at: int) -> Iterator[Filled]:
    return slot.match(said, at) if at < len(said) else iter(())


def _examples(shapes: Sequence[str]) -> Iterator[str]:
    """Every unit of more than a few letters (abbreviations are for reading), with many amounts."""
    plurals = [name.lower() for _, names in _TABLE for name in names[1::2] if len(name) > 2]
    groups = [[name for name in plurals if UNIT_NAMES[name].dimension is dimension] for dimension in Dimension]
    amounts = [number_words(n) for n in (*range(2, 21), *range(25, 101, 5), 120, 150, 200, 212, 250, 300, 500, 1000)]
    for number, amount in enumerate(amounts):
        for group in groups:
            source = group[number % len(group)]
            target = group[(number * 3 + 1 + number // len(group)) % len(group)]
            if UNIT_NAMES[source] is not UNIT_NAMES[target]:
                yield shapes[number % len(shapes)].format(a=amount, s=source, t=target)


def convert_units(asked: Conversion) -> Fraction:
    """The amount in the target unit, exactly."""
    base = asked.amount * asked.source.size + asked.source.zero
    return (base - asked.target.zero) / asked.target.size


def _answer(match: Match, _situation: SkillContext) -> str:
    asked: Conversion = match.one("conversion")
    result = convert_units(asked)
    if asked.source.dimension is Dimension.TEMPERATURE and asked.amount * asked.source.size + asked.source.zero < 0:
        return "That is colder than absolute zero."
    if abs(result) > LARGEST:
        return "That number is too large for me."
    return f"{_say(asked.amount, asked.source)} is {_say(result, asked.target)}."


def _say(amount: Fraction, unit: Unit) -> str:
    amount = round(amount, 2) if abs(amount) >= 1 else amount
    return f"{say_number(amount)} {unit.singular if amount == 1 else unit.plural}"


UNITS: Final[tuple[Skill, ...]] = (
    skill(
        _answer,
        "[what is|what's|convert|(how much is|change)] {conversion}",
        slots={"conversion": ConversionSlot(target_first=False)},
    ),
    skill(
        _answer,
        "how many {conversion}",
        slots={"conversion": ConversionSlot(target_first=True)},
    ),
)
