"""What `rate_limits.updated` reports: requests and tokens of the running minute (protocol: responses, Rate limits)."""

from typing import Final

from voxwire.events.response import RateLimit
from voxwire.session.limits import Limits

_WINDOW_S: Final = 60.0


class RateWindow:
    """Counts responses and their tokens in windows of one minute."""

    def __init__(self, limits: Limits, now: float) -> None:
        self._limits = limits
        self._started = now
        self._requests = 0
        self._tokens = 0

    def count(self, tokens: int, now: float) -> None:
        """Note one response that used `tokens`."""
        self._roll(now)
        self._requests += 1
        self._tokens += tokens

    def report(self, now: float) -> tuple[RateLimit, ...]:
        self._roll(now)
        reset = round(self._started + _WINDOW_S - now, 3)
        used = (
            ("requests", self._limits.requests_per_minute, self._requests),
            ("tokens", self._limits.tokens_per_minute, self._tokens),
        )
        return tuple(
            RateLimit(name=name, limit=limit, remaining=max(limit - count, 0), reset_seconds=reset)
            for name, limit, count in used
        )

    def _roll(self, now: float) -> None:
        if now - self._started >= _WINDOW_S:
            self._started = now
            self._requests = self._tokens = 0
