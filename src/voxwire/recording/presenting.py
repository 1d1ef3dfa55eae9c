"""What commands and REST routes show of stored sessions."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final

import msgspec

from voxwire.recording.journal_format import Told
from voxwire.recording.reading import ReadSession, SessionReader
from voxwire.recording.replay import Replay, Replayed
from voxwire.recording.session_library import OpenedSession, SessionLibrary
from voxwire.recording.stereo import StereoMix, wav_header
from voxwire.storage.sessions import SessionFilter, StoredSession

#: How many sessions one search reads at most, and for how long, in seconds.
_MOST_READ: Final = 1000
_SEARCH_S: Final = 10.0
#: Characters around what was found.
_AROUND: Final = 60
_FRAME_BYTES: Final = 4


class SessionHit(msgspec.Struct, frozen=True, kw_only=True):
    """An item in which the words stand. `at_ms` is since the session began; `text` is what stands around them."""

    session: str
    started_at: float
    item: str
    role: str | None
    at_ms: int
    text: str


class SessionHits(msgspec.Struct, frozen=True, kw_only=True):
    """What a search found. `last_id` is the last session that was read; there are more behind it where it says so."""

    data: list[SessionHit]
    last_id: str | None
    has_more: bool


def session_fields(stored: StoredSession) -> dict[str, Any]:
    """A session as JSON has it; times in seconds since 1970."""
    return {
        "object": "session",
        "id": stored.id,
        "project": stored.project,
        "deployment": stored.deployment,
        "principal": stored.principal,
        "end_user": stored.end_user,
        "stored": stored.policy,
        "state": stored.state,
        "flagged": stored.flagged,
        "bytes": stored.size,
        "started_at": stored.started_at / 1000,
        "ended_at": None if stored.ended_at is None else stored.ended_at / 1000,
        "expires_at": stored.expires_at / 1000,
    }


def conversation_fields(opened: OpenedSession, read: ReadSession) -> dict[str, Any]:
    """The same with what was said, and where the time of each answer went."""
    header = opened.header
    return {
        **session_fields(opened.stored),
        "engines": header.engines,
        "software": header.software,
        "model": header.config.model,
        "duration_ms": read.ended_ms,
        "items": msgspec.to_builtins(read.items),
        "answers": msgspec.to_builtins(read.answers),
        "errors": msgspec.to_builtins(read.errors),
        "more_errors": read.more_errors,
    }


async def read_session(opened: OpenedSession) -> ReadSession:
    """What was said. Raises StorageError."""
    reader = SessionReader(opened.header)

    def take(page: list[Told]) -> None:
        for one in page:
            reader.take(one)

    async for page in opened.told():
        await asyncio.to_thread(take, page)
    return reader.result


async def replay_opened(opened: OpenedSession) -> Replay:
    """The session through today's core. Raises StorageError."""
    replayed = Replayed(opened.header)
    async for chunk in opened.chunks():
        await asyncio.to_thread(replayed.chunk, chunk)
        if replayed.difference is not None:
            break
    return replayed.result


async def sound_frames(opened: OpenedSession) -> int:
    """How long its sound is, in stereo samples: a WAV file says that first. Raises StorageError."""
    size = 0
    async for piece in _sound(opened):
        size += len(piece)
    return size // _FRAME_BYTES


async def wav_pieces(opened: OpenedSession, frames: int) -> AsyncIterator[bytes]:
    """A WAV file of so many stereo samples, in pieces. Raises StorageError."""
    yield wav_header(frames)
    left = frames * _FRAME_BYTES
    async for piece in _sound(opened):  # of a session that still runs there may be more by now
        yield piece[:left]
        left -= len(piece[:left])


async def _sound(opened: OpenedSession) -> AsyncIterator[bytes]:
    mix = StereoMix(opened.header)
    async for chunk in opened.chunks():
        yield await asyncio.to_thread(mix.take, chunk)
    yield await asyncio.to_thread(mix.rest)


async def search_sessions(
    library: SessionLibrary, project: str, words: str, *, wanted: SessionFilter, limit: int, after: str | None = None
) -> SessionHits:
    """The newest items in which these words stand, in any case. What is stored is encrypted, so each session is read:
    a thousand at most, for ten seconds at most. Raises StorageError."""
    until = time.monotonic() + _SEARCH_S
    hits: list[SessionHit] = []
    last, count = after, 0
    while count < _MOST_READ and len(hits) < limit and time.monotonic() < until:
        page = await library.page(project, wanted=wanted, limit=10, after=last)
        if not page:
            return SessionHits(data=hits, last_id=last, has_more=False)
        for stored in page:
            if len(hits) >= limit or time.monotonic() >= until:
                return SessionHits(data=hits, last_id=last, has_more=True)
            hits += await _found_in(library, stored, words.casefold())
            last, count = stored.id, count + 1
    return SessionHits(data=hits, last_id=last, has_more=True)


async def _found_in(library: SessionLibrary, stored: StoredSession, words: str) -> Iterable[SessionHit]:
    opened = await library.open(stored.project, stored.id)
    if opened is None:  # deleted meanwhile
        return ()
    read = await read_session(opened)
    return [
        SessionHit(
            session=stored.id,
            started_at=stored.started_at / 1000,
            item=item.id,
            role=item.role,
            at_ms=item.at_ms,
            text=item.text[max(at - _AROUND, 0) : at + len(words) + _AROUND],
        )
        for item in read.items
        if (at := item.text.casefold().find(words)) >= 0
    ]
