"""What the runtime needs of its neighbours, so that each can be replaced by a fake."""

from collections.abc import Callable
from typing import Any, Protocol

from voxwire.audio.tape import Tape
from voxwire.events.server import SessionCreated
from voxwire.events.session_config import SessionPatch
from voxwire.interfaces.commands import Output
from voxwire.interfaces.inputs import Input


class SessionCore(Protocol):
    """What a live session drives: `voxwire.session.session.Session`."""

    def open(self, patch: SessionPatch | None = None) -> list[Output]: ...

    @property
    def created(self) -> SessionCreated: ...

    def end(self) -> list[Output]: ...

    def receive(self, event: Input, *, now: float, origin: int | None = None) -> list[Output]: ...

    def append(self, audio: bytes, *, now: float) -> int | None: ...

    def pull(self, *, now: float) -> list[Output]: ...

    @property
    def tape(self) -> Tape: ...

    @property
    def deadline(self) -> float | None: ...

    @property
    def backlog_ms(self) -> float: ...

    @property
    def waiting_events(self) -> int: ...

    @property
    def speaking(self) -> bool: ...


class Timer(Protocol):
    def cancel(self) -> object: ...


class Clock(Protocol):
    """Monotonic seconds, and calls at a time on it. An asyncio loop is one."""

    def time(self) -> float: ...

    def call_at(self, when: float, callback: Callable[[], Any], /) -> Timer: ...


class VadLane(Protocol):
    """One session's way into the shared speech detection."""

    watched: bool

    def queue(self) -> None: ...

    def hold(self) -> None: ...

    def release(self) -> None: ...

    def close(self) -> None: ...


class OpenLane(Protocol):
    """Open a lane for a tape (`VadBatcher.open`).

    `on_wake` is called on the loop; `on_error` at most once, when no scores will come any more.
    """

    def __call__(
        self, tape: Tape, on_wake: Callable[[], None], on_error: Callable[[Exception], None], /
    ) -> VadLane: ...


class ResultSink(Protocol):
    """Where results of work go: a live session."""

    def submit(self, event: Input) -> None: ...

    def crash(self, bug: BaseException) -> None:
        """The session cannot go on."""

    async def writable(self) -> None:
        """Wait until every speaker can take more."""

    def relieve(self) -> None:
        """Some audio was worked off: readers that wait may look again."""
