"""The silence after an answer: `idle_timeout_ms` (protocol: turns, Idle timeout)."""

from collections.abc import Callable

from voxwire.events.session_config import ServerVad
from voxwire.session.alarms import Alarm
from voxwire.session.playout import Playout
from voxwire.session.state import State


class Idle:
    """Sets the alarm that rings when nobody has said anything for so long since the last answer was heard."""

    __slots__ = ("_playout", "_since", "_speaking", "_state")

    def __init__(self, state: State, playout: Playout, speaking: Callable[[], bool]) -> None:
        """`speaking`: whether the user is."""
        self._state = state
        self._playout = playout
        self._speaking = speaking
        self._since: float | None = None

    def answered(self) -> None:
        """An answer is complete. If it ends while the user speaks, that is not silence."""
        if not self._speaking():
            self._since = self._state.now
            self.review()

    def disturbed(self) -> None:
        """Somebody says something: no silence until the next answer."""
        self._since = None
        self._state.alarms.clear(Alarm.IDLE)

    def review(self) -> None:
        """Set the alarm anew: the settings have changed, or what is known of playing."""
        detection, heard = self._state.config.turn_detection, self._playout.end
        timeout_ms = detection.idle_timeout_ms if isinstance(detection, ServerVad) else None
        if self._since is None or heard is None or timeout_ms is None:
            self._state.alarms.clear(Alarm.IDLE)
        else:
            self._state.alarms.set(Alarm.IDLE, max(self._since, heard) + timeout_ms / 1000)
