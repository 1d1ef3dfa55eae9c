"""A session that notes what it is told."""

from typing import Any

from voxwire.events.session_config import SessionPatch
from voxwire.interfaces.commands import Output
from voxwire.interfaces.inputs import Input
from voxwire.recording.notes import Notes
from voxwire.session import Session


class RecordedSession(Session):
    """The same session in every other respect. Sessions that are not recorded are not made of this class, and cost
    nothing."""

    def __init__(self, notes: Notes, **arguments: Any) -> None:
        self._notes = notes
        overheard = notes.listening(arguments["ids"], arguments["capabilities"])
        super().__init__(**{**arguments, **overheard})

    def open(self, patch: SessionPatch | None = None) -> list[Output]:
        outputs = super().open(patch)
        self._notes.opened(self._state.now, patch, outputs)
        return outputs

    def receive(self, event: Input, *, now: float, origin: int | None = None) -> list[Output]:
        outputs = Session.receive(self, event, now=now, origin=origin)  # `super` takes twice as long
        if self._notes.open:
            self._notes.took(now, event, origin, outputs)
        return outputs
