"""Which engine serves a piece of work: said to whoever the work is for, through all that stands between."""

from collections.abc import Callable
from contextvars import ContextVar
from typing import Final, NamedTuple


class Serving(NamedTuple):
    """An engine begins with a piece of work, or goes on with it. `preferred` is the first of its list; `code` is why
    the one before failed, None where none was asked before."""

    stage: str
    engine: str
    preferred: str
    code: str | None


#: Told in the task that waits for the engine: streams and iterators are driven by tasks of the session.
listener: Final[ContextVar[Callable[[Serving], None] | None]] = ContextVar("serving", default=None)


def tell(serving: Serving) -> None:
    """Say it to whoever the work is for, if they listen."""
    if (heard := listener.get()) is not None:
        heard(serving)
