"""Speech detection: how likely is speech, window by window."""

from collections.abc import Sequence
from typing import Any, Protocol


class VadEngine(Protocol):
    """Scores 32 ms windows for many conversations in one call; pure computation, no process.

    `new_state()` gives the memory of one conversation, which `score` updates in place. The type of
    the state is the engine's own.
    """

    def new_state(self) -> Any: ...

    def score(self, states: Sequence[Any], windows: Sequence[bytes]) -> list[float]:
        """Speech probability 0 to 1 of each window: 512 samples of PCM16 at 16 kHz, one a state.

        A state that occurs several times gets its windows in the order given.
        """
