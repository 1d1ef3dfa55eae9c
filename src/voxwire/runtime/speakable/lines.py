"""A message, line by line: headings, lists, quotes, rules, code blocks, tables.

Marks at the beginning of a line are silent, but for the numbers of a list. An item, a heading and a row end like a
sentence, so that the voice pauses. A block of code is told of, not read. A table is read row by row, each cell
behind the head of its column: "Name: Ann, Age: 5."
"""

import re
from collections.abc import Iterator
from typing import Final

from voxwire.runtime.speakable.inline import LOOKAHEAD, Inline
from voxwire.runtime.speakable.spans import Spans

#: Said in place of a block of code.
CODE: Final = "Here is some code."
#: Characters of a row that are waited for; a head and the line below it count together.
_ROW: Final = 1_000

#: Characters that a mark at the beginning of a line may begin with.
_MARKS: Final = frozenset("-+*•#>|`~_=0123456789")
_RULE: Final = re.compile(r"(?:([-*_])(?:[ \t]*\1){2,}|={3,})[ \t\r]*")
_RULE_BEGUN: Final = re.compile(r"(?:([-*_])(?:[ \t]*\1)*|=+)[ \t\r]*")
_FENCE: Final = re.compile(r"`{3,}(?=[^`]*$)|~{3,}")
_FENCE_BEGUN: Final = re.compile(r"`{1,2}|`{3,}[^`]*|~{1,2}|~{3,}.*")
_HEADING: Final = re.compile(r"#{1,6}[ \t]+")
_QUOTE: Final = re.compile(r">(?:[ \t]+|(?=>|$))")
_BULLET: Final = re.compile(r"[-+*][ \t]+|•[ \t]*")
_NUMBER: Final = re.compile(r"\d{1,3}[.)][ \t]")
_MARK_BEGUN: Final = re.compile(r"#{1,6}|>|[-+*•]|\d{1,3}[.)]?")
_BOX: Final = re.compile(r"\[[ xX]\][ \t]+")
_BOX_BEGUN: Final = re.compile(r"\[(?:[ xX]\]?)?")
_FENCE_END: Final = re.compile(r"[ \t>]*(?P<fence>`{3,}|~{3,})[ \t\r]*")
_FENCE_END_BEGUN: Final = re.compile(r"[ \t>]*(?:`*|~*)[ \t\r]*")
_BELOW_HEAD: Final = re.compile(r"[ \t]*\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*\|?[ \t\r]*")
_BELOW_HEAD_BEGUN: Final = re.compile(r"[ \t|:\r-]*")
_CELL: Final = re.compile(r"((?:\\.|[^|\\]|\\$)*)(?:\||$)")
#: The end of a sentence, or of something that makes a pause already.
_PAUSED: Final = re.compile(r"""[.!?…:;,。！？，；：]["'”’)\]]*\s*$""")  # noqa: RUF001


