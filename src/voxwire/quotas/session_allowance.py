"""What one session reserves, uses and is refused."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from voxwire.events.response import RateLimit, TokenUsage
from voxwire.quotas.counter import Counter
from voxwire.quotas.scope import Scope


class _Reserved(NamedTuple):
    """For one answer: so many tokens, and in which periods of each scope the request and they were counted."""

    tokens: int
    periods: tuple[tuple[int, int], ...]


class SessionAllowance:
    """An `Allowance` over all that a session belongs to: its deployment, its key, its principal.

    `changed` is called when others should learn soon what was counted.
    """

    def __init__(self, scopes: Sequence[Scope], changed: Callable[[Sequence[Scope]], None]) -> None:
        self._scopes = scopes
        self._changed = changed
        self._reserved: dict[str, _Reserved] = {}
        self._draft: _Reserved | None = None
        self._heard_ms = 0.0

    def begin(self, response_id: str | None, tokens: int) -> None:
        self._drop_draft()  # one that failed before it had anything is not said to have ended
        for scope in self._scopes:
            scope.check_answer(tokens)
        periods = tuple([(scope.requests.add(1), scope.tokens.add(tokens)) for scope in self._scopes])
        reserved = _Reserved(tokens, periods)
        if response_id is None:
            self._draft = reserved
        else:
            self._reserved[response_id] = reserved
        self._changed(self._scopes)

    def take(self, response_id: str) -> None:
        draft, self._draft = self._draft, None
        if draft is not None:
            self._reserved[response_id] = draft

    def settle(self, response_id: str | None, usage: TokenUsage) -> None:
        if response_id is None:
            self._drop_draft()
            return
        reserved = self._reserved.pop(response_id, None)
        if reserved is None:
            return
        over = usage.total_tokens - reserved.tokens
        for scope, (_, period) in zip(self._scopes, reserved.periods, strict=True):
            if over > 0:
                scope.tokens.add(over)
            else:
                scope.tokens.take_back(-over, period)
        self._changed(self._scopes)

    def hear(self, ms: float) -> None:
        for scope in self._scopes:
            if scope.quota.audio_seconds_per_day is not None:  # seldom, and asked fifty times a second
                self._hear(ms)
                return

    def _hear(self, ms: float) -> None:
        for scope in self._scopes:
            scope.check_audio(ms)
        self._heard_ms += ms
        whole = int(self._heard_ms)
        self._heard_ms -= whole
        for scope in self._scopes:
            if scope.quota.audio_seconds_per_day is not None:
                scope.audio_ms.add(whole)

    def left(self) -> tuple[RateLimit, ...]:
        for scope in self._scopes:  # mostly nothing is bounded, and each answer asks twice
            if scope.quota.requests_per_minute is not None or scope.quota.tokens_per_minute is not None:
                return self._left()
        return ()

    def _left(self) -> tuple[RateLimit, ...]:
        found = (
            self._tightest("requests", [(scope.quota.requests_per_minute, scope.requests) for scope in self._scopes]),
            self._tightest("tokens", [(scope.quota.tokens_per_minute, scope.tokens) for scope in self._scopes]),
        )
        return tuple(rate for rate in found if rate is not None)

    def end(self) -> None:
        """The session is over: what it has reserved and did not settle comes back."""
        self._drop_draft()
        for reserved in self._reserved.values():
            self._give_back(reserved)
        self._reserved.clear()

    @staticmethod
    def _tightest(name: str, limits: Sequence[tuple[int | None, Counter]]) -> RateLimit | None:
        bounded = [(most, counter) for most, counter in limits if most is not None]
        if not bounded:
            return None
        most, counter = min(bounded, key=lambda limit: limit[0] - limit[1].used)
        remaining = max(most - counter.used, 0)
        return RateLimit(name=name, limit=most, remaining=remaining, reset_seconds=round(counter.left_s, 3))

    def _drop_draft(self) -> None:
        draft, self._draft = self._draft, None
        if draft is not None:
            self._give_back(draft)

    def _give_back(self, reserved: _Reserved) -> None:
        for scope, (requests, tokens) in zip(self._scopes, reserved.periods, strict=True):
            scope.requests.take_back(1, requests)
            scope.tokens.take_back(reserved.tokens, tokens)
        self._changed(self._scopes)
