"""Speech detection: how likely is speech, window by window."""

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from voxwire.interfaces.engine import Engine, EngineInfo


class VadCapabilities(msgspec.Struct, frozen=True, kw_only=True):
    info: EngineInfo


class VadEngine(Engine, Protocol):
    """Scores 32 ms windows for many conversations in one call: pure computation on the event loop, no process.

    32 windows must take a millisecond or two: it runs for every speaker, 31 times a second.
    """

    @property
    def capabilities(self) -> VadCapabilities:
        """The same for the engine's whole life."""
        ...

    def new_state(self) -> Any:
        """The memory of one conversation, which `score` updates in place. Its type is the engine's own."""
        ...

    def score(self, states: Sequence[Any], windows: Sequence[bytes]) -> list[float]:
        """Speech probability 0 to 1 of each window: 512 samples of PCM16 at 16 kHz, one a state.

        A state that occurs several times gets its windows in the order given. Whatever this raises ends the
        conversations in the batch: a window is never bad, so it is a bug.
        """
        ...
