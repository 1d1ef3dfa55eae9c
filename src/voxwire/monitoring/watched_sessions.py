"""The checks of all sessions."""

from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from voxwire.config import NO_POLICY
from voxwire.events.items import InputAudio, InputText, Item, MessageItem, Role
from voxwire.monitoring.answer_watch import AnswerWatch
from voxwire.monitoring.content_policy import ContentPolicy, Finding
from voxwire.runtime import SessionFacts, SessionGuard, SessionObserver

#: Messages of a session that are known to be checked; of older ones a check is asked again.
_MOST_KNOWN: Final = 512


@dataclass(frozen=True, slots=True)
class FoundIn:
    """A finding, and where it was found."""

    finding: Finding
    facts: SessionFacts
    response_id: str
    end_user: str | None
    excerpt: bool


class SessionMonitor:
    """Implements `ContentMonitor`. `default` is the policy of deployments that name none."""

    def __init__(
        self, policies: Mapping[str, ContentPolicy], default: str | None, found: Callable[[FoundIn], None]
    ) -> None:
        self._policies = policies
        self._default = default
        self._found = found

    def session(
        self, facts: SessionFacts, policy: str | None, end_user: str | None, observer: SessionObserver
    ) -> SessionGuard | None:
        name = policy or self._default
        if name is None or name == NO_POLICY:
            return None
        return _WatchedSession(self._policies[name], facts, end_user, observer, self._found)

    async def close(self) -> None:
        """Free what checks hold."""
        for policy in self._policies.values():
            await policy.close()


class _WatchedSession:
    """Implements `SessionGuard`."""

    def __init__(
        self,
        policy: ContentPolicy,
        facts: SessionFacts,
        end_user: str | None,
        observer: SessionObserver,
        found: Callable[[FoundIn], None],
    ) -> None:
        self._policy = policy
        self._facts = facts
        self._end_user = end_user
        self._observer = observer
        self._found = found
        self._known: OrderedDict[str, str] = OrderedDict()

    def answer(self, items: Sequence[Item], response_id: str | None, *, holds: bool) -> AnswerWatch:
        fresh = list(self._new_words(items))
        if response_id is not None:
            self._remember(fresh)
        return AnswerWatch(
            self._policy,
            [text for _, text in fresh],
            response_id,
            holds=holds,
            report=self._report,
            remember=partial(self._remember, fresh),
            failed=lambda check: self._observer.checked(check, "failed"),
        )

    def _new_words(self, items: Sequence[Item]) -> Iterator[tuple[str, str]]:
        """What the person has said or written that was not checked yet, by the ids of the items."""
        for item in items:
            if not isinstance(item, MessageItem) or item.role is not Role.USER:
                continue
            parts = (_said(part) for part in item.content)
            text = "\n".join(filter(None, parts))
            if text and self._known.get(item.id) != text:
                yield item.id, text

    def _remember(self, fresh: Sequence[tuple[str, str]]) -> None:
        for item_id, text in fresh:
            self._known[item_id] = text
            if len(self._known) > _MOST_KNOWN:
                self._known.popitem(last=False)

    def _report(self, finding: Finding, response_id: str) -> None:
        self._observer.checked(finding.check, "end" if finding.ends else "flag")
        self._found(FoundIn(finding, self._facts, response_id, self._end_user, self._policy.excerpt))


def _said(part: object) -> str | None:
    if isinstance(part, InputText):
        return part.text
    return part.transcript if isinstance(part, InputAudio) else None
