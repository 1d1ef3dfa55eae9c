"""Speech detection: how likely is speech, window by window."""

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import msgspec

from voxwire.audio.tape import Tape
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


@runtime_checkable
class ScoresTapes(Protocol):
    """What a `VadEngine` may do besides: score tapes in one call, without a copy of each window in Python."""

    @property
    def tapes(self) -> type[Tape]:
        """The kind of tape that it reads. Others are scored by `score`."""
        ...

    def score_tapes(self, states: Sequence[Any], tapes: Sequence[Tape], counts: Sequence[int]) -> None:
        """Cut the next `counts[n]` windows of `tapes[n]`, of which as many are `ready`, resample and score them with
        `states[n]`, and put the scores. No tape occurs twice; every count is 1 or more. The results are those of
        `Tape.cut`, a `WindowResampler`, `score` and `Tape.put`, to within 0.0001.

        Nobody else uses these tapes and states meanwhile, so the interpreter lock may be released. Whatever this raises
        ends the conversations in the batch; it leaves their tapes and states in any condition.
        """
        ...
