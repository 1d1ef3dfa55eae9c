"""Regular expressions of JSON Schema (`pattern`), matched in bounded time.

A schema is the client's, and so is its pattern: with `re`, "(a+)+$" takes longer than anybody lives.
This is the ECMA-262 dialect without back-references, look-behinds and Unicode properties, run by
following all ways through the pattern at once, so that time grows with text times pattern.
It can also write a text that fits, which a backtracking matcher cannot.
"""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from voxwire.engines.llm.assistant.effort import Effort

#: Far more than the patterns of e-mail addresses and UUIDs that zod writes.
_MAX_STATES: Final = 600
_MAX_DEPTH: Final = 24
_LAST: Final = 0x10FFFF
#: Different texts to write for one pattern.
_VARIANTS: Final = 8

Ranges = tuple[tuple[int, int], ...]

_DIGITS: Final[Ranges] = ((48, 57),)
_WORD: Final[Ranges] = ((97, 122), (65, 90), (48, 57), (95, 95))
_SPACE: Final[Ranges] = ((32, 32), (9, 13), (0xA0, 0xA0), (0x2028, 0x2029))
_LINE_ENDS: Final[Ranges] = ((10, 10), (13, 13), (0x2028, 0x2029))
_CONTROLS: Final = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}
_COUNT: Final = re.compile(r"\{(\d{1,4})(,(\d{1,4})?)?\}")
_HEX: Final = re.compile(r"x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|u\{([0-9a-fA-F]{1,6})\}")
_GROUP: Final = re.compile(r"\((\?:|\?=|\?!|\?P?<[A-Za-z]\w*>)?")


class _Unsupported(Exception):
    """Syntax that this matcher leaves out, or a pattern that is too large."""


@dataclass(frozen=True)
class _Chars:
    """One character of a set."""

    ranges: Ranges
    negated: bool = False

    def holds(self, char: str) -> bool:
        code = ord(char)
        return any(low <= code <= high for low, high in self.ranges) is not self.negated

    @lru_cache(maxsize=1024)  # noqa: B019 - a value, small and without a life of its own
    def sample(self, variant: int) -> str:
        """One of the characters; another one for another variant, where there are more."""
        near = [code for low, high in self.ranges for code in range(low, min(high, low + _VARIANTS) + 1)]
        wanted = [*b"abcdefg0 -.A~", 0xE9, 0x4E00] if self.negated else near
        fitting = [chr(code) for code in wanted if self.holds(chr(code))]
        return fitting[variant % len(fitting)] if fitting else ""


@dataclass(frozen=True)
class _Place:
    """A condition on the place in the text: "^", "$", "b" or "B"."""

    kind: str


@dataclass(frozen=True)
class _Look:
    node: "_Node"
    wanted: bool


@dataclass(frozen=True)
class _Either:
    options: tuple["_Node", ...]


@dataclass(frozen=True)
class _Row:
    parts: tuple["_Node", ...]


@dataclass(frozen=True)
class _Repeat:
    node: "_Node"
    least: int
    most: int | None


_Node = _Chars | _Place | _Look | _Either | _Row | _Repeat


@lru_cache(maxsize=256)
def pattern(text: str) -> "Pattern | None":
    """The pattern, or None when it cannot be matched here."""
    try:
        return Pattern(_Reader(text).whole())
    except _Unsupported:
        return None


