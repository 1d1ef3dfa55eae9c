"""A number that grows with each change that a running server must see."""

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from voxwire.storage.schema import revision_table


async def bump(connection: AsyncConnection) -> None:
    """Count the change that the transaction of this connection makes."""
    await connection.execute(update(revision_table).values(number=revision_table.c.number + 1))


async def read_revision(connection: AsyncConnection) -> int:
    """How many changes there were."""
    return (await connection.execute(select(revision_table.c.number))).scalar_one_or_none() or 0
