from collections.abc import Sequence
from typing import Any, TypeAlias

#: Whatever has the buffer protocol. `Buffer` names that from Python 3.12 on, and NumPy's arrays have it only there.
_Buffer: TypeAlias = Any

INTERFACE: int
"""Grows when something here is called in another way."""

_Filter: TypeAlias = tuple[int, int, _Buffer, _Buffer | None]

class State:
    """What the network remembers of one conversation. A new one has heard silence only."""

    context: bytes
    """The last 64 samples, PCM16 at 16 kHz."""
    memory: bytes
    """The LSTM's two vectors, 256 floats."""

class Network:
    """The network, its weights packed for one kernel. Nothing in it changes, so threads may share it."""

    def __new__(cls, matrices: Sequence[_Buffer], filters: Sequence[_Filter], variant: str = "") -> Network:
        """`matrices` are 13 buffers of float32, each (inputs, units): weights and bias of the four convolutions, their
        inputs tap by tap; the LSTM's weights of features and of hidden values, and its bias, gates in the order
        input, forget, output, candidate, the first three halved; weights and bias of the output.

        A filter makes two samples of 16 kHz of every `down` samples: (down, samples of history, coefficients
        (2, history + down), samples of the 256 bytes of G.711 or None for PCM16). Its place in the
        sequence is the number of its format.

        Raises ValueError when a buffer has another size, a value is not finite, or the processor cannot run `variant`.
        """

    @property
    def variant(self) -> str: ...
    def score(self, states: Sequence[State], windows: Sequence[_Buffer], formats: _Buffer | None = None) -> list[float]:
        """Speech probability of each window; `states` may name a conversation several times, in order.

        A window is 512 samples of PCM16 at 16 kHz. With `formats`, a byte for each, it is a stretch of that format
        instead: the filter's history and the window. Everything is copied first and computed without the
        interpreter's lock. Raises ValueError for wrong sizes and more than 1,024 windows.
        """

    def score_tapes(self, states: Sequence[State], tapes: Sequence[Tape], counts: Sequence[int]) -> None:
        """Cut the next `counts[n]` windows of `tapes[n]`, score them with `states[n]`, and put the scores; none on one
        that has begun another stream of windows while the interpreter's lock was released. The number of the format of
        a tape is 0 for PCM16, 1 for mu-law, 2 for A-law. No tape occurs twice.

        Raises ValueError for other counts than are ready, and nothing was taken then."""

    def resample(self, stretch: _Buffer, format: int) -> bytes:
        """A stretch of a format to 512 samples of PCM16 at 16 kHz."""

class Tape:
    """The uncommitted audio of one session, as `voxwire.audio.tape.Tape`, which describes it all."""

    def __new__(cls, format: Any) -> Tape: ...
    @property
    def format(self) -> Any: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def followed(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def committed(self) -> int: ...
    @property
    def cleared(self) -> int: ...
    @property
    def discarded(self) -> int: ...
    @property
    def wakes(self) -> bool: ...
    @property
    def size(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def unscored(self) -> int: ...
    @property
    def ready(self) -> int: ...
    @property
    def scores(self) -> tuple[float, ...]: ...
    def append(self, audio: _Buffer, /) -> int: ...
    def read(self, start: int, end: int, /) -> bytes: ...
    def commit(self, start: int, end: int, /) -> bytes | bytearray: ...
    def clear(self) -> None: ...
    def discard_before(self, tick: int, /) -> None: ...
    def change_format(self, format: Any, /) -> None: ...
    def begin(self, epoch: int, /) -> None: ...
    def realign(self) -> None: ...
    def expect(self, low: float, high: float, most: int, keep: int, /) -> None: ...
    def follow(self) -> float | None: ...
    def pass_over(self, low: float, high: float, most: int, /) -> int: ...
    def cut(self) -> bytes: ...
    def put(self, score: float, /) -> None: ...

def variants() -> tuple[str, ...]: ...
