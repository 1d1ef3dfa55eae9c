"""`input_audio_buffer.append` as most clients write it, read without the detours that other events need.

It comes ten to fifty times a second. So its bytes go straight to the parser, which checks the UTF-8 of every string
that it keeps, and keeps all that there are: other fields are refused. And a client writes all its appends alike, but
for the audio. Where a frame has the same bytes in front of its audio and behind it as one before, the audio is all that
is left to read: the parser takes half of the time that is spent here on a frame of 100 ms.
"""

import sys
from typing import Annotated, Final, Literal

import msgspec
import pybase64

from voxwire.dialects.faults import MAX_EVENT_ID
from voxwire.events.client import AppendAudio

#: What stands in front of the audio and behind it is remembered up to so many bytes, where the audio has more. Then
#: neither can hold a text like the audio, and the place where that is found is its place.
_LONGEST: Final = 64


class _Append(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    """`voxwire.dialects.shared_requests.Append`, which by itself would not insist on its type."""

    type: Literal["input_audio_buffer.append"]
    audio: str
    event_id: Annotated[str, msgspec.Meta(max_length=MAX_EVENT_ID)] | None = None


_TYPE: Final = b"input_audio_buffer.append"
_parse: Final = msgspec.json.Decoder(_Append).decode


class AppendReader:
    """Reads the appends of one connection."""

    __slots__ = ("_behind", "_end", "_front", "_least", "_start")

    def __init__(self) -> None:
        self._front = self._behind = b""
        self._start = self._end = 0
        self._least = sys.maxsize  # no frame is like the ones before yet

    def read(self, frame: bytes) -> AppendAudio | None:
        """The event in a frame; None for everything that has to be looked at more closely: other events, mistakes, the
        rarer spellings of base64, an `event_id` that is not ASCII (`voxwire.dialects.surrogates`)."""
        if frame.startswith(self._front) and frame.endswith(self._behind) and len(frame) >= self._least:
            try:
                return AppendAudio(audio=pybase64.b64decode(frame[self._start : self._end], validate=True))
            except ValueError:
                pass
        if _TYPE not in frame:  # to have the parser refuse other events takes longer
            return None
        try:
            request = _parse(frame)
            event = AppendAudio(audio=pybase64.b64decode(request.audio, validate=True), event_id=request.event_id)
        except (ValueError, RecursionError):  # msgspec's, Unicode's and base64's are ValueErrors
            return None
        if event.event_id is None:
            self._remember(frame, request.audio)
        elif not event.event_id.isascii():
            return None
        return event

    def _remember(self, frame: bytes, audio: str) -> None:
        """The audio may be written with escapes; then it is not found, and nothing is remembered."""
        if len(audio) <= _LONGEST:
            return
        front, found, behind = frame.partition(audio.encode())
        if found and len(front) <= _LONGEST >= len(behind):
            self._front, self._behind = front, behind
            self._start, self._end, self._least = len(front), -len(behind), len(front) + len(behind)
