"""Stored keys: made, rotated, ended, and told apart at the door without asking the database."""

import asyncio
import logging
from typing import Any

import pytest

from voxwire.auth import StoredKeys, StoredRoles
from voxwire.auth.key_form import key_digest, new_key
from voxwire.auth.management import IssuedKey, KeyBook, RoleBook
from voxwire.errors import RequestRefused, StorageError
from voxwire.runtime import AccessRole, Principal
from voxwire.storage import api_keys
from voxwire.storage.api_keys import StoredKey
from voxwire.storage.database import Database
from voxwire.storage.decisions import Decisions
from voxwire.storage.projects import Projects
from voxwire.testing.scripted_clock import ScriptedClock

NOW = 1_800_000_000.0
DAY_MS = 86_400_000


@pytest.fixture
def clock() -> ScriptedClock:
    return ScriptedClock(NOW)


@pytest.fixture
def book(database: Database, clock: ScriptedClock) -> KeyBook:
    return KeyBook(database, clock.time)


@pytest.fixture
def door(database: Database, clock: ScriptedClock) -> StoredKeys:
    return StoredKeys(database, clock.time)


async def make(book: KeyBook, **given: Any) -> IssuedKey:
    return await book.create(**{"project": "local", "name": None, "roles": [AccessRole.USER], "by": "cli", **given})


