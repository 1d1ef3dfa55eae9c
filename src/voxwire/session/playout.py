"""When an answer will have been heard, which is seldom when it was made (protocol: decisions,
Playout; ADR 18).

Speech is made faster than it is played. Where the client plays it, nobody tells how far it is: the end is
estimated, and what the client cancels and truncates corrects that. Where the transport plays it, the transport
reports, and a message that it has not played to the end when it is stopped is truncated here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from voxwire.events.server import AudioDelta, ItemTruncated
from voxwire.interfaces.commands import DiscardPendingAudio
from voxwire.interfaces.inputs import PlayoutProgress
from voxwire.session.state import State

#: Messages that may wait to be heard, as many as one answer may have. Of more, the oldest count as heard.
_MOST_UNHEARD: Final = 128


@dataclass(slots=True)
class _Speech:
    """A message that is being heard, or will be, until `end`; `played_ms` of it were reported."""

    response_id: str
    item_id: str
    end: float
    played_ms: float = 0.0


class Playout:
    """Where the client plays: an estimate, as if it played everything at once, in order and without a pause."""

    __slots__ = ("_heard", "_state", "_unheard")

    def __init__(self, state: State) -> None:
        self._state = state
        self._heard = state.now
        self._unheard: list[_Speech] = []

    @property
    def end(self) -> float | None:
        """When all that was said so far will have been heard, on the clock of `now`; None while nobody can know."""
        return self._unheard[-1].end if self._unheard else self._heard

    def spoke(self, delta: AudioDelta) -> None:
        """Speech of the conversation leaves."""
        entry = self._state.conversation.get(delta.item_id)
        if entry is None or entry.cut_ms is None:  # who has cut a message plays no more of it
            self._add(delta)

    def stop(self, response_id: str) -> None:
        """An answer was cancelled: what was not heard of it will not be."""
        self._stop_from(lambda speech: speech.response_id == response_id)

    def cut(self, item_id: str) -> None:
        """The client said how much it heard of a message: if it was still playing it, it has stopped."""
        self._stop_from(lambda speech: speech.item_id == item_id)

    def interrupt(self) -> None:
        """The user interrupts: nothing is played any more, of whichever answer."""
        self._stop_from(lambda speech: True)

    def progress(self, report: PlayoutProgress) -> None:
        """The transport has played so much of a message, and all that came before. Nobody else reports."""
        for index, speech in enumerate(self._unheard):
            if speech.item_id == report.item_id:
                speech.played_ms = max(speech.played_ms, report.played_ms)
                del self._unheard[:index]
                return

    def drained(self) -> None:
        """The transport has played all that it had."""
        self._unheard.clear()
        self._heard = self._state.now

    def _add(self, delta: AudioDelta) -> None:
        now = self._state.now
        if not self._unheard or self._unheard[-1].item_id != delta.item_id:
            self._drop_heard()
            before = self._unheard[-1].end if self._unheard else now
            self._unheard.append(_Speech(delta.response_id, delta.item_id, before))
            del self._unheard[:-_MOST_UNHEARD]
        speech = self._unheard[-1]
        speech.end = max(speech.end, now) + len(delta.pcm) / 2 / delta.format.rate

    def _drop_heard(self) -> None:
        while self._unheard and self._unheard[0].end <= self._state.now:
            self._heard = self._unheard.pop(0).end

    def _stop_from(self, first: Callable[[_Speech], bool]) -> None:
        """Whatever comes after the first such message is not heard, either: playing is over."""
        self._drop_heard()
        index = next((at for at, speech in enumerate(self._unheard) if first(speech)), None)
        if index is not None:
            stopped, self._unheard = self._unheard[index:], self._unheard[:index]
            self._heard = self._state.now
            self._cut_off(stopped)

    def _cut_off(self, speeches: list[_Speech]) -> None:
        """Where the client plays, it is for the client to say what was heard of them."""


class ReportedPlayout(Playout):
    """Where the transport plays: what it reports, and nothing else."""

    __slots__ = ()

    @property
    def end(self) -> float | None:
        return None if self._unheard else self._heard

    def spoke(self, delta: AudioDelta) -> None:
        self._add(delta)

    def cut(self, item_id: str) -> None:
        """What clients say of playing counts for the conversation alone."""

    def interrupt(self) -> None:
        for response_id in dict.fromkeys(speech.response_id for speech in self._unheard):
            self._state.emit(DiscardPendingAudio(response_id=response_id))
        super().interrupt()

    def _drop_heard(self) -> None:
        """Only reports say what was heard."""

    def _cut_off(self, speeches: list[_Speech]) -> None:
        conversation = self._state.conversation
        for speech in speeches:
            entry, played_ms = conversation.get(speech.item_id), speech.played_ms
            if entry is not None and played_ms < entry.spoken_ms:
                conversation.truncate(entry, played_ms)
                self._state.emit(ItemTruncated(item_id=speech.item_id, content_index=0, audio_end_ms=int(played_ms)))