class SpeakableText:
    """The text of one message: feed it as it is written, get it as it is to be spoken."""

    def __init__(self) -> None:
        self._spans = Spans()
        self._inline = Inline(self._spans)
        self._ahead = ""
        self._said: list[str] = []
        self._last = ""
        # Where the text stands: at the beginning of a line, in one that ends like a sentence, in an item's box,
        # behind marks that are dropped with the space around them, in a block of code, in a table.
        self._begins = True
        self._sentence = False
        self._item = False
        self._marked = False
        self._fence = ""
        self._fence_begins = False
        self._head: list[str] | None = None

    @property
    def unchanged(self) -> bool:
        """Whether all was spoken as it was written, so that positions in both are the same."""
        return self._spans.unchanged

    def feed(self, text: str) -> str:
        """More of the message; what can be spoken by now, "" when that is nothing."""
        self._ahead += text
        return self._advance(False)

    def flush(self) -> str:
        """The message is complete: what was held back."""
        said = self._advance(True)
        rest = self._inline.end_line()
        self._spans.close()
        return said + rest

    def written_at(self, spoken: int) -> int:
        """How many characters of the message were heard when this many spoken ones were."""
        return self._spans.written_at(spoken)

    def _advance(self, complete: bool) -> str:
        while self._ahead and self._step(complete):
            pass
        said = "".join(self._said)
        self._said.clear()
        return said

    def _step(self, complete: bool) -> bool:
        """Take the next characters; False when it takes more text to know what they are."""
        if self._fence:
            return self._in_code(complete)
        if self._begins:
            return self._begin(complete)
        line, end, _ = self._ahead.partition("\n")
        self._ahead = self._ahead[len(line) :]
        self._speak(self._inline.feed(line))
        if not end:
            return False
        self._speak(self._inline.end_line())
        self._end_line()
        return True

    def _end_line(self) -> None:
        if self._sentence:
            self._pause()
        self._keep(1)
        self._begins = True
        self._sentence = self._item = self._marked = False

    # --- the beginning of a line -----------------------------------------------------------------------

    def _begin(self, complete: bool) -> bool:
        line, end, _ = self._ahead[:LOOKAHEAD].partition("\n")
        ended = bool(end) or complete or len(line) == LOOKAHEAD
        body = line.lstrip(" \t")
        indent = len(line) - len(body)
        if not body.strip():
            if not ended:
                return False
            self._inline.end_paragraph()
            self._head = None
            return self._running_text(indent)
        if self._item:
            if box := _BOX.match(body):
                self._drop(indent + box.end())
                return True
            if not ended and _BOX_BEGUN.fullmatch(body.rstrip(" \t") or body):
                return False
        if body[0] == "|":
            return self._table(complete, indent)
        self._head = None
        if body[0] not in _MARKS:
            return self._running_text(indent)
        return self._mark(body, indent, ended)

    def _mark(self, body: str, indent: int, ended: bool) -> bool:
        if _RULE_BEGUN.fullmatch(body):
            if not ended:
                return False
            if _RULE.fullmatch(body):
                return self._silent_line(indent + len(body))
        if _FENCE_BEGUN.fullmatch(body):
            if not ended:
                return False
            if fence := _FENCE.match(body):
                return self._open_code(indent, fence.group())
        if not ended and _MARK_BEGUN.fullmatch(body):
            return False
        if quote := _QUOTE.match(body):
            self._marked = True
            return self._drop(indent + quote.end())
        if heading := _HEADING.match(body):
            self._marked = self._sentence = True
            return self._drop(indent + heading.end())
        if bullet := _BULLET.match(body):
            self._marked = self._sentence = self._item = True
            return self._drop(indent + bullet.end())
        self._sentence = self._sentence or _NUMBER.match(body) is not None
        return self._running_text(indent)

    def _running_text(self, indent: int) -> bool:
        """From here on the line is read. Its indentation stays where there is no mark before it."""
        if self._marked and indent:
            self._drop(indent)
        self._begins = False
        return True

    def _silent_line(self, size: int) -> bool:
        self._drop(size)
        self._begins = self._sentence = False
        return True

    # --- blocks of code --------------------------------------------------------------------------------

    def _open_code(self, indent: int, fence: str) -> bool:
        self._drop(indent)
        self._say(CODE)
        self._drop(len(fence), closes=True)
        self._fence, self._fence_begins = fence, False
        return True

    def _in_code(self, complete: bool) -> bool:
        line, end, _ = self._ahead[:LOOKAHEAD].partition("\n")
        ended = bool(end) or complete or len(line) == LOOKAHEAD
        if self._fence_begins:
            if not ended and _FENCE_END_BEGUN.fullmatch(line):
                return False
            last = _FENCE_END.fullmatch(line)
            if ended and last and last["fence"].startswith(self._fence):
                self._drop(len(line), closes=True)
                self._fence, self._begins = "", False
                return True
        size = self._ahead.find("\n") + 1
        self._fence_begins = size > 0
        return self._drop(size or len(self._ahead), closes=True)

    # --- tables ----------------------------------------------------------------------------------------

    def _table(self, complete: bool, indent: int) -> bool:
        window = self._ahead[:_ROW]
        closed = len(window) == _ROW
        whole = complete and not closed
        row, end, rest = window.partition("\n")
        if end or whole:
            if self._head is not None:
                return self._row(row, self._head)
            below, end, _ = rest.partition("\n")
            if (end or whole) and "-" in below and _BELOW_HEAD.fullmatch(below):
                self._head = [_plain(cell) for _, cell in _cells(row, indent)]
                return self._silent_line(len(row) + 1 + len(below))
            closed = closed or bool(end) or whole or not _BELOW_HEAD_BEGUN.fullmatch(below)
        if not closed:
            return False
        self._head = None
        return self._running_text(indent)

    def _row(self, row: str, head: list[str]) -> bool:
        done = 0
        begun = False
        for column, (start, cell) in enumerate(_cells(row, row.index("|"))):
            if not cell:
                continue
            self._drop(start - done)
            label = f"{head[column]}: " if column < len(head) and head[column] else ""
            self._say(", " + label if begun else label)
            inline = Inline(self._spans)
            self._speak(inline.feed(cell) + inline.end_line())
            self._ahead = self._ahead[len(cell) :]
            done, begun = start + len(cell), True
        self._drop(len(row) - done, closes=True)
        if begun:
            self._pause()
        self._begins = False
        return True

    # --- what becomes of characters --------------------------------------------------------------------

    def _speak(self, text: str) -> None:
        """What the spans have noted already."""
        if text:
            self._said.append(text)
            self._last = (self._last + text)[-8:]

    def _say(self, text: str) -> None:
        if text:
            self._spans.say(len(text))
            self._speak(text)

    def _pause(self) -> None:
        """End what was said like a sentence."""
        if self._last.rpartition("\n")[2].strip() and not _PAUSED.search(self._last):
            self._say(".")

    def _keep(self, count: int) -> None:
        self._spans.keep(count)
        self._speak(self._ahead[:count])
        self._ahead = self._ahead[count:]

    def _drop(self, count: int, *, closes: bool = False) -> bool:
        if count:
            self._spans.drop(count, closes=closes)
            self._ahead = self._ahead[count:]
        return True


def _cells(row: str, start: int) -> Iterator[tuple[int, str]]:
    """The cells of a row whose first bar is at `start`: where the text of each begins, and the text."""
    for cell in _CELL.finditer(row, start + 1):
        text = cell[1].strip()
        yield cell.start() + len(cell[1]) - len(cell[1].lstrip()), text


def _plain(text: str) -> str:
    inline = Inline(Spans())
    return inline.feed(text) + inline.end_line()
