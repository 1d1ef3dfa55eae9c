"""A stored session with other words of the same form in it, and silence: for a bug report.

Each word becomes another one of the same length, in characters and in bytes; the same word becomes the same one, and
words that begin alike go on to. Structure, times, ids and names of models stay. Whoever reads the redacted one learns
how much was said when, and not what.
"""

import hmac
import re
import secrets
from typing import Any, Final

import msgspec

from voxwire.recording.journal_format import (
    VERSION,
    Appended,
    JournalHeader,
    JournalLine,
    Made,
    Opened,
    Scored,
    Told,
    Took,
)
from voxwire.recording.notes import sorted_out
from voxwire.recording.rebuild import digest, rebuilt, without_clips
from voxwire.recording.replay import Chunk, TimeMachine, told_by

_WORD: Final = re.compile(r"\w+")
#: Fields that hold no words of anybody: what kind of thing something is, and which. All other text is replaced.
_KEPT: Final = frozenset(
    "id call_id event_id item_id previous_item_id response_id session_id conversation_id code param type reason name "
    "voice model language languages delay include tool_choice truncation stage engine before effort version engines "
    "settings voices software deployment policy".split()
)
_SMALL: Final = "abcdefghijklmnopqrstuvwxyz"
#: Letters by their length in UTF-8.
_OTHERS: Final = {2: "àáâãäåæçèéêëìíîï", 3: "天地人山川水火木金土日月星雨風花", 4: "𐌀𐌁𐌂𐌃𐌄𐌅𐌆𐌇𐌈𐌉𐌊𐌋𐌌𐌍𐌎𐌏"}


class Redaction:
    """One session, chunk by chunk. What clients are told is made anew, by today's core, of what it is told now."""

    def __init__(self, header: JournalHeader) -> None:
        self._key = secrets.token_bytes(16)
        header = msgspec.structs.replace(rebuilt(header, self._change), version=VERSION, redacted=True)
        self.header: JournalHeader = header
        self._machine = TimeMachine(self.header)

    def chunk(self, chunk: Chunk) -> Chunk:
        """Raises RuntimeError where today's core cannot follow."""
        lines: list[JournalLine] = []
        told: list[Told] = []
        for line in chunk[0]:
            if isinstance(line, Made):
                self._machine.answers(line)
                lines.append(line)
                continue
            line, events = self._line(line)
            lines.append(line)
            told += events
        return lines, told

    def _line(self, line: Opened | Appended | Scored | Took) -> tuple[JournalLine, list[Told]]:
        line = rebuilt(line, self._change)
        outcome = sorted_out(None if isinstance(line, Opened) else told_by(line)[0], self._machine.tell(line))
        told = [Told(getattr(line, "at", self.header.now), without_clips(event)) for event in outcome.told]
        given: dict[str, Any] = {"told": len(told), "digest": digest(outcome.asked), "moved": outcome.moved}
        if isinstance(line, Took) and line.audio:
            given["audio"] = b"".join(outcome.audio)
        changed = {name: value for name, value in given.items() if name in line.__struct_fields__}
        return msgspec.structs.replace(line, **changed), told

    def _change(self, leaf: Any, field: str) -> Any:
        if isinstance(leaf, bytes | bytearray):
            return leaf if field == "digest" else bytes(len(leaf))
        if isinstance(leaf, str) and field not in _KEPT:
            return _WORD.sub(lambda word: self._word(word[0]), leaf)
        return leaf

    def _word(self, word: str) -> str:
        """Each character depends on those before it, so that words which begin alike go on to."""
        drawn = [
            hmac.digest(self._key, word[: end + 1].encode(errors="replace"), "sha256")[0] for end in range(len(word))
        ]
        return "".join(map(_other, word, drawn))


def _other(character: str, drawn: int) -> str:
    """Another character of the same kind and size."""
    if character.isascii():
        if character.isdigit():
            return str(drawn % 10)
        if not character.isalpha():
            return character
        other = _SMALL[drawn % len(_SMALL)]
        return other.upper() if character.isupper() else other
    others = _OTHERS[len(character.encode(errors="replace"))] if len(character.encode(errors="replace")) > 1 else "x"
    return others[drawn % len(others)]
