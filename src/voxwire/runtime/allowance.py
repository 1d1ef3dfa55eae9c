"""What a session may use, and what its principal, its key and its deployment may."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol

from voxwire.errors import VoxwireError
from voxwire.events.response import RateLimit, TokenUsage
from voxwire.interfaces.inputs import AnswerRefused
from voxwire.runtime.directory import Hosted
from voxwire.runtime.principal import Principal


class QuotaExceeded(VoxwireError):
    """There is nothing left of `limit`, which is the name of a field of `Quota`. `type` and `code` are those of the
    error that a client gets; after `retry_after_s` whole seconds there may be something left."""

    def __init__(self, message: str, *, limit: str, type: str, code: str, retry_after_s: int) -> None:
        super().__init__(message)
        self.message = message
        self.limit = limit
        self.type = type
        self.code = code
        self.retry_after_s = retry_after_s

    @property
    def refusal(self) -> AnswerRefused:
        """What the session is told of an answer that it wanted."""
        return AnswerRefused(type=self.type, code=self.code, message=self.message)


class Allowance(Protocol):
    """What one session may use. All is asked on the event loop, and waits for nothing.

    A session drafts one answer at a time: of a draft there is one reservation at most.
    """

    def begin(self, response_id: str | None, tokens: int) -> None:
        """Reserve a request, and so many tokens; `response_id` is None for a draft. Raises QuotaExceeded."""

    def take(self, response_id: str) -> None:
        """The draft has become this response: what it has reserved is the response's."""

    def settle(self, response_id: str | None, usage: TokenUsage) -> None:
        """The response has used so much; one that reserved nothing costs nothing, and nor does a draft (None)."""

    def hear(self, ms: float) -> None:
        """So much audio has come. Raises QuotaExceeded; then it is not to be heard, and is not counted."""

    def left(self) -> tuple[RateLimit, ...]:
        """What is left of requests and tokens, less what is reserved: the names that a client is told. Nothing where
        there is no bound."""


class Quotas(Protocol):
    """Who may use how much."""

    def session(self, principal: Principal, hosted: Hosted) -> AbstractAsyncContextManager[Allowance]:
        """Room for one session while the block lasts. May take some milliseconds. Raises QuotaExceeded."""


class Unbounded:
    """An `Allowance` of somebody who may use everything."""

    def begin(self, response_id: str | None, tokens: int) -> None:
        pass

    def take(self, response_id: str) -> None:
        pass

    def settle(self, response_id: str | None, usage: TokenUsage) -> None:
        pass

    def hear(self, ms: float) -> None:
        pass

    def left(self) -> tuple[RateLimit, ...]:
        return ()


class NoQuotas:
    """`Quotas` that bound nobody."""

    @asynccontextmanager
    async def session(self, principal: Principal, hosted: Hosted) -> AsyncIterator[Allowance]:
        yield Unbounded()
