"""Clauses of an answer that wait to be spoken, while its text still comes."""

import asyncio
from collections import deque

from voxwire.engines.tts.clauses import Clause, ClauseSizes, ClauseSplitter


class ClauseQueue:
    """One task feeds while another takes."""

    def __init__(self, sizes: ClauseSizes) -> None:
        self._splitter = ClauseSplitter(sizes)
        self._clauses: deque[Clause] = deque()
        self._changed = asyncio.Event()
        self._flushed = False
        self.closed = False

    def feed(self, text: str) -> None:
        if not self._flushed:
            self._add(self._splitter.feed(text))

    def flush(self) -> None:
        """No more text comes."""
        if not self._flushed:
            self._flushed = True
            self._add(self._splitter.flush())

    def close(self) -> None:
        """Nothing is taken any more."""
        self.closed = True
        self._changed.set()

    async def next(self) -> Clause | None:
        """The next clause to speak; None at the end."""
        while not self.closed:
            if self._clauses:
                return self._clauses.popleft()
            if self._flushed:
                return None
            self._changed.clear()
            await self._changed.wait()
        return None

    def _add(self, clauses: list[Clause]) -> None:
        self._clauses.extend(clauses)
        self._changed.set()
