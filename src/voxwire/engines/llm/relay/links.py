"""The connections of all sessions. Each session has one that waits for its next turn; they are bounded, and the one
that has waited longest makes room."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

from voxwire.audio.pcm import AudioFormat
from voxwire.awake import Deadline
from voxwire.engines.llm.relay.link import Link
from voxwire.engines.llm.relay.mirror import Mending, Mirror
from voxwire.engines.llm.relay.pace import Pace
from voxwire.engines.llm.relay.relay_options import RelayOptions
from voxwire.engines.llm.relay.relayed_answer import RelayedAnswer
from voxwire.engines.llm.relay.service_errors import SERVICE_FAILURES
from voxwire.engines.llm.relay.upstream_socket import UpstreamDoor, UpstreamGone
from voxwire.errors import EngineBusy, EngineError
from voxwire.interfaces.llm import LlmRequest

#: Of one session: its conversation, and something beside it.
_WAITING_PER_SESSION: Final = 2
#: Audio that somebody speaks while the connection is being opened.
_MOST_EARLY: Final = 1024 * 1024


class Links:
    """See the module."""

    def __init__(self, options: RelayOptions) -> None:
        self._options = options
        self._door = UpstreamDoor(options)
        self._pace = Pace()
        self._waiting: dict[str, list[Link]] = {}
        self._leaving: dict[str, asyncio.Event] = {}
        self._at_work: set[Link] = set()
        self._early: dict[str, list[tuple[int, bytes | bytearray, AudioFormat]]] = {}
        self._opening: dict[str, asyncio.Task[None]] = {}
        self._count = 0
        self._room = asyncio.Event()
        self._work: set[asyncio.Task[None]] = set()
        self._closed = False

    @property
    def count(self) -> int:
        """Connections that there are, those being made included."""
        return self._count

    async def take(self, request: LlmRequest) -> tuple[Link, Mending]:
        """A connection for this request, and what its conversation lacks. Raises EngineError."""
        key = request.session_key
        if (opening := self._opening.get(key)) is not None:
            await asyncio.wait([opening])
        if (leaving := self._leaving.get(key)) is not None:
            await leaving.wait()
        best: tuple[Link, Mending] | None = None
        for link in self._waiting.get(key, ()):
            mending = link.mending(request)
            if mending is not None and (best is None or mending.kept > best[1].kept):
                best = link, mending
        if best is not None:
            self._remove(best[0])
            self._at_work.add(best[0])
            return best
        link = await self._open(key)
        self._at_work.add(link)
        mending = Mirror().mending(request.items)
        assert mending is not None  # nothing is in the wrong place where nothing is
        return link, mending

    def warm(self, key: str) -> asyncio.Task[None] | None:
        """Open a connection for a session that will ask soon, unless it has one."""
        has_one = key in self._waiting or key in self._opening or any(link.key == key for link in self._at_work)
        if not key or has_one or self._closed:
            return None
        self._opening[key] = task = self._spawn(self._prepare(key))
        return task

    def overhear(self, key: str, turn: int, audio: bytes | bytearray, format: AudioFormat) -> None:
        """More of a turn that somebody speaks: for the connection that will probably be asked, or is being opened."""
        waiting = self._waiting.get(key)
        link = waiting[-1] if waiting else next((one for one in self._at_work if one.key == key), None)
        if link is not None:
            link.overhear(turn, audio, format)
            return
        self.warm(key)
        if key in self._opening:
            early = self._early.setdefault(key, [])
            if early and early[0][0] != turn:
                early.clear()
            if sum(len(before) for _, before, _ in early) < _MOST_EARLY:
                early.append((turn, audio, format))

    def give(self, link: Link) -> None:
        """An answer has ended well: the connection waits for the next."""
        self._at_work.discard(link)
        if not link.key or link.stale or self._closed:
            self.drop(link)
            return
        link.waited = True
        waiting = self._waiting.setdefault(link.key, [])
        waiting.append(link)
        link.timer = asyncio.get_running_loop().call_later(self._options.idle_s, self._expire, link)
        if len(waiting) > _WAITING_PER_SESSION:
            self._expire(waiting[0])
        self._room.set()

    def drop(self, link: Link) -> None:
        """Close it, in the background."""
        self._at_work.discard(link)
        self._spawn(self._close(link))

    def abandon(self, link: Link, answer: RelayedAnswer | None) -> None:
        """Nobody wants its answer any more: end that in the background. `answer` None has not begun."""
        self._at_work.discard(link)
        left = asyncio.Event()
        if link.key:
            self._leaving[link.key] = left
        self._spawn(self._settle(link, answer, left))

    def forget(self, key: str) -> None:
        """The session has ended."""
        if (opening := self._opening.pop(key, None)) is not None:
            opening.cancel()
        self._leaving.pop(key, None)
        for link in list(self._waiting.get(key, ())):
            self._expire(link)

    async def close(self) -> None:
        self._closed = True
        for key in list(self._waiting) + list(self._opening):
            self.forget(key)
        while self._work:
            await asyncio.wait(self._work)

    # --- inside -------------------------------------------------------------------------------------

    async def _open(self, key: str) -> Link:
        await self._make_room()
        self._count += 1
        try:
            socket = await self._door.open()
        except BaseException:
            self._left()
            raise
        link = Link(key, socket, self._options, self._pace)
        try:
            await link.hush()
        except UpstreamGone:
            self.drop(link)
            raise SERVICE_FAILURES.disconnected() from None
        except BaseException:
            self.drop(link)
            raise
        return link

    async def _make_room(self) -> None:
        """Raises EngineBusy when all connections are at work for too long."""
        try:
            async with Deadline(self._options.connect_s):
                while self._count >= self._options.connections:
                    waiting = [link for links in self._waiting.values() for link in links]
                    if waiting:
                        self._expire(min(waiting, key=lambda link: link.timer.when() if link.timer else 0.0))
                    self._room.clear()
                    await self._room.wait()
        except TimeoutError:
            raise EngineBusy("llm", self._options.connect_s) from None

    async def _prepare(self, key: str) -> None:
        try:
            link = await self._open(key)
            for turn, audio, format in self._early.pop(key, ()):
                link.overhear(turn, audio, format)
            self.give(link)
        except EngineError:
            return  # the answer will say so, if it fails again
        finally:
            self._opening.pop(key, None)
            self._early.pop(key, None)

    async def _settle(self, link: Link, answer: RelayedAnswer | None, left: asyncio.Event) -> None:
        try:
            usable = await link.settle(answer)
        finally:
            left.set()
            wanted = self._leaving.get(link.key) is left
            if wanted:
                del self._leaving[link.key]
        if usable and wanted:
            self.give(link)
        else:
            await self._close(link)

    def _expire(self, link: Link) -> None:
        self._remove(link)
        self.drop(link)

    def _remove(self, link: Link) -> None:
        """It waits no longer."""
        if link.timer is not None:
            link.timer.cancel()
            link.timer = None
        waiting = self._waiting[link.key]
        waiting.remove(link)
        if not waiting:
            del self._waiting[link.key]

    async def _close(self, link: Link) -> None:
        try:
            await link.close()
        finally:
            self._left()

    def _left(self) -> None:
        self._count -= 1
        self._room.set()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._work.add(task)
        task.add_done_callback(self._work.discard)
        return task
