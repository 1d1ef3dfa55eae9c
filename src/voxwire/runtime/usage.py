"""What is used, by whom, and what each may still use."""

import time
from collections.abc import Callable
from typing import Final, Protocol

from voxwire.events.response import RateLimit, TokenUsage
from voxwire.runtime.principal import Principal, Quota

_MINUTE_S: Final = 60.0


class UsageBook(Protocol):
    """Where usage is written down. Both are asked on the event loop, and wait for nothing."""

    def count(self, principal: Principal, usage: TokenUsage, *, wasted: bool = False) -> None:
        """A response of this principal has used so much; where it was `wasted`, an answer that was begun in a pause
        and dropped, for which the principal did not ask."""

    def left(self, principal: Principal) -> tuple[RateLimit, ...]:
        """What is left of its quota, over all its sessions; nothing where it has none."""


class MinuteBook:
    """A `UsageBook` in memory: requests and tokens of the running minute, of those who have a quota.

    What was wasted counts against nobody: a client is told the same with drafts as without.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._minutes: dict[tuple[str, str], _Minute] = {}

    def count(self, principal: Principal, usage: TokenUsage, *, wasted: bool = False) -> None:
        if principal.limits != Quota() and not wasted:
            minute = self._minute(principal)
            minute.used["requests"] += 1
            minute.used["tokens"] += usage.total_tokens

    def left(self, principal: Principal) -> tuple[RateLimit, ...]:
        quota = principal.limits
        bounds = (("requests", quota.requests_per_minute), ("tokens", quota.tokens_per_minute))
        if quota == Quota():
            return ()
        minute = self._minute(principal)
        reset_s = round(minute.began + _MINUTE_S - self._clock(), 3)
        return tuple(
            RateLimit(name=name, limit=limit, remaining=max(limit - minute.used[name], 0), reset_seconds=reset_s)
            for name, limit in bounds
            if limit is not None
        )

    def _minute(self, principal: Principal) -> "_Minute":
        """The running one. Those that are over are forgotten, whosever they are: the oldest stands first."""
        now = self._clock()
        while self._minutes and now - next(iter(self._minutes.values())).began >= _MINUTE_S:
            del self._minutes[next(iter(self._minutes))]
        return self._minutes.setdefault((principal.project, principal.id), _Minute(now))


class _Minute:
    def __init__(self, began: float) -> None:
        self.began = began
        self.used = {"requests": 0, "tokens": 0}
