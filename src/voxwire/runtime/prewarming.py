"""Having the language engine read the beginning of a conversation before somebody speaks, where it can."""

import asyncio

from voxwire.errors import EngineError
from voxwire.events.session_config import SessionConfig, SessionKind, effort
from voxwire.interfaces.engine import Claim
from voxwire.interfaces.llm import LlmEngine, LlmRequest, Warms
from voxwire.runtime.engine_calls import llm_errors, log_failure
from voxwire.runtime.tasks import Tasks


class Prewarming:
    """What one session's requests begin with, read when the session opens, and anew when that changes.

    An engine without `Warms` is left alone.
    """

    def __init__(self, llm: LlmEngine, claim: Claim, tasks: Tasks) -> None:
        self._engine = llm if isinstance(llm, Warms) else None
        self._claim = claim
        self._tasks = tasks
        self._beginning: LlmRequest | None = None
        self._reading: asyncio.Task[None] | None = None

    def expect(self, config: SessionConfig) -> None:
        """The settings that answers from now on are made with."""
        if self._engine is None or config.kind is SessionKind.TRANSCRIPTION:
            return
        beginning = LlmRequest(
            instructions=config.instructions,
            items=(),
            tools=config.tools,
            tool_choice=config.tool_choice,
            parallel_tool_calls=config.parallel_tool_calls,
            reasoning=effort(config.reasoning),
            session_key=self._claim.owner,
            principal=self._claim.principal,
        )
        if beginning != self._beginning:
            self.stop()
            self._beginning = beginning
            self._reading = self._tasks.spawn(_read(self._engine, beginning), "warm the language engine")

    def stop(self) -> None:
        """An answer is asked for, which reads the beginning itself; or the session ends. Idempotent."""
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None


async def _read(engine: Warms, beginning: LlmRequest) -> None:
    try:
        with llm_errors:
            await engine.warm(beginning)
    except EngineError as error:
        log_failure(error)  # answers go on without it
