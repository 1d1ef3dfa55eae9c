"""What a person sees: labelled lines, text that grows as it is spoken, and the table of latencies."""

import os
import shutil
import textwrap
from collections.abc import Sequence
from typing import TextIO

from voxwire.printing import writing
from voxwire.talk.latency import Stage, Turn

LABEL_WIDTH = 9
#: A streamed line breaks at the first space this close to the edge, so that words need not be held back.
MARGIN = 14
#: Turns that the table of latencies has room for.
MAX_COLUMNS = 5
COLOURS = {"You": "36", "Voxwire": "32", "Tool": "35"}


def printable(text: str) -> str:
    """Text from a server without control characters: it must not command the terminal."""
    return "".join(c if c.isprintable() else " " for c in text)


class Screen:
    """Writes to a terminal, or plainly to anything else. Raises OutputError once, when `out` takes no more."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._colour = out.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"
        self._width = shutil.get_terminal_size().columns if out.isatty() else 80
        self._label: str | None = None  # of the line that is still open
        self._column = 0
        self._gap = False  # a space is due

    def line(self, label: str, text: str) -> None:
        """A whole line, folded under its own beginning."""
        width = max(self._width - LABEL_WIDTH, 20)
        folded = textwrap.wrap(printable(text), width, break_on_hyphens=False, break_long_words=False)
        with writing(self._out):
            self._close()
            self._open(label)
            self._write(("\n" + " " * LABEL_WIDTH).join(folded))
            self._close()

    def stream(self, label: str, text: str) -> None:
        """More of a growing text; a different label starts a line of its own."""
        with writing(self._out):
            if label != self._label:
                self._close()
                self._open(label)
                self._gap = False
                text = text.lstrip()
            for character in printable(text):
                if character == " ":
                    self._gap = True  # written with what follows it, so that no line ends in a space
                else:
                    self._put(character)

    def end_line(self) -> None:
        """Close the line that is open, if any."""
        with writing(self._out):
            self._close()

    def latencies(self, turns: Sequence[Turn], since: str) -> None:
        """The table of the last turns, a column each; `since` says what the times are measured from."""
        columns = [turn.times() for turn in turns if turn.times()][-MAX_COLUMNS:]
        with writing(self._out):
            self._close()
            if columns:
                self._write(f"\n{' ' * LABEL_WIDTH}Milliseconds after {since}:\n")
            for stage in Stage:
                if any(stage in times for times in columns):
                    cells = "".join(f"{times[stage]:>8,}" if stage in times else " " * 8 for times in columns)
                    self._write(f"{' ' * LABEL_WIDTH}{stage.value:<26}{cells}\n")

    def _close(self) -> None:
        if self._label is not None:
            self._label = None
            self._write("\n")

    def _put(self, character: str) -> None:
        if self._gap:
            fold = self._column >= self._width - MARGIN
            self._write("\n" + " " * LABEL_WIDTH if fold else " ")
            self._column = LABEL_WIDTH if fold else self._column + 1
            self._gap = False
        self._write(character)
        self._column += 1

    def _open(self, label: str) -> None:
        self._label = label
        self._column = LABEL_WIDTH
        padded = f"{label:<{LABEL_WIDTH}}"
        self._write(f"\x1b[1;{COLOURS.get(label, '34')}m{padded}\x1b[0m" if self._colour else padded)

    def _write(self, text: str) -> None:
        self._out.write(text)
