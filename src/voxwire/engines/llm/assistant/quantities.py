"""Numbers with a unit, where a function's parameter fixes which."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction

from voxwire.engines.llm.assistant.grammar import Filled
from voxwire.engines.llm.assistant.skills.units import UNIT_NAMES, Conversion, Unit, convert_units
from voxwire.engines.llm.assistant.slots import ChoiceSlot, NumberSlot
from voxwire.engines.llm.assistant.text import Wording


def unit_in(words: Iterable[str]) -> Unit | None:
    """The first unit that a name ("duration", "seconds") or a description ("in", "seconds") speaks of."""
    return next((UNIT_NAMES[word] for word in words if len(word) > 3 and word in UNIT_NAMES), None)


class QuantitySlot:
    """ "five minutes" fills a parameter in seconds with 300, and so does "300" or "four minutes and sixty seconds".

    `accept` says whether a value in the parameter's unit may stand.
    """

    def __init__(self, unit: Unit, number: NumberSlot, accept: Callable[[Fraction], bool]) -> None:
        self.unit, self._number, self._accept = unit, number, accept
        self._units = ChoiceSlot({name: u for name, u in UNIT_NAMES.items() if u.dimension is unit.dimension})
        spoken = [
            name
            for name, u in UNIT_NAMES.items()
            if u.dimension is unit.dimension and len(name) > 3 and name.endswith("s")
        ]
        own = [name for name in spoken if UNIT_NAMES[name] is unit][:1] or spoken[:1]
        self._samples = tuple(
            f"{n} {name}" for n in number.samples()[1:61] for name in (*own, spoken[len(n) % len(spoken)])
        )

    def match(self, said: Wording, start: int) -> Iterator[Filled]:
        at, total, unit_said = start, Fraction(0), False
        while at < len(said):
            number = next(self._number.match(said, at), None)
            if number is None:
                break
            unit = next(self._units.match(said, number.end), None) if number.end < len(said) else None
            if unit is None:
                if not unit_said and self._accept(number.value):
                    yield Filled(number.end, number.value)
                break
            total += convert_units(Conversion(number.value, unit.value, self.unit))
            at, unit_said = unit.end, True
            if self._accept(total):
                yield Filled(at, total)
            at += said.words[at : at + 1] == ("and",)

    def samples(self) -> Sequence[str]:
        return self._samples