class Pattern:
    """States joined by their successors; state 0 is the end."""

    def __init__(self, node: _Node) -> None:
        self._states: list[tuple[_Node | None, tuple[int, ...]]] = [(None, ())]
        self._looks: dict[int, Pattern] = {}
        self._start = self._add(node, 0)

    def found_in(self, text: str, effort: Effort) -> bool:
        """Whether any part of the text fits. Raises TooMuch."""
        return self._run(_Run(text, effort), 0, anywhere=True)

    def examples(self, effort: Effort, shortest: int = 0) -> Iterator[str]:
        """Short texts of at least `shortest` characters that fit, look-aheads aside; a few different ones."""
        for variant in range(_VARIANTS):
            yield from self._shortest(effort, shortest, variant)

    def _shortest(self, effort: Effort, shortest: int, variant: int) -> Iterator[str]:
        waiting = deque([(self._start, "")])
        seen = {(self._start, 0)}
        while waiting:
            effort.spend(2)
            state, text = waiting.popleft()
            node, successors = self._states[state]
            if state == 0 and len(text) >= shortest:
                yield text
            char = node.sample(variant) if isinstance(node, _Chars) else ""
            for successor in successors:
                key = (successor, min(len(text) + len(char), shortest))
                if key not in seen:
                    seen.add(key)
                    waiting.append((successor, text + char))

    def _add(self, node: _Node, after: int) -> int:
        """Add the states of a node that goes on at `after`; the number of its first one."""
        match node:
            case _Row(parts):
                for part in reversed(parts):
                    after = self._add(part, after)
                return after
            case _Either(options):
                return self._state(None, *(self._add(option, after) for option in options))
            case _Repeat(inner, least, None):
                loop = self._state(None)
                self._states[loop] = (None, (self._add(inner, loop), after))
                for _ in range(least):
                    loop = self._add(inner, loop)
                return loop
            case _Repeat(inner, least, most):
                end = after
                for _ in range((most or 0) - least):
                    after = self._state(None, self._add(inner, after), end)
                for _ in range(least):
                    after = self._add(inner, after)
                return after
            case _Look(inner, _):
                state = self._state(node, after)
                self._looks[state] = Pattern(inner)
                return state
            case _:
                return self._state(node, after)

    def _state(self, node: _Node | None, *successors: int) -> int:
        if len(self._states) >= _MAX_STATES:
            raise _Unsupported
        self._states.append((node, successors))
        return len(self._states) - 1

    def _run(self, run: "_Run", start: int, *, anywhere: bool) -> bool:
        current: set[int] = set()
        for at in range(start, len(run.text) + 1):
            if anywhere or at == start:
                self._reach(self._start, at, run, current)
            if 0 in current:
                return True
            if not (current or anywhere):
                return False
            following: set[int] = set()
            run.effort.spend(len(current))
            for state in current:
                node, successors = self._states[state]
                if isinstance(node, _Chars) and at < len(run.text) and node.holds(run.text[at]):
                    self._reach(successors[0], at + 1, run, following)
            current = following
        return False

    def _reach(self, state: int, at: int, run: "_Run", reached: set[int]) -> None:
        """Add the state, and all that follow it without a character."""
        waiting = [state]
        while waiting:
            state = waiting.pop()
            if state in reached:
                continue
            reached.add(state)
            run.effort.spend(1)
            node, successors = self._states[state]
            if node is None or (isinstance(node, _Place) and run.stands(node.kind, at)):
                waiting += successors
            elif isinstance(node, _Look):
                met = self._looks[state]._run(run, at, anywhere=False)
                if met is node.wanted:
                    waiting += successors


@dataclass
class _Run:
    text: str
    effort: Effort

    def stands(self, kind: str, at: int) -> bool:
        if kind == "^":
            return at == 0
        if kind == "$":
            return at == len(self.text)
        word = _Chars(_WORD)
        before = at > 0 and word.holds(self.text[at - 1])
        after = at < len(self.text) and word.holds(self.text[at])
        return (before is not after) is (kind == "b")


