"""Ephemeral keys: what they say, and every way in which one can be wrong."""

import base64
import hmac
import json
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import SecretStr

from voxwire.auth.ephemeral import EphemeralKeys, spent_book
from voxwire.auth.ephemeral.ephemeral_token import MAX_LENGTH, read_token, signer_of
from voxwire.auth.ephemeral.large_settings import INLINE_BYTES, LargeSettings
from voxwire.auth.ephemeral.signing_ring import COUNTS_S, SIGNS_S
from voxwire.config import StorageSettings
from voxwire.errors import RequestRefused, StorageError
from voxwire.runtime import AccessRole, EphemeralGrant, Permission, Principal
from voxwire.storage.database import Database
from voxwire.storage.projects import Projects
from voxwire.testing.scripted_clock import ScriptedClock

NOW = 1_800_000_000.0
MAKER = Principal(id="key_a", project="shop", roles=frozenset(AccessRole), key="web")


@pytest.fixture
def clock() -> ScriptedClock:
    return ScriptedClock(NOW)


@pytest.fixture
def ended() -> set[str]:
    """Those whose own keys have ended."""
    return set()


@pytest.fixture
def keys(database: Database, clock: ScriptedClock, ended: set[str]) -> EphemeralKeys:
    return EphemeralKeys(database, lambda id: id not in ended, clock.time)


@pytest.fixture
async def other(database: Database, clock: ScriptedClock) -> AsyncIterator[EphemeralKeys]:
    """Another server on the same database."""
    opened = Database(database.settings)
    yield EphemeralKeys(opened, lambda _: True, clock.time)
    await opened.close()


def grant(clock: ScriptedClock, **given: Any) -> EphemeralGrant:
    plain = {"id": "sess_1", "model": "m", "dialect": "ga", "transcription": False, "settings": "{}"}
    return EphemeralGrant(**{**plain, "single_use": False, "expires_at": int(clock.now) + 600, **given})


async def mint(keys: EphemeralKeys, clock: ScriptedClock, **given: Any) -> str:
    return (await keys.mint(MAKER, grant(clock, **given), "my-gpt4o")).value


async def identified(keys: EphemeralKeys, key: str) -> Principal:
    principal = await keys.identify(key)
    assert principal is not None
    return principal


async def refused(keys: EphemeralKeys, key: str) -> str:
    with pytest.raises(RequestRefused) as caught:
        await keys.identify(key)
    assert caught.value.status == 401
    return caught.value.code


async def test_what_a_key_says(keys: EphemeralKeys, clock: ScriptedClock) -> None:
    key = await mint(keys, clock, settings='{"type":"realtime","instructions":"Be brief."}')
    assert key.startswith("ek_")
    principal = await identified(keys, key)
    assert principal == Principal(
        id="key_a",
        project="shop",
        roles=frozenset({AccessRole.USER}),
        deployments=frozenset({"my-gpt4o"}),
        key="web",
        ephemeral=grant(clock, settings='{"type":"realtime","instructions":"Be brief."}'),
    )
    assert [permission for permission in Permission if principal.may(permission)] == [Permission.CONVERSE]


async def test_other_credentials_are_none_of_its_business(keys: EphemeralKeys) -> None:
    for credential in ("", "sk-1", "eyJhbGciOiJIUzI1NiJ9.e30.x", "vw_" + "a" * 49):
        assert await keys.identify(credential) is None


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


HEADER = {"typ": "voxwire-ephemeral+jwt", "alg": "HS256"}
CLAIMS = {"jti": "sess_1", "sub": "key_a", "project": "shop", "deployments": ["my-gpt4o"], "model": None}
CLAIMS |= {"dialect": "ga", "transcription": False, "single_use": False, "key": None, "settings": "{}"}
CLAIMS |= {"exp": int(NOW) + 600}


def _signed(kid: str, key: OctKey, header: dict[str, Any] | None = None) -> str:
    return "ek_" + jwt.encode({**HEADER, "kid": kid, **(header or {})}, CLAIMS, key, algorithms=["HS256", "HS512"])


def _by_hand(kid: str, key: bytes) -> str:
    body = f"{_part({**HEADER, 'kid': kid})}.{_part(CLAIMS)}"
    signature = base64.urlsafe_b64encode(hmac.digest(key, body.encode(), "sha256")).rstrip(b"=").decode()
    return f"ek_{body}.{signature}"


