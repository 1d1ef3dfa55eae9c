"""The signals that stop a server, and when one is meant again."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_STOPPING: Final = (signal.SIGINT, signal.SIGTERM)
#: A SIGTERM so soon after another is the same: a supervisor and the shell between may both hand it on. Seconds.
_SAME_SIGNAL_S: Final = 0.5


@contextmanager
def stop_signals(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """`handler` gets them while the block lasts. When it is left, everything has ended, and they have no effect: having
    stopped as asked is success, however often it was asked. For the main thread."""
    try:
        for number in _STOPPING:
            signal.signal(number, handler)
        yield
    finally:
        for number in _STOPPING:
            signal.signal(number, signal.SIG_IGN)


def means_at_once(number: int, after_s: float) -> bool:
    """Whether a signal that comes `after_s` seconds after the first one asks for the end at once."""
    return number == signal.SIGINT or after_s > _SAME_SIGNAL_S
