"""What a session waits for on the clock: deadlines by name, of which the first wakes it."""

from enum import IntEnum, auto

Name = tuple["Alarm", int]


class Alarm(IntEnum):
    """What a deadline is for. A number, for the hash of any other is a call of Python, and it is a key."""

    SESSION = auto()
    """The session has lived long enough."""
    IDLE = auto()
    """Nobody has said anything since the last answer was heard."""
    SUSPICION = auto()
    """Speech is suspected to interrupt an answer, and the audio that would decide it does not come."""
    WORDS = auto()
    """A response, named by its generation, has waited long enough for the words of its turn."""


class Alarms:
    """Parts of a session set and clear their deadlines here, on the clock of `now`.

    `number` tells apart several of one kind.
    """

    __slots__ = ("_times", "next")

    def __init__(self) -> None:
        self._times: dict[Name, float] = {}
        self.next: float | None = None
        """The first of all deadlines. Kept up to date, for it is asked after every input and seldom changes."""

    def set(self, alarm: Alarm, at: float, number: int = 0) -> None:
        """Set a deadline, or move it."""
        self._times[alarm, number] = at
        self.next = min(self._times.values())

    def clear(self, alarm: Alarm, number: int = 0) -> None:
        """Take a deadline back; one that is not set is none."""
        if self._times.pop((alarm, number), None) is not None:
            self.next = min(self._times.values(), default=None)

    def clear_all(self) -> None:
        self._times.clear()
        self.next = None

    def ring(self, now: float) -> Name | None:
        """Take out the earliest deadline that has come; None when none has."""
        if self.next is None or self.next > now:
            return None
        name = min(self._times, key=self._times.__getitem__)
        self.clear(*name)
        return name
