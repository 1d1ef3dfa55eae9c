"""Checks that go together, and what they are to do."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from voxwire.config import CheckSettings, ContentPolicySettings
from voxwire.errors import ConfigurationError
from voxwire.monitoring.content_checks import AsksSomebody, ContentCheck, LooksAtOnce, make_check

logger = logging.getLogger("voxwire.monitoring")

Side = Literal["person", "answer"]
#: A check that failed so often in a row is left alone for a while: nobody waits for it then.
_FAILURES_IN_A_ROW: Final = 3
_REST_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check has found. `found` is a word of the check's, `excerpt` the words that it was shown; the latter is
    for those who review it alone. `ends`: the answer ends."""

    check: str
    side: Side
    found: str
    excerpt: str
    ends: bool


class PolicyCheck:
    """A check with what it is to do."""

    def __init__(self, settings: CheckSettings, check: ContentCheck) -> None:
        self.name: Final = settings.name or settings.kind
        self.sides: Final = settings.sides
        self.check: Final = check
        self._settings = settings
        self._failures = 0
        self._rests_until = 0.0

    def look(self, side: Side, text: str) -> Finding | None:
        """What a check in this process finds."""
        if not isinstance(self.check, LooksAtOnce) or side not in self.sides:
            return None
        found = self.check.look(text)
        return None if found is None else self._finding(side, found, text)

    def takes_time(self, side: Side) -> bool:
        return isinstance(self.check, AsksSomebody) and side in self.sides

    async def ask(self, side: Side, text: str, failed: Callable[[str], None]) -> Finding | None:
        """What one that takes time finds, in its time; else what that stands for. `failed` is told its name."""
        assert isinstance(self.check, AsksSomebody)
        try:
            if time.monotonic() < self._rests_until:
                raise TimeoutError
            async with asyncio.timeout(self._settings.deadline_s):
                found = await self.check.ask(text)
        except Exception as error:
            self._failed(error)
            failed(self.name)
            if self._settings.on_failure == "pass":
                return None
            return Finding(self.name, side, "not checked", text, ends=True)
        if self._failures >= _FAILURES_IN_A_ROW:
            logger.warning("the check %s answers again", self.name)
        self._failures = 0
        return None if found is None else self._finding(side, found, text)

    def _failed(self, error: Exception) -> None:
        """The log has it once, and nothing of the text."""
        self._failures += 1
        if self._failures >= _FAILURES_IN_A_ROW:
            if self._failures == _FAILURES_IN_A_ROW:
                logger.error("the check %s fails (%s); it is left alone for a while", self.name, type(error).__name__)
            if time.monotonic() >= self._rests_until:
                self._rests_until = time.monotonic() + _REST_S

    def _finding(self, side: Side, found: str, text: str) -> Finding:
        return Finding(self.name, side, found, text, ends=self._settings.action == "end")


@dataclass(frozen=True, slots=True)
class ContentPolicy:
    """`excerpt`: whether the words around what was found are kept for a review."""

    name: str
    checks: tuple[PolicyCheck, ...]
    excerpt: bool

    async def close(self) -> None:
        for one in self.checks:
            if isinstance(one.check, AsksSomebody):
                await one.check.close()


def content_policies(settings: Mapping[str, ContentPolicySettings]) -> dict[str, ContentPolicy]:
    """All that the settings have. Raises ConfigurationError for a check that cannot be had."""
    policies: dict[str, ContentPolicy] = {}
    for name, chosen in settings.items():
        try:
            checks = tuple(PolicyCheck(one, make_check(one.kind, one.options)) for one in chosen.checks)
        except ConfigurationError as error:
            raise ConfigurationError(f"Content policy {name}: {error}") from error
        policies[name] = ContentPolicy(name, checks, chosen.excerpt)
    return policies
