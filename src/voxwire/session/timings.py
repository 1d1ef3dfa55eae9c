"""When the stages of a turn were reached: what `voxwire.turn_timings` tells who asked for it."""

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from voxwire.events.server import TurnTimings


class TurnTimes(msgspec.Struct, kw_only=True, gc=False):
    """A spoken turn: the end of its speech in the time of the input audio, the rest on the clock of `now`."""

    speech_end_ms: int
    decided: float
    words: float | None = None
    """When they were known for good."""


@dataclass(slots=True)
class ResponseTimes:
    """A response, from the turn it answers to its first output; on the clock of `now`."""

    _begun: float = 0.0
    _item_id: str | None = None
    _turn: TurnTimes | None = None
    _first_token: float | None = None
    _first_audio: float | None = None
    _saved_ms: int | None = None
    drafts_wasted: int = 0
    """Drafts begun in vain since the response before."""

    def begin(self, now: float, item_id: str | None, turn: TurnTimes | None) -> None:
        """The response was created, to answer the item `item_id`, which may be a spoken turn."""
        self._begun, self._item_id, self._turn = now, item_id, turn

    def reached(self, now: float, *, audio: bool) -> None:
        """Output came, speech or other; only the first of each counts."""
        if self._first_token is None:
            self._first_token = now
        if audio and self._first_audio is None:
            self._first_audio = now

    def drafted(self, now: float, asked: float, ready: float | None) -> int:
        """A draft is taken over whose words were asked for at `asked`, and whose first output was there at `ready`:
        the milliseconds by which it comes earlier. That is its head start, less the time for which it lay there."""
        decided = self._turn.decided if self._turn else self._begun
        lay = 0.0 if ready is None else now - ready
        self._saved_ms = round(max(decided - asked - lay, 0.0) * 1000)
        return self._saved_ms

    def event(self, response_id: str, clock_ms: Callable[[float], int]) -> TurnTimings:
        """`clock_ms` gives the time to show for a moment of `now`'s clock."""

        def shown(at: float | None) -> int | None:
            return None if at is None else clock_ms(at)

        turn = self._turn
        return TurnTimings(
            response_id=response_id,
            item_id=self._item_id,
            audio_speech_end_ms=turn.speech_end_ms if turn else None,
            turn_decided_ms=clock_ms(turn.decided if turn else self._begun),
            transcript_final_ms=shown(turn.words if turn else None),
            first_token_ms=shown(self._first_token),
            first_audio_ms=shown(self._first_audio),
            draft_saved_ms=self._saved_ms,
            drafts_wasted=self.drafts_wasted,
        )
