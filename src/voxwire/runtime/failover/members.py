"""The engines of a stage in order of preference: which of them are well, and who is asked next."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Protocol

import msgspec

from voxwire.errors import ConfigurationError, EngineError
from voxwire.interfaces.engine import ENGINE_TITLES
from voxwire.runtime.engine_calls import log_bug
from voxwire.runtime.failover.serving import Serving, tell

logger = logging.getLogger("voxwire.runtime")

#: An engine that fails again and again rests longer each time, up to so many times.
_MOST_RESTS: Final = 8
#: What begins like this is about the request, and says nothing about how well the engine is.
_ABOUT_THE_REQUEST: Final = ("unsupported", "unknown", "invalid")


class TakeoverTimes(msgspec.Struct, frozen=True, kw_only=True):
    """How long an engine may be silent before the next takes over, by stage; and how long it rests then. Seconds."""

    llm_s: float = 5.0
    stt_s: float = 5.0
    tts_s: float = 3.0
    rest_s: float = 30.0


class Lease(Protocol):
    """A hold on an engine: `voxwire.runtime.leases.EngineLease`."""

    @property
    def engine(self) -> Any: ...

    async def start(self) -> None: ...

    async def release(self) -> None: ...


class Member:
    """One engine of the list, and how well it is.

        well ──fails──▶ rests ──time passes──▶ on trial ──works──▶ well
                          ▲────────fails──────────┘

    On trial it gets one piece of work; whoever else comes meanwhile asks the others first.
    """

    def __init__(self, name: str, lease: Lease) -> None:
        self.name = name
        self.lease = lease
        self.running = False
        """It has started."""
        self.failures = 0
        """In a row."""
        self.rests_until = 0.0
        self.trials = 0

    @property
    def engine(self) -> Any:
        return self.lease.engine

    def is_well(self, now: float) -> bool:
        """Whether it may be asked before the others."""
        return not self.failures or (now >= self.rests_until and not self.trials)


class Members:
    """All engines of one stage."""

    def __init__(
        self,
        stage: str,
        members: Sequence[Member],
        patience: TakeoverTimes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`members` is not empty, the preferred one stands first."""
        self.stage = stage
        self.all: Final = tuple(members)
        self.changes = 0
        """Times that one took over from another in the middle of its work."""
        self._patience = patience
        self._clock = clock
        self._starting: list[asyncio.Task[None]] = []

    @property
    def first(self) -> Any:
        """The preferred engine of those that run, or of all where none does yet."""
        return next((member for member in self.all if member.running), self.all[0]).engine

    @property
    def engines(self) -> list[Any]:
        """Those that run, or all where none does yet."""
        running = [member.engine for member in self.all if member.running]
        return running or [member.engine for member in self.all]

    @property
    def resting(self) -> int:
        """Members that do not run or have failed lately."""
        return sum(not member.running or member.failures > 0 for member in self.all)

    # --- life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start all. Those that do not are tried again later, if one does; else raises what the first raised."""
        results = await asyncio.gather(*(member.lease.start() for member in self.all), return_exceptions=True)
        failed: list[tuple[Member, Exception]] = []
        for member, result in zip(self.all, results, strict=True):
            if isinstance(result, Exception):
                failed.append((member, result))
            elif isinstance(result, BaseException):
                raise result
            member.running = result is None
        if len(failed) == len(self.all):
            raise failed[0][1]
        for member, error in failed:
            self._log_start(member, error)
            self._starting.append(asyncio.create_task(self._start_later(member), name=f"start {member.name}"))

    async def _start_later(self, member: Member) -> None:
        while True:
            await asyncio.sleep(self._patience.rest_s)
            try:
                await member.lease.start()
            except (EngineError, ConfigurationError):
                continue  # said before
            except Exception as bug:
                log_bug(f"{member.name} did not start", bug)
                continue
            member.running = True
            logger.warning("the %s %s is ready after all", ENGINE_TITLES[self.stage], member.name)
            return

    def _log_start(self, member: Member, error: Exception) -> None:
        reason = str(error) if isinstance(error, EngineError | ConfigurationError) else type(error).__name__
        title = ENGINE_TITLES[self.stage]
        logger.error("the %s %s does not start, others stand in for it: %s", title, member.name, reason)

    async def close(self) -> None:
        """Let go of all. Idempotent."""
        for task in self._starting:
            task.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        results = await asyncio.gather(*(member.lease.release() for member in self.all), return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    # --- work --------------------------------------------------------------------------------------

    def attempts(self) -> "Iterator[Attempt]":
        """Each that runs, once: those that are well in their order, then the others. Raises EngineError when all have
        failed: what the last one raised."""
        now = self._clock()
        running = [member for member in self.all if member.running]
        line = sorted(running, key=lambda member: not member.is_well(now))
        error: EngineError = EngineError(self.stage, "engine_died", f"No {ENGINE_TITLES[self.stage]} runs.")
        code: str | None = None
        before: Member | None = None
        for index, member in enumerate(line):
            if before is not None:
                self._changed(before, member, error.code)
            tell(Serving(self.stage, member.name, self.all[0].name, code))
            attempt = Attempt(self, member, last=index == len(line) - 1)
            try:
                yield attempt
            finally:
                attempt.end()
            if attempt.error is None:
                return
            before, error, code = member, attempt.error, attempt.error.code
        raise error

    def _changed(self, before: Member, now: Member, code: str) -> None:
        self.changes += 1
        title = ENGINE_TITLES[self.stage]
        logger.warning("the %s %s failed (%s): %s goes on", title, before.name, code, now.name)

    def note_failure(self, member: Member, error: EngineError) -> None:
        if error.code.startswith(_ABOUT_THE_REQUEST):
            return
        member.failures = min(member.failures + 1, _MOST_RESTS)
        member.rests_until = self._clock() + self._patience.rest_s * member.failures

    def note_success(self, member: Member) -> None:
        if member.failures:
            logger.warning("the %s %s works again", ENGINE_TITLES[self.stage], member.name)
        member.failures = 0


class Attempt:
    """One engine at one piece of work: `worked`, `failed`, or left by whoever asked for it."""

    def __init__(self, members: Members, member: Member, *, last: bool) -> None:
        self._members = members
        self._on_trial = member.failures > 0
        member.trials += self._on_trial
        self.engine = member.engine
        self.last = last
        """Nobody can take over, so it is given the time that the runtime gives."""
        self.error: EngineError | None = None
        self._member = member

    def worked(self) -> None:
        self._members.note_success(self._member)

    def failed(self, error: Exception) -> None:
        """The next goes on, if there is one."""
        stage = self._members.stage
        if not isinstance(error, EngineError):
            log_bug(f"the {ENGINE_TITLES[stage]} raised", error)
            error = EngineError(stage, "engine_failed", f"The {ENGINE_TITLES[stage]} failed unexpectedly.")
        self.error = error
        self._members.note_failure(self._member, error)

    def end(self) -> None:
        self._member.trials -= self._on_trial
        self._on_trial = False
