"""Which deployments there are, which of them are ready, and who uses them."""

import asyncio
import itertools
import logging
import math
import time
from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Protocol

from voxwire.errors import ConfigurationError, EngineError, VoxwireError
from voxwire.interfaces.engine import ENGINE_TITLES
from voxwire.runtime.deployment import Deployment
from voxwire.runtime.failover import Members
from voxwire.runtime.foresight import Situation
from voxwire.runtime.leases import EngineLease
from voxwire.runtime.principal import LOCAL, Principal

logger = logging.getLogger("voxwire.runtime")

#: Pauses before each further attempt to start a deployment's engines, in seconds; the last one repeats.
_RETRY_S: Final = (2.0, 5.0, 15.0, 60.0)


class DeploymentGone(VoxwireError):
    """The deployment was taken away between being found and being used."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a deployment is not ready. `stage` is a kind of engine; `error` is for the operator, clients see neither
    it nor its text; `again_at` is when its engines are tried next, on the monotonic clock."""

    stage: str
    error: Exception
    again_at: float

    @property
    def retry_after_s(self) -> int:
        """Whole seconds until it may be ready; at least 1."""
        return max(1, math.ceil(self.again_at - time.monotonic()))


class Hosted:
    """A deployment of this process: its state, and the leases of its engines.

    Engines are tried until they start. They are let go when the deployment has been withdrawn and the last session
    that uses it has ended.
    """

    def __init__(
        self,
        name: str,
        leases: Mapping[str, EngineLease],
        assemble: Callable[[Mapping[str, Any]], Deployment],
        *,
        project: str | None = None,
        enabled: bool = True,
    ) -> None:
        """`leases` by stage; `assemble` makes the deployment of the engines, by stage too, once they run, and may raise
        EngineError. `project` is whose it is; None is everybody's. One that is not `enabled` is found, and never
        starts."""
        self.name = name
        self.project = project
        self.enabled = enabled
        self.deployment: Deployment | None = None
        """None until it is ready."""
        self.trouble: Trouble | None = None
        self._leases = leases
        self._assemble = assemble
        self._users = 0
        self._withdrawn = False
        self._unused = asyncio.Event()
        self._unused.set()
        self._tried = asyncio.Event()
        self._starting: asyncio.Task[None] | None = None

    @property
    def stages(self) -> Mapping[str, Any]:
        """The engines by stage, whether they run or not."""
        return {stage: lease.engine for stage, lease in self._leases.items()}

    @property
    def label(self) -> str:
        """Says in words what answers, or would."""
        llm = self.stages.get("llm")
        return str(llm.capabilities.info.label) if llm else "nothing yet"

    @property
    def leases(self) -> Mapping[str, EngineLease]:
        """The holds on the engines, by stage: for who starts them one by one."""
        return self._leases

    def begin(self) -> None:
        """Begin to start the engines."""
        if not self.enabled:
            self._tried.set()
        elif self._starting is None:
            self._starting = asyncio.create_task(self._start(), name=f"start {self.name}")

    async def tried(self) -> None:
        """Begin to start the engines, and wait until they are ready or have failed once."""
        self.begin()
        await self._tried.wait()

    @contextmanager
    def used(self) -> Iterator[Deployment]:
        """Hold the engines for a session. Raises DeploymentGone once the deployment has been withdrawn."""
        if self.deployment is None or self._withdrawn:
            raise DeploymentGone(f"The deployment {self.name!r} was taken away.")
        self._users += 1
        self._unused.clear()
        try:
            yield self.deployment
        finally:
            self._users -= 1
            if not self._users:
                self._unused.set()

    def withdraw(self) -> asyncio.Task[None]:
        """Take no further session; the task closes once the last one has ended, or at once when it is cancelled."""
        self._withdrawn = True
        if self._starting is not None:
            self._starting.cancel()
        return asyncio.create_task(self._close_unused(), name=f"withdraw {self.name}")

    async def _close_unused(self) -> None:
        try:
            await self._unused.wait()
        finally:
            await self.close()

    async def close(self) -> None:
        """Let the engines go, even if they are in use. Idempotent. Raises what closing one raises, after the others."""
        self._withdrawn = True
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.wait({self._starting})
        await settle(lease.release() for lease in self._leases.values())

    async def _start(self) -> None:
        try:
            for pause_s in itertools.chain(_RETRY_S, itertools.repeat(_RETRY_S[-1])):
                failure = await self._attempt()
                if failure is None:
                    break
                self._note(*failure, pause_s)
                self._tried.set()
                await asyncio.sleep(pause_s)
            if self.trouble is not None:
                logger.warning("deployment %s is ready after all", self.name)
            self.trouble = None
        finally:
            self._tried.set()

    async def _attempt(self) -> tuple[str, Exception] | None:
        """Start all engines together; the first stage that failed, and how."""
        starts = await asyncio.gather(*(lease.start() for lease in self._leases.values()), return_exceptions=True)
        for stage, result in zip(self._leases, starts, strict=True):
            if isinstance(result, Exception):
                return stage, result
            if isinstance(result, BaseException):
                raise result
        try:
            deployment = self._assemble(self.stages)
            await deployment.expect(Situation(deployment.instructions))
        except EngineError as error:
            return error.stage if error.stage in ENGINE_TITLES else "stt", error
        self.deployment = deployment
        return None

    def _note(self, stage: str, error: Exception, pause_s: float) -> None:
        """Keep why it is not ready; the log has it once, however often it is tried."""
        if self.trouble is None or str(self.trouble.error) != str(error):
            bug = None if isinstance(error, VoxwireError) else error
            message = "deployment %s is not ready, its %s does not start: %s"
            logger.error(message, self.name, ENGINE_TITLES[stage], error, exc_info=bug)
        self.trouble = Trouble(stage, error, time.monotonic() + pause_s)


