"""All quotas of this server: what sessions ask when they begin, and what they then hold."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, nullcontext
from typing import Final

from voxwire.quotas.exchange import Exchange
from voxwire.quotas.quota_rules import QuotaRules
from voxwire.quotas.scope import Scope, ScopeName
from voxwire.quotas.session_allowance import SessionAllowance
from voxwire.runtime import UNBOUNDED, Allowance, Hosted, Principal, Quota, new_id

#: Scopes that may be remembered before those are looked for that need not be.
_MANY: Final = 4096


class QuotaKeeper:
    """The `Quotas` of the runtime. `exchange` shares the counts with other servers; without one they are this server's
    alone."""

    def __init__(
        self, rules: QuotaRules, exchange: Exchange | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rules = rules
        self._exchange = exchange
        self._clock = clock
        self._scopes: dict[ScopeName, tuple[Scope, Quota]] = {}
        self._many = _MANY

    @property
    def alone(self) -> bool:
        """Whether counts are to be shared with other servers and cannot be now."""
        return self._exchange is not None and self._exchange.lost

    @asynccontextmanager
    async def session(self, principal: Principal, hosted: Hosted) -> AsyncIterator[Allowance]:
        scopes = self._of(principal, hosted)
        for scope in scopes:
            scope.check_sessions()
        for scope in scopes:
            scope.sessions += 1
        try:
            if self._exchange is not None:
                await self._exchange.learn(scopes)
            for scope in scopes:
                scope.check_answer(1)
                scope.check_audio(1)
            async with self._place(scopes):
                allowance = SessionAllowance(scopes, self._changed)
                try:
                    yield allowance
                finally:
                    allowance.end()
        finally:
            self._leave(scopes)

    def _place(self, scopes: Sequence[Scope]) -> AbstractAsyncContextManager[object]:
        """The session's place among those of other servers."""
        return nullcontext() if self._exchange is None else self._exchange.place(scopes, new_id("lease"))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Share the counts while the block lasts."""
        async with AsyncExitStack() as stack:
            if self._exchange is not None:
                await stack.enter_async_context(self._exchange.running())
            yield

    async def reload(self) -> None:
        """Read what is stored now: it holds for running sessions, too. Raises StorageError."""
        await self._rules.reload()
        for name, (scope, own) in self._scopes.items():
            scope.quota = self._rules.of(name, own)

    def _of(self, principal: Principal, hosted: Hosted) -> list[Scope]:
        """What a session belongs to."""
        own = hosted.deployment.terms.quota if hosted.deployment is not None else UNBOUNDED
        scopes = [
            self._scope(ScopeName("deployment", hosted.project, hosted.name), own),
            self._scope(ScopeName("principal", principal.project, principal.id)),
        ]
        if principal.key is not None:
            scopes.append(self._scope(ScopeName("key", principal.project, principal.key)))
        return scopes

    def _scope(self, name: ScopeName, own: Quota = UNBOUNDED) -> Scope:
        found = self._scopes.get(name)
        if found is None:
            self._tidy()
            scope = Scope(name, self._rules.of(name, own), self._clock)
        else:
            scope = found[0]
            scope.quota = self._rules.of(name, own)  # a deployment may have changed
        self._scopes[name] = scope, own
        return scope

    def _leave(self, scopes: Sequence[Scope]) -> None:
        for scope in scopes:
            scope.sessions -= 1
            if scope.idle:
                self._scopes.pop(scope.name, None)

    def _tidy(self) -> None:
        """Forget those that nothing is known of any more."""
        if len(self._scopes) >= self._many:
            self._scopes = {name: kept for name, kept in self._scopes.items() if not kept[0].idle}
            self._many = max(_MANY, 2 * len(self._scopes))

    def _changed(self, scopes: Sequence[Scope]) -> None:
        if self._exchange is not None:
            self._exchange.tell(scopes)
