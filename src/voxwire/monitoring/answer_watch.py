"""The checks of one answer.

Checks in this process see each clause before any of it leaves, as text or as speech. Checks that take time are asked
beside: what has left by then has left, but the answer does not end before they have said what they think of it.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Final

from voxwire.monitoring.clauses_out import ClausesOut
from voxwire.monitoring.content_policy import ContentPolicy, Finding, PolicyCheck, Side
from voxwire.runtime import AnswerFiltered

#: Characters from before that a check sees again, for what begins in one clause and ends in the next.
_TAIL: Final = 200
#: Characters that a check sees at a time.
_AT_A_TIME: Final = 1_800

Report = Callable[[Finding, str], None]
"""Takes a finding, and the id of the response that it is about."""


class AnswerWatch:
    """Implements `AnswerGuard`."""

    def __init__(
        self,
        policy: ContentPolicy,
        words: Sequence[str],
        response_id: str | None,
        *,
        holds: bool,
        report: Report,
        remember: Callable[[], None],
        failed: Callable[[str], None],
    ) -> None:
        """`words` are what the person has said that was not checked yet; `remember` says that they are now."""
        self._checks = policy.checks
        self._words = list(words)
        self._response_id = response_id
        self._report = report
        self._remember = remember
        self._failed = failed
        self._clauses = ClausesOut() if holds else None
        self._found: list[Finding] = []
        self._told: set[tuple[str, Side]] = set()
        self._tail = ""
        self._beside = [check for check in policy.checks if check.takes_time("answer")]
        self._pending = ""
        self._asking = False
        self._some = asyncio.Event()
        self._settled = asyncio.Event()
        self._settled.set()

    async def heard(self) -> None:
        words, self._words = self._words, []
        for text in words:
            for start in range(0, len(text), _AT_A_TIME):
                piece = text[max(0, start - _TAIL) : start + _AT_A_TIME]
                self._look("person", piece)
                await self._ask([check for check in self._checks if check.takes_time("person")], "person", piece)
                await asyncio.sleep(0)

    def let_out(self, text: str) -> str:
        return self._checked(text if self._clauses is None else self._clauses.feed(text))

    def rest(self) -> str:
        return "" if self._clauses is None else self._checked(self._clauses.flush())

    async def watch(self) -> None:
        while self._beside:
            await self._some.wait()
            self._some.clear()
            text, self._pending = self._pending, ""
            self._asking = True
            for start in range(0, len(text), _AT_A_TIME):
                await self._ask(self._beside, "answer", text[max(0, start - _TAIL) : start + _AT_A_TIME])
            self._asking = False
            if not self._pending:
                self._settled.set()

    async def settled(self) -> None:
        await self._settled.wait()

    def wanted(self, response_id: str) -> None:
        self._response_id = response_id
        self._remember()
        found, self._found = self._found, []
        for finding in found:
            self._report(finding, response_id)

    def _checked(self, text: str) -> str:
        for start in range(0, len(text), _AT_A_TIME):
            piece = text[start : start + _AT_A_TIME]
            self._look("answer", self._tail + piece)
            self._tail = (self._tail + piece)[-_TAIL:]
        if text and self._beside:
            self._pending += text
            self._settled.clear()
            self._some.set()
        return text

    def _look(self, side: Side, text: str) -> None:
        for check in self._checks:
            self._take(check.look(side, text))

    async def _ask(self, checks: Sequence[PolicyCheck], side: Side, text: str) -> None:
        for finding in await asyncio.gather(*(check.ask(side, text, self._failed) for check in checks)):
            self._take(finding)

    def _take(self, finding: Finding | None) -> None:
        if finding is None or (finding.check, finding.side) in self._told:
            return
        # One is enough for whoever looks at it: a check sees some words twice, and may find something in each clause.
        self._told.add((finding.check, finding.side))
        if self._response_id is None:
            self._found.append(finding)
        else:
            self._report(finding, self._response_id)
        if finding.ends:
            raise AnswerFiltered
