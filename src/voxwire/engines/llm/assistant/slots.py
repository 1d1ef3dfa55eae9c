"""The general slots: numbers, choices, free text."""

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from voxwire.engines.llm.assistant.grammar import Filled
from voxwire.engines.llm.assistant.numbers import number_words, parse_number
from voxwire.engines.llm.assistant.text import Wording, plain_words


class NumberSlot:
    """A number in words or digits; values are fractions.

    `listed` are the whole numbers that `samples` names. A number out of `low` to `high`, or with a
    fraction where `whole` is asked for, is no match.
    """

    def __init__(
        self,
        listed: Sequence[int],
        *,
        low: Fraction | None = None,
        high: Fraction | None = None,
        whole: bool = False,
    ) -> None:
        self._samples = tuple(number_words(n) for n in listed)
        self._low, self._high, self._whole = low, high, whole

    def match(self, said: Wording, start: int) -> Iterator[Filled]:
        found = parse_number(said.words, start)
        if found is not None and self._fits(found[1]):
            yield Filled(*found)

    def samples(self) -> Sequence[str]:
        return self._samples

    def _fits(self, value: Fraction) -> bool:
        return not (
            (self._whole and value.denominator != 1)
            or (self._low is not None and value < self._low)
            or (self._high is not None and value > self._high)
        )


class ChoiceSlot:
    """One of a closed set: spoken form to value. `listed` are the forms to list, all by default."""

    def __init__(self, values: Mapping[str, Any], listed: Sequence[str] | None = None) -> None:
        self._samples = tuple(values) if listed is None else tuple(listed)
        self._values = {plain_words(spoken): value for spoken, value in values.items()}
        self._longest = max(map(len, self._values), default=0)

    def match(self, said: Wording, start: int) -> Iterator[Filled]:
        for length in range(min(self._longest, len(said) - start), 0, -1):
            words = said.words[start : start + length]
            if words in self._values:
                yield Filled(start + length, self._values[words])

    def samples(self) -> Sequence[str]:
        return self._samples


class TextSlot:
    """Free text of one word or more, as it was written; the longest first.

    Texts of `examples` count as known, all others as unchecked. `words` bounds the length.
    """

    def __init__(self, examples: Sequence[str] = (), *, words: int | None = None) -> None:
        self._samples = tuple(" ".join(plain_words(example)) for example in examples)
        self._known = {plain_words(example): example for example in examples}
        self._words = words
        self._longest = max(map(len, self._known), default=0)

    def match_known(self, said: Wording, start: int) -> Iterator[Filled]:
        """The examples that begin with the word at `start`, the longest first."""
        for end in range(min(len(said), start + self._longest), start, -1):
            example = self._known.get(said.words[start:end])
            if example is not None:
                yield Filled(end, example)

    def match(self, said: Wording, start: int) -> Iterator[Filled]:
        last = len(said) if self._words is None else min(len(said), start + self._words)
        for end in range(last, start, -1):
            example = self._known.get(said.words[start:end])
            yield Filled(end, example or said.written(start, end), example is not None)

    def samples(self) -> Sequence[str]:
        return self._samples
