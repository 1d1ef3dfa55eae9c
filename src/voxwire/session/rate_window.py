"""What `rate_limits.updated` reports: requests and tokens of the running minute (protocol: responses, Rate limits)."""

from typing import Final, NamedTuple

from msgspec.structs import replace

from voxwire.events.response import RateLimit
from voxwire.session.limits import Limits

_WINDOW_S: Final = 60.0


class Reservation(NamedTuple):
    """What one response has reserved; `ends` is when the minute of each limit ends in which it has."""

    tokens: int
    ends: dict[str, float]


class RateWindow:
    """What was known last of the limits, less what this session has reserved and used since."""

    def __init__(self, limits: Limits, now: float) -> None:
        bounds = (("requests", limits.requests_per_minute), ("tokens", limits.tokens_per_minute))
        self._unbounded = tuple(
            RateLimit(name=name, limit=limit, remaining=limit, reset_seconds=_WINDOW_S) for name, limit in bounds
        )
        self.tell((), now)

    def tell(self, rate_limits: tuple[RateLimit, ...], now: float) -> None:
        """What is left now, also after what others have reserved and used. Nothing: there is no quota."""
        self._known = rate_limits or self._unbounded
        self._known_at = now

    def reserve(self, tokens: int, now: float) -> "Reservation":
        """A response begins that will use about so many tokens."""
        self._use({"requests": 1, "tokens": tokens}, now)
        return Reservation(tokens, {rate.name: now + rate.reset_seconds for rate in self._known})

    def settle(self, reserved: "Reservation", used: int, now: float) -> None:
        """It has used so many tokens. What it has not used of those reserved is free again, in the same minute."""
        over = used - reserved.tokens
        self._use({"requests": 0, "tokens": over if now < reserved.ends.get("tokens", 0.0) else max(over, 0)}, now)

    def release(self, reserved: "Reservation", now: float) -> None:
        """It was not begun after all."""
        back = {"requests": -1, "tokens": -reserved.tokens}
        self._use({name: use for name, use in back.items() if now < reserved.ends.get(name, 0.0)}, now)

    def _use(self, amounts: dict[str, int], now: float) -> None:
        left = (replace(rate, remaining=rate.remaining - amounts.get(rate.name, 0)) for rate in self._left(now))
        self.tell(tuple(left), now)

    def report(self, now: float) -> tuple[RateLimit, ...]:
        return tuple(replace(rate, remaining=min(max(rate.remaining, 0), rate.limit)) for rate in self._left(now))

    def _left(self, now: float) -> list[RateLimit]:
        """What is not clamped: more may be reserved than there is, and come back."""
        return [self._at(rate, now) for rate in self._known]

    def _at(self, rate: RateLimit, now: float) -> RateLimit:
        left_s = rate.reset_seconds - (now - self._known_at)
        if left_s > 0:
            return replace(rate, reset_seconds=round(left_s, 3))
        return replace(rate, remaining=rate.limit, reset_seconds=_WINDOW_S)
