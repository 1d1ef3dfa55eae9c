"""What a person sees while models are fetched: bars on a terminal, a line now and then elsewhere. On standard error."""

import contextlib
import sys
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from voxwire.catalogue import PullReport, megabytes
from voxwire.printing import complain

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

#: Seconds between two lines on one model, where there is no bar.
_EVERY_S: Final = 5.0


@contextlib.contextmanager
def shown_pulls() -> Iterator[PullReport]:
    """How fetches are shown, until the end of the block."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    try:
        from rich.console import Console
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn
        from rich.progress import TransferSpeedColumn as Speed
    except ImportError:
        yield Lines()
        return
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), Speed(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        yield _Bars(progress)


class Lines:
    """A line when a fetch begins, one now and then, and each note. `clock` counts seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._total = 0
        self._said = 0.0

    def began(self, name: str, total: int) -> None:
        self._total, self._said = total, self._clock()
        complain(f"{name}: fetching {megabytes(total)} ...")

    def moved(self, name: str, done: int) -> None:
        if self._clock() - self._said >= _EVERY_S:
            self._said = self._clock()
            complain(f"{name}: {100 * done // self._total} % of {megabytes(self._total)}")

    def note(self, name: str, text: str) -> None:
        complain(f"{name}: {text}")

    def ended(self, name: str) -> None:
        """Whoever asked for the model says how it ended."""


class _Bars:
    """A bar for each model; notes stand above the bars."""

    def __init__(self, progress: "Progress") -> None:
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}

    def began(self, name: str, total: int) -> None:
        self._tasks[name] = self._progress.add_task(name, total=total)

    def moved(self, name: str, done: int) -> None:
        self._progress.update(self._tasks[name], completed=done)

    def note(self, name: str, text: str) -> None:
        self._progress.console.print(f"{name}: {text}", markup=False, highlight=False, soft_wrap=True)

    def ended(self, name: str) -> None:
        task = self._tasks.pop(name)
        if self._progress.tasks[self._progress.task_ids.index(task)].finished:
            self._progress.stop_task(task)
        else:  # a bar that never gets on would look like one that may
            self._progress.remove_task(task)
