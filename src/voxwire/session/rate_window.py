"""What `rate_limits.updated` reports: requests and tokens of the running minute (protocol: responses, Rate limits)."""

from typing import Final, NamedTuple

from voxwire.events.response import RateLimit
from voxwire.session.limits import Limits

_WINDOW_S: Final = 60.0
_REQUESTS, _TOKENS = "requests", "tokens"


class Reservation(NamedTuple):
    """What one response has reserved; `ends` is when the minute of each limit ends in which it has."""

    tokens: int
    ends: dict[str, float]


class _Limit:
    """One of them as it stands. Less than nothing is left where more is reserved than there is: it may come back."""

    __slots__ = ("ends", "left", "limit", "name")

    def __init__(self, name: str, limit: int, left: int, ends: float) -> None:
        self.name = name
        self.limit = limit
        self.left = left
        self.ends = ends

    def use(self, amount: int, now: float) -> None:
        """In this minute, or in a new one."""
        if now >= self.ends:
            self.left, self.ends = self.limit, now + _WINDOW_S
        self.left -= amount

    def report(self, now: float) -> RateLimit:
        if now >= self.ends:
            return RateLimit(name=self.name, limit=self.limit, remaining=self.limit, reset_seconds=_WINDOW_S)
        remaining = min(max(self.left, 0), self.limit)
        reset_seconds = round(self.ends - now, 3)
        return RateLimit(name=self.name, limit=self.limit, remaining=remaining, reset_seconds=reset_seconds)


class RateWindow:
    """What was known last of the limits, less what this session has reserved and used since."""

    def __init__(self, limits: Limits, now: float) -> None:
        bounds = ((_REQUESTS, limits.requests_per_minute), (_TOKENS, limits.tokens_per_minute))
        self._unbounded = tuple(
            RateLimit(name=name, limit=limit, remaining=limit, reset_seconds=_WINDOW_S) for name, limit in bounds
        )
        self.tell((), now)

    def tell(self, rate_limits: tuple[RateLimit, ...], now: float) -> None:
        """What is left now, also after what others have reserved and used. Nothing: there is no quota."""
        self._limits = [
            _Limit(rate.name, rate.limit, rate.remaining, now + rate.reset_seconds)
            for rate in rate_limits or self._unbounded
        ]

    def reserve(self, tokens: int, now: float) -> Reservation:
        """A response begins that will use about so many tokens."""
        self._use(1, tokens, now)
        return Reservation(tokens, {limit.name: limit.ends for limit in self._limits})

    def settle(self, reserved: Reservation, used: int, now: float) -> None:
        """It has used so many tokens. What it has not used of those reserved is free again, in the same minute."""
        over = used - reserved.tokens
        self._use(0, over if now < reserved.ends.get(_TOKENS, 0.0) else max(over, 0), now)

    def release(self, reserved: Reservation, now: float) -> None:
        """It was not begun after all."""
        requests = 1 if now < reserved.ends.get(_REQUESTS, 0.0) else 0
        tokens = reserved.tokens if now < reserved.ends.get(_TOKENS, 0.0) else 0
        self._use(-requests, -tokens, now)

    def report(self, now: float) -> tuple[RateLimit, ...]:
        return tuple(limit.report(now) for limit in self._limits)

    def _use(self, requests: int, tokens: int, now: float) -> None:
        for limit in self._limits:
            limit.use(requests if limit.name == _REQUESTS else tokens, now)
