"""The host's side of a voice engine whose models are files: they are found at the start, and only then is known which
voices they have."""

import asyncio
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from msgspec.structs import replace

from voxwire.catalogue import locate
from voxwire.engines.tts.clauses import ClauseSizes
from voxwire.engines.tts.pooled import PooledTts
from voxwire.engines.worker.process import WorkerSpec
from voxwire.interfaces.tts import TtsCapabilities


def processes_for_models() -> int:
    """How many workers an engine has unless told otherwise: one for four cores, for each holds its models."""
    return max(1, min(4, (os.cpu_count() or 1) // 4))


class Voices(NamedTuple):
    """`names` maps what clients say to what a person is told; `settings` to what the worker needs to know."""

    names: dict[str, str]
    settings: dict[str, dict[str, Any]]


class ModelledTts(PooledTts):
    """A `TtsEngine` with models on disk (`NeedsModels`).

    `models` are their references. At the start they are located, a worker gets their paths in its options as
    `models`, by reference, and `voices_of` makes the voices of what it says about itself.
    """

    def __init__(
        self,
        capabilities: TtsCapabilities,
        models: tuple[str, ...],
        voices_of: Callable[[Any], Voices],
        spec: WorkerSpec,
        *,
        size: int,
        clauses: ClauseSizes,
    ) -> None:
        super().__init__(capabilities, {}, spec, size=size, clauses=clauses)
        self.models = models
        self._voices_of = voices_of

    async def start(self) -> None:
        """Raises ConfigurationError for a model that is not there or does not fit, EngineError when it fails."""
        paths = await asyncio.to_thread(self._located)
        self.pool.spec = replace(self.pool.spec, options=self.pool.spec.options | {"models": paths})
        await super().start()
        voices = self._voices_of(self.pool.description)
        self._settings: Mapping[str, dict[str, Any]] = voices.settings
        self._capabilities = replace(self._capabilities, voices=voices.names)

    def _located(self) -> dict[str, str]:
        engine = self.capabilities.info.name
        return {reference: str(Path(locate(reference, engine=engine)).absolute()) for reference in self.models}