class TestBook:
    async def test_two_rotating_keys_and_then_named_ones(self, book: KeyBook) -> None:
        first, second = await make(book), await make(book)
        assert [(issued.stored.name, issued.stored.kind) for issued in (first, second)] == [
            ("key1", "primary"),
            ("key2", "secondary"),
        ]
        with pytest.raises(RequestRefused, match="give the new key a name") as caught:
            await make(book)
        assert (caught.value.status, caught.value.code) == (409, "key_exists")
        assert (await make(book, name="ci")).stored.kind == "named"
        assert (await make(book, project="shop")).stored.name == "key1"

    async def test_only_a_hash_is_stored(self, book: KeyBook, database: Database) -> None:
        issued = await make(book)
        assert issued.stored.sha256 == key_digest(issued.secret)
        assert issued.secret not in repr(issued)
        if (file := database.address.file) is not None:
            stored = b"".join(part.read_bytes() for part in file.parent.iterdir())
            assert issued.secret.encode() not in stored
            assert issued.stored.sha256 in stored

    async def test_one_is_made_anew_while_the_other_goes_on(self, book: KeyBook, door: StoredKeys) -> None:
        first = await make(book, roles=[AccessRole.OWNER], expires_at=int(NOW * 1000) + DAY_MS)
        second = await make(book, deployments=["a", "b", "a"])
        anew = await book.rotate("local", "key1", by="key_x")
        await door.reload()
        assert await door.identify(first.secret) is None
        assert (await identified(door, second.secret)).deployments == frozenset({"a", "b"})
        assert (await identified(door, anew.secret)).roles == {AccessRole.OWNER}
        assert anew.stored.expires_at == first.stored.expires_at
        assert anew.stored.created_by == "key_x"
        assert anew.stored.id != first.stored.id

    async def test_a_name_may_be_used_again_once_its_key_has_ended(self, book: KeyBook) -> None:
        await make(book, name="ci")
        with pytest.raises(RequestRefused, match="a key 'ci' already"):
            await make(book, name="ci")
        await book.revoke("local", "ci", by="cli")
        await make(book, name="ci")
        assert len(await book.keys.of_project("local")) == 1
        assert len(await book.keys.of_project("local", revoked=True)) == 2

    async def test_who_did_it_is_recorded(self, book: KeyBook, database: Database) -> None:
        await make(book, by="key_x")
        await book.rotate("local", "key1", by="key_y")
        await book.revoke("local", "key1", by="key_z")
        done = [(one.action, one.subject, one.principal) for one in await Decisions(database).newest("local", 10)]
        assert done == [
            ("key.revoke", "key1", "key_z"),
            ("key.rotate", "key1", "key_y"),
            ("key.create", "key1", "key_x"),
        ]

    async def test_of_two_at_the_same_moment_one_gets_the_name(self, book: KeyBook, database: Database) -> None:
        other = KeyBook(Database(database.settings))
        made = await asyncio.gather(*(make(one, name="ci") for one in (book, other) * 3), return_exceptions=True)
        assert sum(isinstance(one, IssuedKey) for one in made) == 1
        assert sum(isinstance(one, RequestRefused) for one in made) == 5
        await other.keys._database.close()

    @pytest.mark.parametrize("other", ["rotate", "revoke"])
    async def test_somebody_else_changes_it_at_the_same_moment(
        self, book: KeyBook, database: Database, monkeypatch: pytest.MonkeyPatch, other: str
    ) -> None:
        """A key that was revoked does not come back by a rotation, and none outlives its end."""
        find, somebody = book.named, KeyBook(database, book._clock)

        async def found_and_then_changed(project: str, name: str) -> StoredKey:
            found = await find(project, name)
            monkeypatch.setattr(book, "named", find)
            await getattr(somebody, other)(project, name, by="somebody")
            return found

        await make(book)
        monkeypatch.setattr(book, "named", found_and_then_changed)
        with pytest.raises(RequestRefused, match="at the same moment") as caught:
            await book.rotate("local", "key1", by="cli")
        assert (caught.value.status, caught.value.code) == (409, "key_changed")
        assert len(await book.keys.of_project("local")) == (other == "rotate")

        await book.create(project="local", name="ci", roles=[AccessRole.USER], by="cli")
        monkeypatch.setattr(book, "named", found_and_then_changed)
        if other == "rotate":
            await book.revoke("local", "ci", by="cli")
        else:
            with pytest.raises(RequestRefused, match="no key 'ci' in force"):
                await book.revoke("local", "ci", by="cli")
        assert "ci" not in {key.name for key in await book.keys.of_project("local")}

    @pytest.mark.parametrize("action", ["rotate", "revoke"])
    async def test_a_name_that_nobody_has(self, book: KeyBook, action: str) -> None:
        await make(book, project="shop", name="ci")
        with pytest.raises(RequestRefused, match="no key 'ci'") as caught:
            await (book.revoke("local", "ci", by="cli") if action == "revoke" else book.rotate("local", "ci", by="cli"))
        assert (caught.value.status, caught.value.param) == (404, "name")

    async def test_an_end_that_is_past(self, book: KeyBook) -> None:
        with pytest.raises(RequestRefused) as caught:
            await make(book, expires_at=int(NOW * 1000))
        assert (caught.value.status, caught.value.param) == (400, "expires_at")

    async def test_an_owner_is_not_held_to_deployments(self, book: KeyBook) -> None:
        with pytest.raises(RequestRefused) as caught:
            await make(book, roles=[AccessRole.OWNER], deployments=["a"])
        assert (caught.value.status, caught.value.param) == (400, "deployments")

    async def test_there_is_a_limit(self, book: KeyBook, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(api_keys, "MAX_KEYS", 2)
        await make(book)
        await make(book)
        with pytest.raises(RequestRefused) as caught:
            await make(book, name="third")
        assert caught.value.code == "too_many_keys"
        await book.rotate("local", "key2", by="cli")


async def identified(door: StoredKeys, secret: str) -> Principal:
    principal = await door.identify(secret)
    assert principal is not None
    return principal


class TestDoor:
    async def test_who_holds_a_key(self, book: KeyBook, door: StoredKeys) -> None:
        issued = await make(book, project="shop", roles=[AccessRole.READER, AccessRole.USER], deployments=["a"])
        assert not door.required
        await door.reload()
        assert door.required
        assert await identified(door, issued.secret) == Principal(
            id=issued.stored.id,
            project="shop",
            roles=frozenset({AccessRole.READER, AccessRole.USER}),
            deployments=frozenset({"a"}),
            key="key1",
        )

    async def test_an_expired_key_says_so(self, book: KeyBook, door: StoredKeys, clock: ScriptedClock) -> None:
        issued = await make(book, expires_at=int(NOW * 1000) + DAY_MS)
        await door.reload()
        clock.now += 86_399
        assert await door.identify(issued.secret)
        clock.now += 1
        with pytest.raises(RequestRefused, match="'key1' has expired") as caught:
            await door.identify(issued.secret)
        assert (caught.value.status, caught.value.code) == (401, "expired_api_key")
        assert door.required

    async def test_a_server_that_had_keys_stays_closed(self, book: KeyBook, door: StoredKeys) -> None:
        issued = await make(book)
        await door.reload()
        await book.revoke("local", "key1", by="cli")
        await door.reload()
        assert await door.identify(issued.secret) is None
        assert door.required

    async def test_also_when_the_keys_went_with_their_project(
        self, book: KeyBook, database: Database, caplog: pytest.LogCaptureFixture
    ) -> None:
        """And the server has started anew: a key that is gone must not open it to everybody."""
        await make(book, project="shop")
        assert await Projects(database).remove("shop", by="cli")
        anew = StoredKeys(database)
        await anew.reload()
        assert anew.required
        assert "No stored key is in force, though there were some." in caplog.text
        assert "voxwire keys create" in caplog.text

    async def test_a_database_without_any_asks_for_none(self, database: Database, door: StoredKeys) -> None:
        await Projects(database).make("shop", 0)
        assert await Projects(database).remove("shop", by="cli")
        await door.reload()
        assert not door.required

    async def test_wrong_keys_cost_no_look_into_the_database(
        self, book: KeyBook, door: StoredKeys, database: Database
    ) -> None:
        issued = await make(book)
        await door.reload()
        await database.close()
        database.read = database.write = None  # type: ignore[method-assign, assignment]
        for credential in [new_key() for _ in range(1000)] + ["", "vw_", "vw_" + "a" * 49, "schlüssel", "\udc80"]:
            assert await door.identify(credential) is None
        assert await door.identify(issued.secret)

    async def test_what_has_not_changed_is_not_read_again(
        self, book: KeyBook, door: StoredKeys, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(api_keys, "_PAGE", 2)
        issued = [await make(book, name=f"k{number}") for number in range(5)]
        await door.reload()
        assert [await door.identify(one.secret) is not None for one in issued] == [True] * 5
        known = door._keys
        await door.reload()
        assert door._keys is known
        for change in (book.revoke("local", "k3", by="cli"), make(book), book.rotate("local", "k4", by="cli")):
            await change
            known = door._keys
            await door.reload()
            assert door._keys is not known
        assert [await door.identify(one.secret) is not None for one in issued] == [True] * 3 + [False] * 2

    async def test_a_key_is_no_text_for_the_log(self, book: KeyBook, door: StoredKeys) -> None:
        issued = await make(book)
        assert door.holds_secret(f"x-{issued.secret}")
        assert not door.holds_secret(issued.stored.id)
        assert issued.secret not in repr(vars(door))

    async def test_when_it_was_last_used_is_stored_later(
        self, book: KeyBook, door: StoredKeys, clock: ScriptedClock
    ) -> None:
        issued = await make(book)
        await door.reload()
        clock.now += 5
        await door.identify(issued.secret)
        clock.now += 5
        await door.identify(issued.secret)
        assert (await book.named("local", "key1")).last_used_at is None
        await door.write_used()
        assert (await book.named("local", "key1")).last_used_at == int((NOW + 10) * 1000)
        # What another server has stored meanwhile stays.
        await book.keys.used({issued.stored.id: int((NOW + 1) * 1000)})
        assert (await book.named("local", "key1")).last_used_at == int((NOW + 10) * 1000)

    async def test_a_lost_database_locks_nobody_out(
        self, book: KeyBook, door: StoredKeys, database: Database, caplog: pytest.LogCaptureFixture
    ) -> None:
        issued = await make(book)
        await door.reload()
        await database.close()
        write = database.write

        def lost() -> Any:
            raise StorageError("unreachable", "gone")

        database.write = database.read = lost  # type: ignore[method-assign]
        with pytest.raises(StorageError):
            await door.reload()
        assert await door.identify(issued.secret)
        with caplog.at_level(logging.WARNING):
            await door.write_used()
        assert "gone" in caplog.text
        database.write = write  # type: ignore[method-assign]
        await door.write_used()
        del database.read
        assert (await book.named("local", "key1")).last_used_at is not None


class TestRoles:
    async def test_who_was_given_what(self, database: Database) -> None:
        book, roles = RoleBook(database), StoredRoles(database)
        await roles.reload()
        assert roles.of("user", "a-b") == ()
        given = await book.give(project="shop", kind="user", subject="a-b", role=AccessRole.READER, by="cli")
        other = await book.give(project="local", kind="user", subject="a-b", role=AccessRole.USER, by="cli")
        await book.give(project="local", kind="group", subject="a-b", role=AccessRole.OWNER, by="cli")
        with pytest.raises(RequestRefused) as caught:
            await book.give(project="shop", kind="user", subject="a-b", role=AccessRole.READER, by="cli")
        assert caught.value.status == 409
        await roles.reload()
        assert set(roles.of("user", "a-b")) == {given, other}
        await book.take("shop", given.id, by="cli")
        await roles.reload()
        assert roles.of("user", "a-b") == (other,)
        with pytest.raises(RequestRefused) as caught:
            await book.take("shop", given.id, by="cli")
        assert caught.value.status == 404


@pytest.mark.parametrize(
    ("text", "role"),
    [
        ("owner", AccessRole.OWNER),
        ("User", AccessRole.USER),
        ("Cognitive Services OpenAI User", AccessRole.USER),
        ("cognitive services user", AccessRole.USER),
        ("Reader", AccessRole.READER),
        ("Cognitive Services OpenAI Contributor", AccessRole.CONTRIBUTOR),
        ("root", None),
        ("", None),
    ],
)
def test_a_role_has_names_of_azures(text: str, role: AccessRole | None) -> None:
    assert AccessRole.named(text) is role
