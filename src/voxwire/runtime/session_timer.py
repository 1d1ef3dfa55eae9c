"""The deadline of a session, kept on a clock.

A deadline moves with nearly every input, mostly to later. The timer stays where it is then: it fires early, looks, and
is set again, so that an append never costs a timer.
"""

from collections.abc import Callable

from voxwire.runtime.contracts import Clock, Timer


class SessionTimer:
    """`look` is called when the deadline may have come; whoever looks says what is due now, by `keep`."""

    def __init__(self, clock: Clock, look: Callable[[], None]) -> None:
        self._clock = clock
        self._look = look
        self._timer: Timer | None = None
        self._due = 0.0

    def keep(self, due: float | None) -> None:
        """Look at this time, on the clock, or before; None: there is nothing to look for."""
        if due is None:
            return
        if self._timer is not None:
            if self._due <= due:
                return
            self._timer.cancel()
        self._due = due
        self._timer = self._clock.call_at(due, self._ring)

    def stop(self) -> None:
        """Look no more. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ring(self) -> None:
        self._timer = None
        self._look()
