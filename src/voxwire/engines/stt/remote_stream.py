"""What the streams of recognisers behind an endpoint have in common: a task that works, and events that wait."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Final

import numpy as np

from voxwire.errors import EngineError
from voxwire.interfaces.stt import SttEvent, SttFinal

#: Audio that never is louder than this holds no words; models invent some.
_FAINTEST: Final = 66


class RemoteStream(ABC):
    """Keeps the audio of one utterance, and gives what `_work` has put into `_events`."""

    def __init__(self) -> None:
        self._pcm = bytearray()
        self._loud = False
        """Something was said that may be words."""
        self._committed = self._over = False
        self._changed = asyncio.Event()
        self._events: asyncio.Queue[SttEvent | EngineError | None] = asyncio.Queue()
        self._working = asyncio.get_running_loop().create_task(self._work())

    @abstractmethod
    async def _work(self) -> None:
        """Put events, and at the end the final or an EngineError, into `_events`. `_changed` is set when more came."""

    async def commit(self) -> None:
        self._committed = True
        self._changed.set()

    async def cancel(self) -> None:
        self._over = True
        self._working.cancel()
        self._events.put_nowait(None)

    async def __aiter__(self) -> AsyncIterator[SttEvent]:
        while not self._over:
            event = await self._events.get()
            if event is None or self._over:
                return
            if isinstance(event, EngineError):
                self._over = True
                raise event
            yield event
            if isinstance(event, SttFinal):
                return

    def _keep(self, pcm: bytes) -> None:
        """More of the utterance."""
        self._pcm += pcm
        self._loud = self._loud or _is_loud(pcm)
        self._changed.set()


def _is_loud(pcm: bytes) -> bool:
    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2")
    return bool(len(samples)) and int(np.abs(samples.astype(np.int32)).max()) > _FAINTEST
