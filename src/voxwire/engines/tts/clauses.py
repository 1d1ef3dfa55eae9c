"""Cutting text that arrives in pieces into clauses worth speaking.

The first clause is short, because its synthesis is what a listener waits for; the later ones are
whole sentences where possible, because intonation needs them.
"""

import re
from typing import Final, NamedTuple

#: A soft boundary (comma, semicolon, colon, dash) ends the first clause from this length on …
_FIRST_SOFT: Final = 16
#: … and later ones from this length on: about five seconds of speech.
_LATER_SOFT: Final = 80
#: Nothing longer goes to a voice in one go; also the bound of one synthesis, about 20 s of speech.
_LONGEST: Final = 240

_BOUNDARY: Final = re.compile(
    r"""(?P<sentence> [.!?…]+ ["'”’)\]]* \s+ | \n\s* | [。！？]+ )
      | (?P<soft> [,;:] ["'”’)\]]* \s+ | \s+ [-–—] \s+ | [—，、；：] \s* )""",  # noqa: RUF001 - CJK punctuation
    re.VERBOSE,
)
#: What stands before a full stop without ending a sentence: titles, short forms, initials, list numbers.
_SHORT_FORM: Final = re.compile(
    r"""(?: \b(?: mr | mrs | ms | dr | prof | st | jr | sr | vs | etc | no | inc | ltd | approx | fig | e\.g | i\.e )
          | \b [A-Za-z] | (?: ^ | \n ) \s* \d{1,2} ) $""",
    re.VERBOSE | re.IGNORECASE,
)


class Clause(NamedTuple):
    """`text` begins at character `start` of everything fed. Clauses tile the text without gaps."""

    start: int
    text: str


class ClauseSplitter:
    """Feed text in pieces of any size; clauses come out as soon as they are known to be complete."""

    def __init__(self) -> None:
        self._pending = ""
        self._start = 0

    def feed(self, text: str) -> list[Clause]:
        """The clauses that `text` completes. A full stop completes one only once white space follows."""
        self._pending += text
        clauses = []
        while cut := self._cut():
            clauses.append(self._take(cut))
        return clauses

    def flush(self) -> list[Clause]:
        """What is left, as the last clause."""
        return [self._take(len(self._pending))] if self._pending else []

    def _take(self, size: int) -> Clause:
        clause = Clause(self._start, self._pending[:size])
        self._pending = self._pending[size:]
        self._start += size
        return clause

    def _cut(self) -> int:
        """Length of the first complete clause; 0 when there is none yet."""
        shortest = _LATER_SOFT if self._start else _FIRST_SOFT
        for boundary in _BOUNDARY.finditer(self._pending, 0, _LONGEST):
            before = self._pending[: boundary.start()]
            if not any(map(str.isalnum, before)):
                continue
            if boundary["sentence"]:
                if not (boundary["sentence"].startswith(".") and _SHORT_FORM.search(before)):
                    return boundary.end()
            elif boundary.end() >= shortest:
                return boundary.end()
        if len(self._pending) <= _LONGEST:
            return 0
        return self._pending.rfind(" ", 1, _LONGEST) + 1 or _LONGEST
