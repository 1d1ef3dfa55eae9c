"""Calling engines: deadlines, what goes wrong as an `EngineError`, and reports without content."""

import logging
import traceback
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Final, NamedTuple, TypeVar

from voxwire.awake import Deadline
from voxwire.errors import EngineError, VoxwireError
from voxwire.interfaces.engine import ENGINE_TITLES
from voxwire.runtime.tasks import release

logger = logging.getLogger("voxwire.runtime")

_T = TypeVar("_T")

_TIMEOUT_CODES: Final = {"stt": "transcription_timeout", "llm": "llm_timeout", "tts": "tts_timeout"}
_ENGINES: Final = ENGINE_TITLES


def log_bug(what: str, error: BaseException) -> None:
    """Log where an unexpected exception came from.

    Its text is left out unless it is ours: a library's message may quote what somebody said.
    """
    text = str(error) if isinstance(error, VoxwireError) else type(error).__name__
    logger.error("%s: %s\n%s", what, text, "".join(traceback.format_tb(error.__traceback__)).rstrip())


def timed_out(stage: str, seconds: float) -> EngineError:
    return EngineError(stage, _TIMEOUT_CODES[stage], f"The {_ENGINES[stage]} gave nothing for {seconds:.0f} s.")


def broke_contract(stage: str, what: str) -> EngineError:
    return EngineError(stage, "engine_protocol_error", f"The {_ENGINES[stage]} {what}.")


class engine_errors:
    """Engines promise to raise EngineError alone; whatever else comes is logged and becomes one.

    A class, for `contextlib.contextmanager` takes four calls where this takes two, and each word of an answer goes
    through several of these. It remembers nothing, so each stage has one: `stt_errors`, `llm_errors`, `tts_errors`,
    `turn_errors`.
    """

    __slots__ = ("_stage",)

    def __init__(self, stage: str) -> None:
        self._stage = stage

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is None:
            return
        if isinstance(error, Exception) and not isinstance(error, EngineError):
            engine = _ENGINES[self._stage]
            log_bug(f"the {engine} raised", error)
            raise EngineError(self._stage, "engine_failed", f"The {engine} failed unexpectedly.") from error


stt_errors: Final = engine_errors("stt")
llm_errors: Final = engine_errors("llm")
tts_errors: Final = engine_errors("tts")
turn_errors: Final = engine_errors("turn")


class EngineSteps(Deadline):
    """The deadlines of what a task asks of engines, step by step: `async with EngineSteps() as steps:`.

    One timer serves them all: one for each step took a fiftieth of what an answer costs. Raises EngineError.
    """

    __slots__ = ("_allowed_s", "_stage")

    def __init__(self) -> None:
        super().__init__(None)

    def begin(self, stage: str, seconds: float) -> None:
        """A step of this engine begins, or goes on: it may take so long from now."""
        self._stage, self._allowed_s = stage, seconds
        self.restart(seconds)

    def end(self) -> None:
        """The step was in time."""
        self.restart(None)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            await super().__aexit__(kind, error, traceback)
        except TimeoutError:
            raise timed_out(self._stage, self._allowed_s) from None


async def close_iterator(stage: str, events: AsyncIterator[Any]) -> None:
    """Closing an engine's iterator stops its work at once; left to the garbage collector it would stop
    some time. A plain iterator has nothing to stop."""
    close = getattr(events, "aclose", None)
    if close is not None:
        with engine_errors(stage):
            await close()


class EngineFailure(NamedTuple):
    """What an `EngineError` says. To be kept in place of it: an exception in a variable of a function that it
    passed through holds itself and all that the function knew, until a full collection."""

    stage: str
    code: str
    message: str


def first_failure(group: BaseExceptionGroup[EngineError]) -> EngineFailure:
    """The failure that ended a task group; the others followed from it. What the group holds is released."""
    first = group.exceptions[0]
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    release(group)
    return EngineFailure(first.stage, first.code, first.message)


def log_failure(failure: EngineFailure | EngineError) -> None:
    """An engine's message may quote what was said, so the log names the stage and the code alone."""
    logger.warning("%s failed: %s", _ENGINES.get(failure.stage, failure.stage), failure.code)
