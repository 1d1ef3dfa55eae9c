"""Turn models for tests: they vote as they were told to."""

from collections import deque

from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.turn import TurnCapabilities


class FakeTurn:
    """Votes `scores` in turn, the last one again and again; `asked` is what it was asked about."""

    def __init__(self, *scores: float) -> None:
        self.capabilities = TurnCapabilities(
            info=EngineInfo(name="fake-turn", label="scripted votes", licence="Apache-2.0")
        )
        self.asked: list[tuple[bytes, str]] = []
        self.started = 0
        self.closed = 0
        self._scores = deque(scores or (1.0,))

    async def start(self) -> None:
        self.started += 1

    async def close(self) -> None:
        self.closed += 1

    async def score(self, audio: bytes, text: str) -> float:
        self.asked.append((audio, text))
        return self._scores[0] if len(self._scores) == 1 else self._scores.popleft()
