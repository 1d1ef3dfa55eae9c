r"""Halves of surrogate pairs, which JSON can say (`"\ud83d"`) and UTF-8 cannot.

Programs that cut text by UTF-16 units send them. They are legal, so they are kept and come back as the same
escape; but no encoder, engine or log could take a text that holds one. Inside the program
a stand-in is in its place: one of the last 2,048 code points of Unicode, which are private, unprintable and so
spoken as nothing. Should a client send one of those itself, its two halves stand in for it; both ways lose nothing.
"""

import re
from typing import Final

_FIRST_HALF: Final = 0xD800
_STAND_IN: Final = 0x10F800
#: In a frame with such halves no more escapes than this are looked at, about 10 ms of work; past it the parser refuses.
_MOST: Final = 20_000
#: Characters that are searched at a time.
_STEP: Final = 1024 * 1024

#: Every escape is matched, so that of `\\ud83d` nothing is taken for one.
_ESCAPE: Final = re.compile(
    r"\\(?:u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})|u([dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
_OWN: Final = re.compile("[\U0010f800-\U0010ffff]")
_OWN_UTF8: Final = re.compile(rb"\xf4\x8f[\xa0-\xbf][\x80-\xbf]")
#: What is in every frame that has stand-ins.
OWN_PREFIX: Final = b"\xf4\x8f"


def stand_in(frame: str | bytes) -> str:
    """The frame with stand-ins for halves; that there is nothing to do is quickly seen.

    Raises UnicodeError for bytes that are not UTF-8.
    """
    text = frame if isinstance(frame, str) else frame.decode()
    if len(text) <= _STEP and "\\" not in text and text.isascii():  # nearly all
        return text
    if not text.isascii() and OWN_PREFIX in text.encode("utf-8", "surrogatepass"):
        text = _OWN.sub(lambda own: "".join(map(_of_half, _halves(ord(own[0])))), text)
    if _escapes(text) and _HALF.search(text):
        text = _ESCAPE.sub(_replaced, text, count=_MOST)
    return text


def _escapes(text: str) -> bool:
    """Whether there is any escape: one character is found ten times as fast as two.

    In steps, between which other threads may run: 15 MiB of audio take milliseconds.
    """
    if len(text) <= _STEP:
        return "\\" in text
    return any(text.find("\\", at, at + _STEP) >= 0 for at in range(0, len(text), _STEP))


def spell_out(frame: bytes) -> bytes:
    """A frame on its way out, halves written as their escapes again. One without `OWN_PREFIX` has none."""
    return _OWN_UTF8.sub(_escape, frame)


def _replaced(escape: re.Match[str]) -> str:
    high, low, lone = escape.groups()
    if lone is not None:
        return _of_half(int(lone, 16))
    if high is not None:
        character = 0x10000 + ((int(high, 16) - 0xD800) << 10) + int(low, 16) - 0xDC00
        if character >= _STAND_IN:
            return _of_half(int(high, 16)) + _of_half(int(low, 16))
    return escape[0]


def _of_half(half: int) -> str:
    return chr(_STAND_IN + half - _FIRST_HALF)


def _halves(character: int) -> tuple[int, int]:
    above = character - 0x10000
    return 0xD800 + (above >> 10), 0xDC00 + (above & 0x3FF)


def _escape(own: re.Match[bytes]) -> bytes:
    return b"\\u%04x" % (ord(own[0].decode()) - _STAND_IN + _FIRST_HALF)
