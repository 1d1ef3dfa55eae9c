"""What checks of the content have found, until somebody has looked at it. What was said is encrypted, or not kept."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from voxwire.storage.database import Database
from voxwire.storage.decisions import record_decision
from voxwire.storage.projects import lock_project
from voxwire.storage.schema import review_table, session_table
from voxwire.storage.vault import Vault

ReviewState = Literal["open", "confirmed", "dismissed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReview:
    """A finding. `side` is whose words they are, `action` what was done; `found` is the check's own word for it.
    `excerpt` is None where it is not kept. `created_at` is in milliseconds since 1970."""

    id: str
    project: str
    deployment: str
    session: str
    response: str
    end_user: str | None
    check: str
    side: str
    action: str
    found: str
    excerpt: str | None
    created_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReview:
    """The same as it is stored, without the excerpt. `is_recorded`: the conversation is stored as well."""

    id: str
    project: str
    deployment: str
    session: str
    response: str
    end_user: str | None
    check: str
    side: str
    action: str
    found: str
    has_excerpt: bool
    state: ReviewState
    created_at: int
    decided_at: int | None
    decided_by: str | None
    is_recorded: bool

    def shown(self) -> dict[str, Any]:
        """As REST and the command line show it: times are in seconds."""
        return {
            "id": self.id,
            "project": self.project,
            "deployment": self.deployment,
            "session": self.session,
            "session_stored": self.is_recorded,
            "response": self.response,
            "end_user": self.end_user,
            "check": self.check,
            "side": self.side,
            "action": self.action,
            "found": self.found,
            "state": self.state,
            "created_at": self.created_at // 1000,
            "decided_at": self.decided_at and self.decided_at // 1000,
            "decided_by": self.decided_by,
        }


_OWN: Final = tuple(
    name for name in StoredReview.__slots__ if name not in ("has_excerpt", "is_recorded")
)  # columns of the table


class Reviews:
    """The reviews of a database. All raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._vault = Vault(database)

    async def add(self, new: Sequence[NewReview]) -> None:
        """Keep findings; those that are there already stay as they are. Makes their projects. A stored session is
        marked for somebody to look at."""
        ciphers = {one.project: await self._vault.key(one.project) for one in new}
        for one in new:
            excerpt = None
            if one.excerpt is not None:
                excerpt = ciphers[one.project].seal(one.excerpt.encode("utf-8", "replace"), _place(one.id))
            values = {name: getattr(one, name) for name in NewReview.__slots__} | {"excerpt": excerpt, "state": "open"}
            async with self._database.write() as connection:
                await lock_project(connection, one.project, one.created_at)
                try:
                    async with connection.begin_nested():
                        await connection.execute(insert(review_table).values(**values))
                except IntegrityError:
                    continue
                mine = (session_table.c.project == one.project) & (session_table.c.id == one.session)
                await connection.execute(update(session_table).where(mine).values(flagged=True))

    async def page(
        self, project: str, *, state: str | None, limit: int, before: StoredReview | None = None
    ) -> list[StoredReview]:
        """The newest of a project, of all states or one; `before` is the last of the page before."""
        table = review_table
        query = _query().where(table.c.project == project)
        if state is not None:
            query = query.where(table.c.state == state)
        if before is not None:
            older = (table.c.created_at < before.created_at) | (
                (table.c.created_at == before.created_at) & (table.c.id < before.id)
            )
            query = query.where(older)
        query = query.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit)
        async with self._database.read() as connection:
            return [_review(row) for row in await connection.execute(query)]

    async def find(self, project: str, id: str) -> tuple[StoredReview, str | None] | None:
        """One with its excerpt; None if the project has none of this id."""
        async with self._database.read() as connection:
            query = _query(review_table.c.excerpt).where(review_table.c.project == project, review_table.c.id == id)
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        excerpt = None
        if row.excerpt is not None and (cipher := await self._vault.existing_key(project)) is not None:
            excerpt = cipher.open(bytes(row.excerpt), _place(id)).decode()
        return _review(row), excerpt

    async def decide(self, project: str, id: str, state: ReviewState, *, by: str, reason: str | None = None) -> bool:
        """Say what it was; `open` asks for it anew. False if the project has none of this id."""
        one = (review_table.c.project == project) & (review_table.c.id == id)
        decided: dict[str, Any] = {"decided_at": None, "decided_by": None}
        if state != "open":
            decided = {"decided_at": int(time.time() * 1000), "decided_by": by}
        async with self._database.write() as connection:
            changed = await connection.execute(update(review_table).where(one).values(state=state, **decided))
            if not changed.rowcount:
                return False
            details = {"state": state} | ({"reason": reason} if reason else {})
            await record_decision(
                connection, project=project, principal=by, action="review.decide", subject=id, details=details
            )
        return True

    async def delete_before(self, moment: int) -> int:
        """Delete those that are older, decided or not; how many."""
        async with self._database.write() as connection:
            return (await connection.execute(delete(review_table).where(review_table.c.created_at < moment))).rowcount


def _query(*more: Any) -> Any:
    recorded = select(session_table.c.id).where(session_table.c.id == review_table.c.session).exists()
    columns = (review_table.c[name] for name in _OWN)
    return select(*columns, review_table.c.excerpt.is_not(None).label("has_excerpt"), recorded.label("recorded"), *more)


def _review(row: Row[Any]) -> StoredReview:
    fields = {name: getattr(row, name) for name in _OWN}
    return StoredReview(**fields, has_excerpt=bool(row.has_excerpt), is_recorded=bool(row.recorded))


def _place(id: str) -> str:
    return f"{review_table.name}/{id}"
