"""What `rate_limits.updated` reports: requests and tokens of the running minute (protocol: responses, Rate limits)."""

from typing import Final

from msgspec.structs import replace

from voxwire.events.response import RateLimit
from voxwire.session.limits import Limits

_WINDOW_S: Final = 60.0


class RateWindow:
    """What was known last of the limits, less what this session has used since."""

    def __init__(self, limits: Limits, now: float) -> None:
        bounds = (("requests", limits.requests_per_minute), ("tokens", limits.tokens_per_minute))
        full = (RateLimit(name=name, limit=limit, remaining=limit, reset_seconds=_WINDOW_S) for name, limit in bounds)
        self.tell(tuple(full), now)

    def tell(self, rate_limits: tuple[RateLimit, ...], now: float) -> None:
        """What is left now, also after what others have used."""
        self._known = rate_limits
        self._known_at = now

    def count(self, tokens: int, now: float) -> None:
        """Note one response that used `tokens`."""
        used = {"requests": 1, "tokens": tokens}
        left = (replace(rate, remaining=max(rate.remaining - used[rate.name], 0)) for rate in self.report(now))
        self.tell(tuple(left), now)

    def report(self, now: float) -> tuple[RateLimit, ...]:
        return tuple(self._at(rate, now) for rate in self._known)

    def _at(self, rate: RateLimit, now: float) -> RateLimit:
        left_s = rate.reset_seconds - (now - self._known_at)
        if left_s > 0:
            return replace(rate, reset_seconds=round(left_s, 3))
        return replace(rate, remaining=rate.limit, reset_seconds=_WINDOW_S)