class Directory(Protocol):
    """Where deployments are looked up."""

    async def deployment(self, name: str | None, principal: Principal) -> Hosted | None:
        """What this name or alias means for a principal, ready or not; None when it means nothing. Whether it may use
        that is asked later (`Principal.may_use`).

        None for the name is what answers where a client names nothing: the only deployment of a principal that has one.
        """

    async def deployments(self, principal: Principal) -> Sequence[Hosted]:
        """All that this principal may use, ready or not."""


class LocalDirectory:
    """A `Directory` in memory. A principal that may use some deployments only sees those in lists."""

    def __init__(
        self,
        hosted: Iterable[Hosted],
        *,
        default: str,
        aliases: Mapping[str, str] | None = None,
        needed: Collection[str] = (),
    ) -> None:
        """`aliases` map further names to deployments; a deployment's own name wins. `default` answers where a client
        names none. Without any of those `needed` (all, if none is said) nobody is served. Raises ConfigurationError.
        """
        self._hosted = {(deployment.project, deployment.name): deployment for deployment in hosted}
        self._default = default
        self._needed = needed
        self._aliases = dict(aliases or {})
        self._stored_aliases: Mapping[tuple[str, str], str] = {}
        self._started = False
        self._leaving: dict[asyncio.Task[None], Hosted] = {}
        names = [name for project, name in self._hosted if project is None]
        for name in (default, *self._aliases.values()):
            if name not in names:
                raise ConfigurationError(f"There is no deployment {name!r}; there is {', '.join(names)}.")

    async def deployment(self, name: str | None, principal: Principal) -> Hosted | None:
        if name is None and principal.deployments is not None and len(principal.deployments) == 1:
            (name,) = principal.deployments
        return self.find(name, principal.project)

    async def deployments(self, principal: Principal) -> Sequence[Hosted]:
        return [hosted for hosted in self.of_project(principal.project) if principal.may_use(hosted.name)]

    def of_project(self, project: str) -> list[Hosted]:
        """Those of a project and those of everybody; its own wins where both have a name."""
        found = {hosted.name: hosted for hosted in self.all if hosted.project is None}
        return list((found | {hosted.name: hosted for hosted in self.all if hosted.project == project}).values())

    @property
    def all(self) -> tuple[Hosted, ...]:
        return tuple(self._hosted.values())

    def recognisers(self) -> list[object]:
        """The speech recognisers of all deployments that are ready, each once."""
        running = (hosted.deployment.stt for hosted in self.all if hosted.deployment)
        return list({id(stt): stt for stt in running}.values())

    def failovers(self) -> list[Members]:
        """The lists of engines of all deployments, each once."""
        found = [getattr(engine, "members", None) for hosted in self.all for engine in hosted.stages.values()]
        return list({id(members): members for members in found if isinstance(members, Members)}.values())

    @property
    def answers_from(self) -> str:
        """Says in words what answers where a client names no deployment."""
        hosted = self.find(None)
        assert hosted is not None
        return hosted.label if hosted.deployment else f"{hosted.label}, which is not ready"

    def find(self, name: str | None, project: str = LOCAL) -> Hosted | None:
        """What this name, or alias, means in a project; the default for None. An alias of the project wins, then its
        own deployment, then one of everybody."""
        name = self._default if name is None else name
        meant = self._stored_aliases.get((project, name), name)
        return self._named(meant, project) or self._named(self._aliases.get(meant, ""), project)

    def exactly(self, name: str, project: str | None) -> Hosted | None:
        """The deployment of this name that is the project's own; None for those of everybody."""
        return self._hosted.get((project, name))

    def _named(self, name: str, project: str) -> Hosted | None:
        return self._hosted.get((project, name)) or self._hosted.get((None, name))

    def alias(self, aliases: Mapping[tuple[str, str], str]) -> None:
        """What further names mean from now on, by project and name, beside those that were given at the beginning."""
        self._stored_aliases = dict(aliases)

    async def start(self) -> None:
        """Start all, and wait until each is ready or has failed once.

        Raises why the first of those needed is not ready, if none of them is.
        """
        self._started = True
        await asyncio.gather(*(hosted.tried() for hosted in self.all))
        own = [hosted for hosted in self.all if hosted.project is None]
        wanted = [hosted for hosted in own if not self._needed or hosted.name in self._needed]
        if not any(hosted.deployment for hosted in wanted):
            for hosted in wanted:
                if hosted.trouble is not None:
                    raise hosted.trouble.error

    async def put(self, hosted: Hosted) -> None:
        """Host a further deployment; returns when it is ready or has failed once.

        One of the same name is withdrawn: it serves its sessions to their end, and engines of both go on.
        """
        self.host(hosted)
        await hosted.tried()

    def host(self, hosted: Hosted) -> None:
        """The same, and do not wait for it. Before `start`, it is started there."""
        before = self._hosted.get((hosted.project, hosted.name))
        self._hosted[hosted.project, hosted.name] = hosted
        self._withdraw(before)
        if self._started:
            hosted.begin()

    def remove(self, name: str, project: str | None = None) -> None:
        """Take a deployment away: from now on nobody finds it; its sessions go on to their end."""
        self._withdraw(self._hosted.pop((project, name), None))

    def _withdraw(self, hosted: Hosted | None) -> None:
        if hosted is not None:
            task = hosted.withdraw()
            self._leaving[task] = hosted
            task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._leaving.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("an engine of a deployment that was taken away did not close: %s", error)

    async def close(self) -> None:
        """End all engines, even if they are in use. Idempotent. Raises what closing one raises, after the others."""
        leaving = dict(self._leaving)
        for task in leaving:
            task.cancel()
        await asyncio.gather(*leaving, return_exceptions=True)
        await settle(hosted.close() for hosted in (*leaving.values(), *self.all))


async def settle(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    """Take all steps at once, to their end; then raise what the first that failed raised."""
    for result in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
