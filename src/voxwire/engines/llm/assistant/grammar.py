"""Sentence templates: one notation that both recognises sentences and lists them.

    (what is|what's) the weather [like] (in|at) {place}

Words stand for themselves, `[...]` may be absent, `(a|b)` is a choice and `{name}` is a slot.
Matching answers "is this sentence meant?"; `sentences` lists examples, from which the recogniser
builds its language model, so that what is listed is always understood.

hassil, the template matcher of Home Assistant, was the alternative. It recognises as well, but
it cannot list a bounded, even sample of its sentences, and its slots know neither numbers in words
with decimals nor a gazetteer of 30,000 places without a text list of each; what remained to be used
of it is about this file's size.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice
from typing import Any, Final, Protocol

from voxwire.engines.llm.assistant.text import Wording, plain_words

_PIECE: Final = re.compile(r"[\[\]()|]|\{\w+\}|[^\s\[\]()|{}]+")
#: Steps between the listed variants of a template: a prime far from any template's number of
#: variants walks through all of them in an even order.
_STRIDE: Final = 104_729
#: Longer sentences are not matched, and no more readings of a shorter one are tried: two free texts
#: in one template cost the square of the length.
_MAX_WORDS: Final = 80
_MAX_READINGS: Final = 1_000
_PATIENCE: Final = 8


@dataclass(frozen=True, slots=True)
class Filled:
    """A slot's value, read from the words up to `end`.

    `known` is false for free text that the slot could not check against a vocabulary.
    """

    end: int
    value: Any
    known: bool = True


class Slot(Protocol):
    """A hole in a template."""

    def match(self, said: Wording, start: int) -> Iterator[Filled]:
        """Every value that begins with the word at `start`, the most likely first."""

    def samples(self) -> Sequence[str]:
        """Spoken forms that people may use, most likely first; empty where nobody can list them."""


Captures = tuple[tuple[str, Filled], ...]


@dataclass(frozen=True)
class Match:
    """A whole sentence understood. `values` holds every value of each slot, in spoken order."""

    values: Mapping[str, tuple[Any, ...]]
    known: bool

    def one(self, name: str, default: Any = None) -> Any:
        """The first value of a slot, or the default when the sentence did not fill it."""
        return self.values.get(name, (default,))[0]


class _Node(Protocol):
    @property
    def count(self) -> int:
        """How many variants there are to walk through, slots counted once; some may be alike."""

    def match(self, said: Wording, start: int) -> Iterator[tuple[int, Captures]]: ...

    def spell(self, index: int, out: list["str | _Gap"]) -> None:
        """Add variant number `index`, 0 to `count` - 1, to `out`: spoken words and gaps."""


@dataclass(frozen=True)
class _Words:
    spoken: str
    plain: tuple[str, ...]
    count: int = 1

    def match(self, said: Wording, start: int) -> Iterator[tuple[int, Captures]]:
        end = start + len(self.plain)
        if said.words[start:end] == self.plain:
            yield end, ()

    def spell(self, index: int, out: list["str | _Gap"]) -> None:
        out.append(self.spoken)


@dataclass(frozen=True)
class _Gap:
    name: str
    slot: Slot
    count: int = 1

    def match(self, said: Wording, start: int) -> Iterator[tuple[int, Captures]]:
        if start < len(said):
            for filled in self.slot.match(said, start):
                yield filled.end, ((self.name, filled),)

    def spell(self, index: int, out: list["str | _Gap"]) -> None:
        out.append(self)


@dataclass(frozen=True)
class _Choice:
    options: tuple[_Node, ...]
    count: int = field(init=False)

    def __post_init__(self) -> None:
        # Every option has the same share of the variants, however many it has itself: so an order
        # of "(the|(a|an|my))" says that "the" is as frequent as the others together.
        most = max(option.count for option in self.options)
        object.__setattr__(self, "count", most * len(self.options))

    def match(self, said: Wording, start: int) -> Iterator[tuple[int, Captures]]:
        for option in self.options:
            yield from option.match(said, start)

    def spell(self, index: int, out: list["str | _Gap"]) -> None:
        index, which = divmod(index, len(self.options))
        option = self.options[which]
        option.spell(index % option.count, out)


@dataclass(frozen=True)
class _Sequence:
    parts: tuple[_Node, ...]
    count: int = field(init=False)

    def __post_init__(self) -> None:
        product = 1
        for part in self.parts:
            product *= part.count
        object.__setattr__(self, "count", product)

    def match(self, said: Wording, start: int, part: int = 0) -> Iterator[tuple[int, Captures]]:
        if part == len(self.parts):
            yield start, ()
            return
        for middle, first in self.parts[part].match(said, start):
            for end, rest in self.match(said, middle, part + 1):
                yield end, first + rest

    def spell(self, index: int, out: list["str | _Gap"]) -> None:
        for part in self.parts:
            index, own = divmod(index, part.count)
            part.spell(own, out)


class Template:
    """One sentence template; `slots` gives the slot of every `{name}` in it, or a template to put there."""

    def __init__(self, text: str, slots: Mapping[str, "Slot | Template"] | None = None) -> None:
        self.text = text
        self._pieces = _PIECE.findall(text)
        self._at = 0
        self._slots = slots or {}
        self._gaps: list[_Gap] = []
        self._root = self._choice()
        if self._at != len(self._pieces):
            raise ValueError(f"unbalanced template: {text}")

    def match(self, said: Wording) -> Match | None:
        """Read the whole utterance, or None. A reading with all slots known is preferred."""
        if len(said) > _MAX_WORDS:
            return None
        best: Captures | None = None
        for end, captures in islice(self._root.match(said, 0), _MAX_READINGS):
            if end != len(said):
                continue
            if all(filled.known for _, filled in captures):
                return _as_match(captures, known=True)
            best = captures if best is None else best
        return None if best is None else _as_match(best, known=False)

    def sentences(self, *, variants: int, repeats: int = 1) -> Iterator[str]:
        """Sample sentences in a fixed order, without those whose slots have no samples.

        As many shapes as `variants`, where the template has them, and on until every sample of every
        slot was in `repeats` sentences.
        """
        samples = {gap.name: gap.slot.samples() for gap in self._gaps}
        used = dict.fromkeys(samples, 0)
        shapes = min(variants, self._root.count)
        # A slot in few of the shapes is not waited for without end.
        most = max((len(values) for values in samples.values()), default=0) * repeats * _PATIENCE
        for number in range(shapes + most):
            if number >= shapes and all(used[name] >= len(values) * repeats for name, values in samples.items()):
                return
            shape: list[str | _Gap] = []
            self._root.spell(number * _STRIDE % self._root.count, shape)
            words = []
            for piece in shape:
                if isinstance(piece, str):
                    words.append(piece)
                elif values := samples[piece.name]:
                    # Each round begins one sample later, or a value would meet the same shape every time.
                    turn, place = divmod(used[piece.name], len(values))
                    words.append(values[(turn + place) % len(values)])
                    used[piece.name] += 1
                else:
                    break
            else:
                yield " ".join(words)

    def _choice(self) -> _Node:
        options = [self._sequence()]
        while self._peek() == "|":
            self._at += 1
            options.append(self._sequence())
        return options[0] if len(options) == 1 else _Choice(tuple(options))

    def _sequence(self) -> _Node:
        parts: list[_Node] = []
        while (piece := self._peek()) not in (None, "|", ")", "]"):
            assert piece is not None
            self._at += 1
            if piece in ("(", "["):
                inner = self._group()
                if self._peek() != {"(": ")", "[": "]"}[piece]:
                    raise ValueError(f"unbalanced template: {self.text}")
                self._at += 1
                parts.append(inner if piece == "(" else _Choice((inner, _NOTHING)))
            elif piece.startswith("{"):
                parts.append(self._filler(piece[1:-1]))
            else:
                parts.append(_words(piece))
        return parts[0] if len(parts) == 1 else _Sequence(tuple(parts))

    def _group(self) -> _Node:
        """What stands between brackets."""
        depth, end = 1, self._at
        while depth and end < len(self._pieces):
            piece = self._pieces[end]
            depth += (piece in ("(", "[")) - (piece in (")", "]"))
            if piece.startswith("{"):
                return self._choice()
            end += 1
        if depth:
            raise ValueError(f"unbalanced template: {self.text}")
        constant = _constant(" ".join(self._pieces[self._at : end - 1]))
        self._at = end - 1
        return constant

    def _filler(self, name: str) -> _Node:
        slot = self._slots[name]
        if isinstance(slot, Template):
            self._gaps += slot._gaps
            return slot._root
        self._gaps.append(_Gap(name, slot))
        return self._gaps[-1]

    def _peek(self) -> str | None:
        return self._pieces[self._at] if self._at < len(self._pieces) else None


# A hundred functions make a hundred thousand nodes, most of them alike ("can you please"), and the garbage
# collector looks at each for as long as the session's settings are kept: so those without slots are shared.


@lru_cache(maxsize=4096)
def _words(piece: str) -> _Words:
    return _Words(piece, plain_words(piece))


@lru_cache(maxsize=2048)
def _constant(text: str) -> _Node:
    """A part of a template without slots."""
    return Template(text)._root


_NOTHING: Final = _Sequence(())


def in_turn(sources: Iterable[Iterable[str]]) -> Iterator[str]:
    """One sentence of each source in turn until all are spent, so that any beginning is a fair sample."""
    waiting = [iter(source) for source in sources]
    while waiting:
        still = []
        for source in waiting:
            for sentence in source:
                yield sentence
                still.append(source)
                break
        waiting = still


def _as_match(captures: Captures, *, known: bool) -> Match:
    values: dict[str, tuple[Any, ...]] = {}
    for name, filled in captures:
        values[name] = (*values.get(name, ()), filled.value)
    return Match(values, known)
