"""A stored session as a file that can be sent to somebody: `voxwire sessions export --format journal`. It is not
encrypted."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

import msgspec

from voxwire.errors import ConfigurationError
from voxwire.recording.journal_format import JournalHeader, decode_header, decode_lines, decode_told, encode_journal
from voxwire.recording.redaction import Redaction
from voxwire.recording.replay import Chunk, Replay, Replayed
from voxwire.recording.session_library import OpenedSession

_MAGIC: Final = b"voxwire journal 1\n"
#: Of one piece, unpacked: a chunk is far smaller, and a file may come from anybody.
_MOST_BYTES: Final = 128 * 1024 * 1024


async def journal_pieces(opened: OpenedSession, *, redact: bool = False) -> AsyncIterator[bytes]:
    """The file, in pieces. Raises StorageError; RuntimeError where it cannot be redacted, since today's core does not
    follow it."""
    redaction = Redaction(opened.header) if redact else None
    yield _MAGIC + _piece(encode_journal(redaction.header if redaction else opened.header))
    async for chunk in opened.chunks():
        yield await asyncio.to_thread(_chunk, chunk, redaction)


def replay_file(file: Path) -> Replay:
    """The session in a file through today's core. Raises ConfigurationError for a file that is none."""
    try:
        with file.open("rb") as source:
            pieces = _pieces(source.read())
            replayed = Replayed(_header(pieces))
            for lines in pieces:
                replayed.chunk((decode_lines(lines), decode_told(next(pieces))))
                if replayed.difference is not None:
                    break
            return replayed.result
    except (OSError, zlib.error, msgspec.MsgspecError, StopIteration, ValueError) as error:
        raise ConfigurationError(f"{file} cannot be read as a journal of a session: {_reason(error)}.") from None


def _chunk(chunk: Chunk, redaction: Redaction | None) -> bytes:
    lines, told = redaction.chunk(chunk) if redaction else chunk
    return _piece(encode_journal(lines)) + _piece(encode_journal(told))


def _piece(plain: bytes) -> bytes:
    packed = zlib.compress(plain)
    return len(packed).to_bytes(4, "big") + packed


def _header(pieces: Iterator[bytes]) -> JournalHeader:
    return decode_header(next(pieces))


def _pieces(data: bytes) -> Iterator[bytes]:
    if not data.startswith(_MAGIC):
        raise ValueError("it does not begin as one")
    at = len(_MAGIC)
    while at < len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        unpacking = zlib.decompressobj()
        plain = unpacking.decompress(data[at + 4 : at + 4 + size], _MOST_BYTES)
        if not unpacking.eof:
            raise ValueError("it is cut off")
        yield plain
        at += 4 + size


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return error.strerror or "it cannot be opened"
    return str(error) if type(error) is ValueError else "it is damaged, or of another version"
