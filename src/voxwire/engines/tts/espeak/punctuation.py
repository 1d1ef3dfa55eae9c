# ruff: noqa: RUF001 - the look-alike characters are the subject of this file
"""The sounds of a text with its punctuation, which espeak-ng leaves out and voices hear."""

import re
from collections.abc import Callable
from typing import Final

#: Punctuation that voices hear, where it ends or begins a word; and how other marks are written for them.
_MARKS: Final = re.compile(
    r"""((?<!\S)["“(«„]+ | [;:,.!?—…"“”)»、。！？：；，]+ (?=\s|$) | [—…、。！？：；，]+)""", re.VERBOSE
)
_WRITTEN: Final = str.maketrans("、，。！？：；«»„", ',,.!?:;"""')


def with_marks(text: str, sounds: Callable[[str], str]) -> str:
    """The text as `sounds` says each stretch between marks, with the marks, and single spaces."""
    parts = []
    for index, part in enumerate(_MARKS.split(text)):
        if index % 2:
            parts.append(part.translate(_WRITTEN))
        elif part.strip():
            before, after = (" " if end.isspace() else "" for end in (part[0], part[-1]))
            parts.append(before + sounds(part.strip()) + after)
        else:
            parts.append(" " if part else "")
    return " ".join("".join(parts).split())
