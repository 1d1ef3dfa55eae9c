"""smart-turn as an engine: votes for all sessions, gathered into passes of one thread."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

from voxwire.catalogue import locate
from voxwire.engines.options import checked
from voxwire.engines.turn.smart_turn.turn_network import TurnNetwork
from voxwire.errors import ConfigurationError, EngineError
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.turn import TurnCapabilities

_MODEL: Final = "smart-turn-v3.2"
#: Votes in one pass. Each takes about 45 ms, a little less together, and nobody waits for one longer than 500 ms.
_MOST_TOGETHER: Final = 4

_CAPABILITIES: Final = TurnCapabilities(
    info=EngineInfo(name="smart-turn", label="smart-turn v3", licence="BSD-2-Clause")
)


class SmartTurnOptions(BaseModel):
    """What the settings may say of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str = Field(default=_MODEL, min_length=1)


def engine(options: Mapping[str, Any]) -> "SmartTurn":
    """Entry point `smart-turn`. Raises ConfigurationError for wrong options, ImportError without its library."""
    chosen = checked("smart-turn", SmartTurnOptions, options)
    import onnxruntime  # noqa: F401

    return SmartTurn(chosen)


class SmartTurn:
    """One network for the whole process. What comes while a pass runs is heard together in the next."""

    capabilities = _CAPABILITIES

    def __init__(self, options: SmartTurnOptions) -> None:
        self._options = options
        self._thread: ThreadPoolExecutor | None = None
        self._network: TurnNetwork | None = None
        self._waiting: list[tuple[bytes, asyncio.Future[float]]] = []
        self._passes: asyncio.Task[None] | None = None

    @property
    def models(self) -> tuple[str, ...]:
        return (self._options.model,)

    async def start(self) -> None:
        self._thread = ThreadPoolExecutor(1, "smart-turn")
        self._network = await asyncio.get_running_loop().run_in_executor(self._thread, self._load)

    def _load(self) -> TurnNetwork:
        path = locate(self._options.model, engine="smart-turn")
        if path.is_dir():
            found = sorted(path.glob("*.onnx"))
            if len(found) != 1:
                raise ConfigurationError(f"The turn model {path} is a folder with {len(found)} .onnx files, not one.")
            path = found[0]
        return TurnNetwork(path)

    async def close(self) -> None:
        passes, self._passes = self._passes, None
        if passes is not None:
            passes.cancel()
        waiting, self._waiting = self._waiting, []
        for _, vote in waiting:
            vote.cancel()
        self._network = None
        if self._thread is not None:
            self._thread.shutdown(wait=False, cancel_futures=True)
            self._thread = None

    async def score(self, audio: bytes, text: str) -> float:
        """`text` says nothing to it."""
        if self._network is None:
            raise EngineError("turn", "engine_closed", "The turn model is closed.")
        vote: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.append((audio, vote))
        if self._passes is None or self._passes.done():
            self._passes = asyncio.create_task(self._run(self._network, self._thread), name="smart-turn passes")
        return await vote

    async def _run(self, network: TurnNetwork, thread: ThreadPoolExecutor | None) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = [(audio, vote) for audio, vote in self._waiting[:_MOST_TOGETHER] if not vote.done()]
            del self._waiting[:_MOST_TOGETHER]
            if not batch:
                continue
            try:
                scores = await loop.run_in_executor(thread, network.scores, [audio for audio, _ in batch])
            except EngineError as error:
                for _, vote in batch:
                    if not vote.done():
                        vote.set_exception(EngineError(error.stage, error.code, error.message))
                continue
            for (_, vote), score in zip(batch, scores, strict=True):
                if not vote.done():
                    vote.set_result(score)
