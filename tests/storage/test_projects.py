"""Projects are made by their first use, and take along what is theirs."""

import asyncio

from sqlalchemy import insert, select

from voxwire.storage.database import Database
from voxwire.storage.projects import Projects, StoredProject, lock_project
from voxwire.storage.schema import model_alias_table


async def test_a_project_is_made_once(database: Database) -> None:
    projects = Projects(database)
    assert await projects.make("shop", 5) == StoredProject("shop", 5)
    assert await projects.make("shop", 9) == StoredProject("shop", 5)
    assert [project.id for project in await projects.all()] == ["local", "shop"]


async def test_two_may_make_it_at_the_same_moment(database: Database) -> None:
    other = Database(database.settings)
    made = await asyncio.gather(*(Projects(one).make("shop", at) for at, one in enumerate([database, other] * 3)))
    assert len({project.created_at for project in made}) == 1
    await other.close()


async def test_what_is_its_goes_with_it(database: Database) -> None:
    projects = Projects(database)
    async with database.write() as connection:
        await lock_project(connection, "shop", 5)
        await connection.execute(
            insert(model_alias_table).values(
                project="shop", name="a", deployment="b", created_at=5, created_by="somebody"
            )
        )
    assert await projects.remove("shop", "somebody")
    assert not await projects.remove("shop", "somebody")
    async with database.read() as connection:
        assert (await connection.execute(select(model_alias_table))).all() == []