FORGED: dict[str, Callable[[str, str], str]] = {
    "no algorithm": lambda key, kid: f"ek_{_part({**HEADER, 'alg': 'none', 'kid': kid})}.{_part(CLAIMS)}.",
    "no algorithm, as if signed": lambda key, kid: (
        f"ek_{_part({**HEADER, 'alg': 'none', 'kid': kid})}.{'.'.join(key.split('.')[1:])}"
    ),
    "no signature": lambda key, kid: key.rpartition(".")[0] + ".",
    "another key's signature": lambda key, kid: _signed(kid, OctKey.import_key(b"x" * 32)),
    "an empty key's signature": lambda key, kid: _signed(kid, OctKey.import_key(b"\0" * 32)),
    "its id as the key": lambda key, kid: _signed(kid, OctKey.import_key(kid.encode() * 3)),
    "another algorithm": lambda key, kid: _signed(kid, OctKey.import_key(b"x" * 64), {"alg": "HS512"}),
    "a public key as the key": lambda key, kid: _by_hand(kid, RSAKey.generate_key(2048).as_pem(private=False)),
    "another type": lambda key, kid: f"ek_{_part({**HEADER, 'typ': 'JWT', 'kid': kid})}.{'.'.join(key.split('.')[1:])}",
    "an unknown id": lambda key, kid: _signed("nobody", OctKey.import_key(b"x" * 32)),
    "no id": lambda key, kid: f"ek_{_part(HEADER)}.{'.'.join(key.split('.')[1:])}",
    "an id that is none": lambda key, kid: f"ek_{_part({**HEADER, 'kid': [kid]})}.{'.'.join(key.split('.')[1:])}",
    "other claims": lambda key, kid: ".".join([key.split(".")[0], _part({**CLAIMS, "exp": 2**40}), key.split(".")[2]]),
    "cut off": lambda key, kid: key[:-1],
    "cut in the middle": lambda key, kid: key[: len(key) // 2],
    "one character more": lambda key, kid: key + "A",
    "nothing but the prefix": lambda key, kid: "ek_",
    "dots": lambda key, kid: "ek_..",
    "no JSON": lambda key, kid: "ek_" + ".".join(["AAAA"] * 3),
    "deep JSON": lambda key, kid: "ek_" + base64.urlsafe_b64encode(b"[" * 150).decode() + "..",
    "long": lambda key, kid: "ek_" + "A" * MAX_LENGTH,
    "not ASCII": lambda key, kid: key + "é",
    "surrogates": lambda key, kid: key + "\udc80",
}


@pytest.mark.parametrize("how", FORGED)
async def test_forged(keys: EphemeralKeys, clock: ScriptedClock, how: str) -> None:
    key = await mint(keys, clock)
    kid = signer_of(key)
    assert kid is not None
    assert await refused(keys, FORGED[how](key, kid)) == "invalid_ephemeral_key"
    assert await keys.identify(key)


async def test_its_end_is_its_end(keys: EphemeralKeys, clock: ScriptedClock) -> None:
    key = await mint(keys, clock)
    clock.now += 599
    assert await keys.identify(key)
    clock.now += 1
    assert await refused(keys, key) == "expired_ephemeral_key"


async def test_it_ends_with_the_key_that_made_it(keys: EphemeralKeys, clock: ScriptedClock, ended: set[str]) -> None:
    key = await mint(keys, clock)
    ended.add("key_a")
    assert await refused(keys, key) == "revoked_ephemeral_key"


async def test_revoked(keys: EphemeralKeys, clock: ScriptedClock) -> None:
    key, next_one = await mint(keys, clock), await mint(keys, clock, id="sess_2")
    await keys.revoke("local", "sess_1", clock.now + 7200)  # another project's
    assert await keys.identify(key)
    await keys.revoke("shop", "sess_1", clock.now + 7200)
    assert await refused(keys, key) == "revoked_ephemeral_key"
    assert await keys.identify(next_one)


async def test_for_one_use(keys: EphemeralKeys, clock: ScriptedClock) -> None:
    principal = await identified(keys, await mint(keys, clock, single_use=True))
    await keys.redeem(principal)
    with pytest.raises(RequestRefused, match="was used") as caught:
        await keys.redeem(principal)
    assert (caught.value.status, caught.value.code) == (401, "revoked_ephemeral_key")
    many = await identified(keys, await mint(keys, clock, id="sess_2"))
    await keys.redeem(many)
    await keys.redeem(many)


async def test_one_project_takes_no_places_of_others(
    keys: EphemeralKeys, clock: ScriptedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spent_book, "_MOST_OF_PROJECT", 3)
    for number in range(3):
        await keys.revoke("greedy", f"sess_{number}", clock.now + 10)
    for _ in range(2):
        with pytest.raises(RequestRefused, match="Too many"):
            await keys.revoke("greedy", "sess_more", clock.now + 10)
    await keys.revoke("greedy", "sess_2", clock.now + 10)  # it counts no longer, so it takes no place
    await keys.redeem(await identified(keys, await mint(keys, clock, single_use=True)))
    clock.now += 11
    await keys.revoke("greedy", "sess_more", clock.now + 10)


class TestSeveralServers:
    """On one database; without one every server has keys of its own."""

    @pytest.fixture(autouse=True)
    async def _stored(self, database: Database) -> None:
        await Projects(database).make("shop", 1)

    async def test_one_accepts_what_another_has_made(
        self, keys: EphemeralKeys, other: EphemeralKeys, clock: ScriptedClock
    ) -> None:
        assert (await identified(other, await mint(keys, clock))).id == "key_a"
        clock.now += 1
        assert (await identified(keys, await mint(other, clock))).id == "key_a"

    async def test_one_use_is_one_on_all_of_them(
        self, keys: EphemeralKeys, other: EphemeralKeys, clock: ScriptedClock
    ) -> None:
        principal = await identified(keys, await mint(keys, clock, single_use=True))
        await keys.redeem(principal)
        with pytest.raises(RequestRefused, match="was used"):
            await other.redeem(principal)

    async def test_a_revocation_is_one_on_all_of_them(
        self, keys: EphemeralKeys, other: EphemeralKeys, clock: ScriptedClock
    ) -> None:
        key = await mint(keys, clock)
        await other.revoke("shop", "sess_1", clock.now + 7200)
        await keys._spent.reload()
        assert await refused(keys, key) == "revoked_ephemeral_key"

    async def test_unknown_ids_cost_one_look_in_half_a_second(
        self, keys: EphemeralKeys, database: Database, clock: ScriptedClock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await mint(keys, clock)
        looks = 0
        reload = keys._ring.reload

        async def counted() -> None:
            nonlocal looks
            looks += 1
            await reload()

        monkeypatch.setattr(keys._ring, "reload", counted)
        for number in range(1000):
            await refused(keys, _signed(f"kid-{number}", OctKey.import_key(b"x" * 32)))
        assert looks == 1

    async def test_the_signing_key_changes_every_day(self, keys: EphemeralKeys, clock: ScriptedClock) -> None:
        first = await mint(keys, clock)
        clock.now += SIGNS_S - 1
        last = await mint(keys, clock)
        assert signer_of(last) == signer_of(first)
        clock.now += 1
        assert signer_of(await mint(keys, clock)) != signer_of(first)
        assert await keys.identify(last)
        clock.now += COUNTS_S
        await mint(keys, clock)
        assert await refused(keys, last) == "invalid_ephemeral_key"


async def test_without_a_database_none_is_made(tmp_path: Path, clock: ScriptedClock) -> None:
    database = Database(StorageSettings(url=SecretStr(f"sqlite:///{tmp_path}/voxwire.db")))
    keys = EphemeralKeys(database, lambda _: True, clock.time)
    key = await mint(keys, clock)
    clock.now += SIGNS_S
    assert signer_of(await mint(keys, clock)) != signer_of(key)
    assert await keys.identify(await mint(keys, clock))
    assert os.listdir(tmp_path) == []


class TestLostDatabase:
    """Keys go on to be made and known; one for one use is not used twice for that."""

    @pytest.fixture
    async def lost(self, keys: EphemeralKeys, database: Database, clock: ScriptedClock) -> str:
        """An ephemeral key of before."""
        await Projects(database).make("shop", 1)
        key = await mint(keys, clock, single_use=True)
        await database.close()

        def gone() -> Any:
            raise StorageError("unreachable", "The server does not answer.")

        database.read = database.write = gone  # type: ignore[method-assign]
        return key

    async def test_known_and_made(self, keys: EphemeralKeys, clock: ScriptedClock, lost: str) -> None:
        assert await keys.identify(lost)
        assert await keys.identify(await mint(keys, clock))
        assert await refused(keys, _signed("nobody", OctKey.import_key(b"x" * 32))) == "invalid_ephemeral_key"

    async def test_after_a_day_it_signs_by_itself(
        self, keys: EphemeralKeys, clock: ScriptedClock, lost: str, caplog: pytest.LogCaptureFixture
    ) -> None:
        clock.now += SIGNS_S
        for _ in range(2):
            key = await mint(keys, clock)
            assert signer_of(key) != signer_of(lost)
            assert await keys.identify(key)
        assert caplog.text.count("does not answer") == 1

    async def test_one_use_is_none(self, keys: EphemeralKeys, lost: str) -> None:
        principal = await identified(keys, lost)
        with pytest.raises(StorageError):
            await keys.redeem(principal)
        assert await refused(keys, lost) == "revoked_ephemeral_key"


async def test_long_settings_stay_here(keys: EphemeralKeys, clock: ScriptedClock) -> None:
    settings = json.dumps({"instructions": "x" * INLINE_BYTES})
    key = await mint(keys, clock, settings=settings)
    assert len(key) < 1000
    grant = (await identified(keys, key)).ephemeral
    assert grant is not None
    assert grant.settings == settings


def test_what_is_kept_is_bounded() -> None:
    clock = ScriptedClock(NOW)
    kept = LargeSettings(clock.time, most_bytes=250)
    first, second, third = (kept.keep(text * 100, NOW + 10) for text in "abc")
    assert kept.find(first) is None
    assert (kept.find(second), kept.find(third)) == ("b" * 100, "c" * 100)
    clock.now += 10
    assert kept.find(third) is None
    kept.keep("d", NOW + 99)
    assert kept._size == 1


async def test_nothing_shows_a_key(keys: EphemeralKeys, clock: ScriptedClock) -> None:
    minted = await keys.mint(MAKER, grant(clock), "m")
    assert keys.holds_secret(f"a {minted.value[:64]}")
    assert not keys.holds_secret("ek_")
    assert minted.value not in repr(minted)


def test_reading_needs_the_right_key() -> None:
    token = _signed("k", OctKey.import_key(b"a" * 32))
    assert read_token(token, b"b" * 32) is None
    assert read_token(token, b"a" * 32) == CLAIMS
