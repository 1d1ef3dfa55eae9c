"""Recording a session, and playing it again bit for bit (docs/architecture.md, invariant 6).

A transcript is JSON lines: how the session was made, then every input with its time, its origin, the
identifiers that were drawn and the outputs that came. It holds audio and words: it is for tests and
for reports that a user chooses to make, never for logs.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from voxwire.interfaces.commands import Output
from voxwire.interfaces.inputs import Input
from voxwire.session.session import Session
from voxwire.testing.values import dump, load_values


class Recorder:
    """A session that remembers. Takes the arguments of `Session` and stands in for it."""

    def __init__(self, *, ids: Callable[[str], str], **settings: Any) -> None:
        self.lines: list[bytes] = []
        self._ids = ids
        self._drawn: list[str] = []
        self._session = Session(ids=self._draw, **settings)
        self._note({"session": {name: dump(value) for name, value in settings.items()}}, [])

    def _draw(self, kind: str) -> str:
        self._drawn.append(self._ids(kind))
        return self._drawn[-1]

    def _note(self, line: dict[str, Any], outputs: list[Output]) -> None:
        line["ids"] = self._drawn
        line["outputs"] = [dump(output) for output in outputs]
        self._drawn = []
        self.lines.append(msgspec.json.encode(line))

    def open(self) -> list[Output]:
        outputs = self._session.open()
        self._note({"open": True}, outputs)
        return outputs

    def receive(self, event: Input, *, now: float, origin: int | None = None) -> list[Output]:
        outputs = self._session.receive(event, now=now, origin=origin)
        self._note({"input": dump(event), "now": now, "origin": origin}, outputs)
        return outputs

    @property
    def deadline(self) -> float | None:
        return self._session.deadline

    @property
    def backlog_ms(self) -> float:
        return self._session.backlog_ms

    @property
    def waiting_events(self) -> int:
        return self._session.waiting_events

    @property
    def speaking(self) -> bool:
        return self._session.speaking


class Divergence(AssertionError):
    """A replayed session said something else than the recorded one."""


def replay(lines: Iterable[bytes]) -> Iterator[list[Output]]:
    """Feed a fresh session what a recorded one was fed; yields the outputs of each step.

    Raises Divergence at the first step whose outputs or identifiers differ.
    """
    drawn: deque[str] = deque()
    session: Session | None = None
    for number, encoded in enumerate(lines, 1):
        line = msgspec.json.decode(encoded)
        drawn.extend(line["ids"])
        if session is None:
            settings = {name: load_values(value) for name, value in line["session"].items()}
            session = Session(ids=lambda kind: _next_id(drawn, kind), **settings)
            outputs = []
        elif "open" in line:
            outputs = session.open()
        else:
            outputs = session.receive(load_values(line["input"]), now=line["now"], origin=line["origin"])
        if drawn:
            raise Divergence(f"line {number}: identifiers were not drawn again: {list(drawn)}")
        # Compared as JSON: that is what was kept, and it knows every field.
        said = msgspec.json.encode([dump(output) for output in outputs])
        if said != msgspec.json.encode(line["outputs"]):
            raise Divergence(f"line {number}: expected {line['outputs']}, got {msgspec.json.decode(said)}")
        yield outputs


def _next_id(drawn: deque[str], kind: str) -> str:
    if not drawn or not drawn[0].startswith(f"{kind}_"):
        raise Divergence(f"an identifier of kind {kind!r} was drawn, recorded was {list(drawn)[:1]}")
    return drawn.popleft()
