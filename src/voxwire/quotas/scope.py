"""Whose use is counted together: a deployment, a key, a principal. And what of its quota is left."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

from voxwire.quotas.counter import Counter
from voxwire.runtime import Quota, QuotaExceeded

ScopeKind = Literal["deployment", "key", "principal"]

_MINUTE_S: Final = 60.0
_DAY_S: Final = 86_400.0
#: When who was refused a session may try again, in seconds: nobody knows when one ends.
_SESSION_RETRY_S: Final = 10


@dataclass(frozen=True, slots=True)
class ScopeName:
    """A deployment's project is None where it is everybody's."""

    kind: ScopeKind
    project: str | None
    subject: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.project or ''}/{self.subject}"


class Scope:
    """One of them: its quota, and what was used of it. `sessions` are those that this server holds."""

    def __init__(self, name: ScopeName, quota: Quota, clock: Callable[[], float]) -> None:
        self.name = name
        self.quota = quota
        self.sessions = 0
        self.requests = Counter(_MINUTE_S, clock)
        self.tokens = Counter(_MINUTE_S, clock)
        self.audio_ms = Counter(_DAY_S, clock)

    @property
    def idle(self) -> bool:
        """Whether there is nothing to be remembered."""
        return not self.sessions and self.requests.idle and self.tokens.idle and self.audio_ms.idle

    def check_sessions(self) -> None:
        """Raises QuotaExceeded where no further session may begin: this server alone holds as many as there may be."""
        most = self.quota.concurrent_sessions
        if most is not None and self.sessions >= most:
            raise self.full()

    def full(self) -> QuotaExceeded:
        """That there are as many sessions as there may be."""
        return QuotaExceeded(
            f"Too many sessions at once: {self._whose} may hold {self.quota.concurrent_sessions}. End one, or try "
            "again later.",
            limit="concurrent_sessions",
            type="rate_limit_error",
            code="rate_limit_exceeded",
            retry_after_s=_SESSION_RETRY_S,
        )

    def check_answer(self, tokens: int) -> None:
        """Raises QuotaExceeded where no answer of so many tokens may begin. In a fresh minute one may that needs more
        than the whole of it, or it could never be."""
        most = self.quota.requests_per_minute
        if most is not None and self.requests.used >= most:
            raise self._over("requests_per_minute", f"ask for {most} responses in a minute", self.requests.left_s)
        most = self.quota.tokens_per_minute
        if most is not None and self.tokens.used > max(most - tokens, 0):
            said = f"use {most} tokens in a minute. {self.tokens.used} are used or reserved, and {tokens} are asked for"
            raise self._over("tokens_per_minute", said, self.tokens.left_s)

    def check_audio(self, ms: float) -> None:
        """Raises QuotaExceeded where so much more audio may not be heard today."""
        most = self.quota.audio_seconds_per_day
        if most is not None and self.audio_ms.used + ms > most * 1000:
            seconds = max(1, math.ceil(self.audio_ms.left_s))
            raise QuotaExceeded(
                f"You exceeded your quota: {self._whose} may send {most} seconds of audio in a day. No more is heard; "
                f"the day ends in {seconds} s.",
                limit="audio_seconds_per_day",
                type="insufficient_quota",
                code="insufficient_quota",
                retry_after_s=seconds,
            )

    def _over(self, limit: str, said: str, left_s: float) -> QuotaExceeded:
        seconds = max(1, math.ceil(left_s))
        return QuotaExceeded(
            f"Rate limit reached: {self._whose} may {said}. Try again in {seconds} s.",
            limit=limit,
            type="rate_limit_error",
            code="rate_limit_exceeded",
            retry_after_s=seconds,
        )

    @property
    def _whose(self) -> str:
        return f"this {self.name.kind}"
