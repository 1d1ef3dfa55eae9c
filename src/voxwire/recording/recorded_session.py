"""A session that notes what it is told."""

from typing import Any

from voxwire.audio.tape import TICKS_PER_MS
from voxwire.events.client import AppendAudio
from voxwire.events.session_config import SessionPatch
from voxwire.interfaces.commands import Output
from voxwire.interfaces.inputs import Input, SpeechScores
from voxwire.recording.notes import Notes
from voxwire.session import Session


class RecordedSession(Session):
    """The same session in every other respect. Sessions that are not recorded are not made of this class, and cost
    nothing."""

    def __init__(self, notes: Notes, **arguments: Any) -> None:
        self._notes = notes
        self._noted = 0
        self._discarded = 0
        overheard = notes.listening(arguments["ids"], arguments["capabilities"])
        super().__init__(**{**arguments, **overheard})

    def open(self, patch: SessionPatch | None = None) -> list[Output]:
        outputs = super().open(patch)
        self._notes.opened(self._state.now, patch, outputs)
        return outputs

    def receive(self, event: Input, *, now: float, origin: int | None = None) -> list[Output]:
        alone = type(event) is AppendAudio and self.tape.discarded == self._discarded  # it pulls nothing
        pulled = [] if alone else self.pull(now=now)
        outputs = Session.receive(self, event, now=now, origin=origin)  # `super` takes twice as long
        if self._notes.open:
            self._notes.took(now, event, origin, outputs)
        if not alone:
            self._note_position()
        return pulled + outputs if pulled else outputs

    def append(self, audio: bytes, *, now: float) -> int | None:
        """None, too, where a replay would have no room: it discards what scores made needless when it is told them."""
        tape = self.tape
        kept = (tape.discarded - self._discarded) * tape.format.bytes_per_ms // TICKS_PER_MS
        if kept and not self._listener.takes(len(audio) + kept):
            return None
        ready = Session.append(self, audio, now=now)
        if ready is not None and self._notes.open:
            self._notes.appended(now, audio)
        return ready

    def pull(self, *, now: float) -> list[Output]:
        """The scores are noted where they are pulled. Those that wait for a judgement were noted then."""
        epoch, scores = self.tape.epoch, self.tape.scores[self._noted :]
        if not scores:
            return []
        outputs = Session.pull(self, now=now)
        if self._notes.open:
            self._notes.took(now, SpeechScores(epoch=epoch, scores=scores), None, outputs)
        self._note_position()
        return outputs

    def _note_position(self) -> None:
        """A replay is as far as this."""
        self._noted, self._discarded = len(self.tape.scores), self.tape.discarded