class _Reader:
    """Recursive descent over the pattern's text."""

    def __init__(self, text: str) -> None:
        if len(text) > 2_000:
            raise _Unsupported
        self._text = text
        self._at = 0
        self._depth = 0

    def whole(self) -> _Node:
        node = self._either()
        if self._at < len(self._text):
            raise _Unsupported  # a closing parenthesis too many
        return node

    def _either(self) -> _Node:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise _Unsupported
        options = [self._row()]
        while self._skip("|"):
            options.append(self._row())
        self._depth -= 1
        return options[0] if len(options) == 1 else _Either(tuple(options))

    def _row(self) -> _Node:
        parts: list[_Node] = []
        while self._at < len(self._text) and self._text[self._at] not in "|)":
            parts.append(self._repeated(self._atom()))
        return _Row(tuple(parts))

    def _repeated(self, node: _Node) -> _Node:
        count = _COUNT.match(self._text, self._at)
        if count:
            self._at = count.end()
            least = int(count[1])
            most = (int(count[3]) if count[3] else None) if count[2] else least
        elif self._at < len(self._text) and self._text[self._at] in "*+?":
            least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[self._next()]
        else:
            return node
        self._skip("?")  # a lazy quantifier finds the same texts
        if isinstance(node, _Place | _Look) or (most is not None and most < least):
            raise _Unsupported
        return _Repeat(node, least, most)

    def _atom(self) -> _Node:
        group = _GROUP.match(self._text, self._at)
        if group:
            return self._group(group)
        char = self._next()
        if char in "^$":
            return _Place(char)
        if char == ".":
            return _Chars(_LINE_ENDS, negated=True)
        if char == "[":
            return self._set()
        if char in "*+?":
            raise _Unsupported
        if char != "\\":
            return _Chars(((ord(char), ord(char)),))
        if self._text[self._at : self._at + 1] in ("b", "B"):
            return _Place(self._next())
        return self._escape()

    def _group(self, group: "re.Match[str]") -> _Node:
        self._at = group.end()
        if group[1] is None and self._text[self._at : self._at + 1] == "?":
            raise _Unsupported  # a look-behind or a flag
        node = self._either()
        if not self._skip(")"):
            raise _Unsupported
        return _Look(node, group[1] == "?=") if group[1] in ("?=", "?!") else node

    def _set(self) -> _Node:
        negated = self._skip("^")
        ranges: list[tuple[int, int]] = []
        while not self._skip("]"):
            first = self._set_member()
            if self._text[self._at : self._at + 1] == "-" and self._text[self._at + 1 : self._at + 2] not in ("]", ""):
                self._at += 1
                last = self._set_member()
                if len(first) > 1 or len(last) > 1 or first[0][0] > last[0][0]:
                    raise _Unsupported
                ranges.append((first[0][0], last[0][0]))
            else:
                ranges += first
        return _Chars(tuple(ranges), negated)

    def _set_member(self) -> Ranges:
        char = self._next()
        if char != "\\":
            return ((ord(char), ord(char)),)
        if self._skip("b"):
            return ((8, 8),)
        escaped = self._escape()
        return _complement(escaped.ranges) if escaped.negated else escaped.ranges

    def _escape(self) -> _Chars:
        hexadecimal = _HEX.match(self._text, self._at)
        if hexadecimal:
            self._at = hexadecimal.end()
            code = int(hexadecimal[1] or hexadecimal[2] or hexadecimal[3], 16)
            if code > _LAST:
                raise _Unsupported
            return _Chars(((code, code),))
        char = self._next()
        for name, ranges in (("d", _DIGITS), ("w", _WORD), ("s", _SPACE)):
            if char.lower() == name:
                return _Chars(ranges, negated=char.isupper())
        char = _CONTROLS.get(char, char)
        if char.isalnum():
            raise _Unsupported  # a back-reference, a Unicode property, or nothing that anybody defined
        return _Chars(((ord(char), ord(char)),))

    def _next(self) -> str:
        if self._at >= len(self._text):
            raise _Unsupported
        self._at += 1
        return self._text[self._at - 1]

    def _skip(self, char: str) -> bool:
        found = self._text[self._at : self._at + 1] == char
        self._at += found
        return found


def _complement(ranges: Ranges) -> Ranges:
    out, start = [], 0
    for low, high in sorted(ranges):
        if low > start:
            out.append((start, low - 1))
        start = high + 1
    return (*out, (start, _LAST))
