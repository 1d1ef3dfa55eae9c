"""What was used: a row for each response, and sums of them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, case, delete, func, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from voxwire.storage.database import Database
from voxwire.storage.schema import api_key_table, usage_table
from voxwire.storage.usage_row import UsageRow

UsageGroup = Literal["day", "deployment", "principal"]

_DAY_MS: Final = 86_400_000
#: Rows that one transaction deletes: others write in between.
_PIECE: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageTotals:
    """Sums over rows. What they were not grouped by is None. Tokens that were wasted are in `wasted_tokens` alone."""

    day: date | None = None
    deployment: str | None = None
    principal: str | None = None
    principal_name: str | None = None
    """Of a stored key."""
    principal_ended: bool = False
    """Whether the key was rotated or revoked: then another one may have its name."""
    sessions: int
    responses: int
    input_text: int
    input_audio: int
    cached_text: int
    cached_audio: int
    output_text: int
    output_audio: int
    wasted_tokens: int
    audio_in_ms: int
    audio_out_ms: int


class UsageStore:
    """The records of usage in a database. All raise StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, rows: Sequence[UsageRow], *, writer: str, first: int) -> None:
        """Write rows: all or none. They are the rows `first`, `first + 1`, … of this writer; those that are there
        already, from a try whose end nobody saw, stay as they are."""
        async with self._database.write() as connection:
            there = await _written(connection, writer)
            missing = [
                {**asdict(row), "writer": writer, "number": number}
                for number, row in enumerate(rows, first)
                if number > there
            ]
            if missing:
                await connection.execute(insert(usage_table), missing)

    async def totals(
        self,
        project: str,
        *,
        since: int,
        until: int,
        by: Sequence[UsageGroup] = ("day",),
        deployment: str | None = None,
        principal: str | None = None,
        limit: int | None = None,
        skip: int = 0,
    ) -> list[UsageTotals]:
        """Sums from `since` up to before `until` (milliseconds since 1970), for each group of `by`, in their order: at
        most `limit`, after the first `skip`. Days are those of UTC."""
        rows = [usage_table.c.project == project, usage_table.c.at >= since, usage_table.c.at < until]
        if deployment is not None:
            rows.append(usage_table.c.deployment == deployment)
        if principal is not None:
            rows.append(usage_table.c.principal == principal)
        asked = _totals(by).where(*rows)
        if limit is not None:
            asked = asked.limit(limit)
        if skip:
            asked = asked.offset(skip)
        async with self._database.read() as connection:
            found = (await connection.execute(asked)).mappings().all()
            names = await _key_names(connection, project, rows) if "principal" in by else {}
        return [_as_totals(dict(row), names) for row in found if row["sessions"]]

    async def delete_before(self, at: int) -> int:
        """Delete what is older, piece by piece. Returns how much that was."""
        async with self._database.read() as connection:
            projects = (await connection.scalars(select(usage_table.c.project).distinct())).all()
        return sum([await self._delete_before(project, at) for project in projects])

    async def _delete_before(self, project: str, at: int) -> int:
        row = usage_table.c
        piece = select(row.writer, row.number).where(row.project == project, row.at < at).limit(_PIECE)
        deleted = 0
        while True:
            async with self._database.write() as connection:
                gone = await connection.execute(delete(usage_table).where(tuple_(row.writer, row.number).in_(piece)))
            deleted += gone.rowcount
            if gone.rowcount < _PIECE:
                return deleted


async def _written(connection: AsyncConnection, writer: str) -> int:
    """The last row of a writer; 0 before its first."""
    last = await connection.scalar(select(func.max(usage_table.c.number)).where(usage_table.c.writer == writer))
    return last or 0


async def _key_names(
    connection: AsyncConnection, project: str, rows: Sequence[ColumnElement[bool]]
) -> dict[str, tuple[str, bool]]:
    """Of the keys that have used something in these rows, by their ids: the name, and whether they have ended."""
    key = api_key_table.c
    users = select(usage_table.c.principal).where(*rows)
    found = select(key.id, key.name, key.revoked_at).where(key.project == project, key.id.in_(users))
    return {row.id: (row.name, row.revoked_at is not None) for row in await connection.execute(found)}


def _totals(by: Sequence[UsageGroup]) -> Select[Any]:
    row = usage_table.c
    groups: dict[str, ColumnElement[Any]] = {
        "day": row.at - row.at % _DAY_MS,
        "deployment": row.deployment,
        "principal": row.principal,
    }
    wanted = [groups[name].label(name) for name in by]
    asked_for = ("input_text", "input_audio", "cached_text", "cached_audio", "output_text", "output_audio")
    tokens = row.input_text + row.input_audio + row.output_text + row.output_audio
    sums = [
        func.count(row.session.distinct()).label("sessions"),
        _sum(case((row.response.is_not(None) & ~row.wasted, 1), else_=0)).label("responses"),
        *(_sum(case((row.wasted, 0), else_=row[name])).label(name) for name in asked_for),
        _sum(case((row.wasted, tokens), else_=0)).label("wasted_tokens"),
        _sum(row.audio_in_ms).label("audio_in_ms"),
        _sum(row.audio_out_ms).label("audio_out_ms"),
    ]
    return select(*wanted, *sums).group_by(*wanted).order_by(*wanted)


def _sum(expression: ColumnElement[int]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(expression), 0)


def _as_totals(row: dict[str, Any], names: Mapping[str, tuple[str, bool]]) -> UsageTotals:
    day = row.pop("day", None)
    groups: dict[str, Any] = {name: row.pop(name, None) for name in ("deployment", "principal")}
    key_name, ended = names.get(groups["principal"], (None, False))
    groups |= {"principal_name": key_name, "principal_ended": ended}
    sums: dict[str, Any] = {name: int(value) for name, value in row.items()}  # PostgreSQL's are Decimal
    return UsageTotals(
        day=None if day is None else datetime.fromtimestamp(int(day) / 1000, UTC).date(), **groups, **sums
    )
