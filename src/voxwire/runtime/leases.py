"""Engines that several deployments share: each is made once, and ends with its last lease."""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Mapping
from functools import partial
from typing import Any

from voxwire.interfaces.engine import Engine


class EngineLease:
    """A hold on an engine, which others may hold too."""

    def __init__(self, shared: "_Shared", forget: Callable[[], object]) -> None:
        self._shared = shared
        self._forget = forget
        self._released = False

    @property
    def engine(self) -> Any:
        """The engine; another one after a `start` that failed and was tried again."""
        return self._shared.engine

    @property
    def running(self) -> bool:
        """Whether the engine has started."""
        starting = self._shared.starting
        return starting is not None and starting.done() and not _failed(starting)

    async def start(self) -> None:
        """Warm the engine up, once for all who hold it. Raises what it raises; it may be tried again then."""
        await self._shared.start()

    async def release(self) -> None:
        """Let go; the last one closes the engine. Idempotent. Raises what closing raises."""
        if self._released:
            return
        self._released = True
        self._shared.holders -= 1
        if not self._shared.holders:
            self._forget()  # the next one who asks gets a new engine
            await self._shared.close()


class EngineLeases:
    """Every engine of this process that somebody holds, by what tells engines apart."""

    def __init__(self) -> None:
        self._shared: dict[Hashable, _Shared] = {}

    def __len__(self) -> int:
        return len(self._shared)

    def missing(self, keys: Iterable[Hashable]) -> list[Hashable]:
        """Those of these engines that nobody holds, each once."""
        return [key for key in dict.fromkeys(keys) if key not in self._shared]

    def lease(self, wanted: Mapping[str, tuple[Hashable, Callable[[], Engine]]]) -> dict[str, EngineLease]:
        """A lease for each of the names: of the engine with this key, which is made unless somebody holds it.

        Raises what making one raises; then nothing is held.
        """
        found = {key: self._shared.get(key) or _Shared(make) for key, make in wanted.values()}
        self._shared |= found
        leases = {}
        for name, (key, _) in wanted.items():
            found[key].holders += 1
            leases[name] = EngineLease(found[key], partial(self._shared.pop, key))
        return leases


class _Shared:
    """One engine and how many hold it."""

    def __init__(self, make: Callable[[], Engine]) -> None:
        self.engine = make()
        self.holders = 0
        self._make = make
        self.starting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        if self.starting is None or _failed(self.starting):
            self.starting = asyncio.create_task(self._start(self.starting is not None), name="start an engine")
        # Shielded: one who gives up must not stop it for the others.
        await asyncio.shield(self.starting)

    async def _start(self, again: bool) -> None:
        if again:  # an engine is started once
            await self.engine.close()
            self.engine = self._make()
        await self.engine.start()

    async def close(self) -> None:
        if self.starting is not None:
            self.starting.cancel()
            await asyncio.wait({self.starting})
        await self.engine.close()


def _failed(task: asyncio.Task[None]) -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
