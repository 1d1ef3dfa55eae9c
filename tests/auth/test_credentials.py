"""Every place where a key may be (protocol: connecting, Keys)."""

import pytest
from pydantic import SecretStr

from voxwire.auth import ANONYMOUS, Authenticator, ConfiguredKeys, check_permission
from voxwire.auth.credentials import presented_keys
from voxwire.errors import RequestRefused
from voxwire.runtime import AccessRole, Permission, Principal

KEY = "k-1234"
PLACES = {
    "subprotocol": ({}, {}, ["realtime", f"openai-insecure-api-key.{KEY}", "openai-beta.realtime-v1"]),
    "authorization": ({"authorization": f"Bearer {KEY}"}, {}, []),
    "authorization, lower case": ({"authorization": f"bearer  {KEY} "}, {}, []),
    "api-key header": ({"api-key": KEY}, {}, []),
    "x-api-key header": ({"x-api-key": KEY}, {}, []),
    "api-key query": ({}, {"api-key": KEY}, []),
    "authorization query": ({}, {"Authorization": f"Bearer {KEY}"}, []),
}


@pytest.mark.parametrize("place", PLACES)
def test_key_is_found_in(place: str) -> None:
    assert presented_keys(PLACES[place][0], PLACES[place][1].items(), PLACES[place][2]) == [KEY]


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": ""}, {"authorization": "Bearer"}, {"authorization": "Basic a2V5"}, {"api-key": ""}],
)
def test_no_key(headers: dict[str, str]) -> None:
    assert presented_keys(headers, (), ["realtime"]) == []


async def test_same_key_twice_is_one_key() -> None:
    door = Authenticator([ConfiguredKeys([SecretStr(KEY)])])
    assert (await door.authenticate({"authorization": f"Bearer {KEY}", "api-key": KEY}, {"api-key": KEY})).id == "key-1"


@pytest.mark.parametrize(
    ("headers", "query", "subprotocols"),
    [
        ({"authorization": "Bearer a", "api-key": "b"}, {}, []),
        ({"api-key": "a"}, {"api-key": "b"}, []),
        ({"authorization": "Bearer a"}, {}, ["openai-insecure-api-key.b"]),
        ({}, {}, ["openai-insecure-api-key.a", "openai-insecure-api-key.b"]),
    ],
)
async def test_keys_that_disagree_are_refused(
    headers: dict[str, str], query: dict[str, str], subprotocols: list[str]
) -> None:
    with pytest.raises(RequestRefused, match="differ") as caught:
        await Authenticator([ConfiguredKeys([SecretStr("a")])]).authenticate(headers, query, subprotocols)
    assert caught.value.status == 401


class TestAuthenticator:
    keys = ConfiguredKeys([SecretStr("first"), SecretStr("second")])
    keyed = Authenticator([keys])

    async def test_names_the_key_by_its_position(self) -> None:
        assert (await self.keyed.authenticate({"api-key": "first"}, {})).id == "key-1"
        assert (await self.keyed.authenticate({"api-key": "second"}, {})).id == "key-2"

    @pytest.mark.parametrize("key", ["", "firs", "first ", "FIRST", "third", "schlüssel", "\udc80"])
    async def test_refuses_others(self, key: str) -> None:
        with pytest.raises(RequestRefused) as caught:
            await self.keyed.authenticate({"api-key": key}, {})
        assert caught.value.status == 401
        assert caught.value.code == ("invalid_api_key" if key else "missing_api_key")
        assert not key or key not in str(caught.value)

    async def test_without_keys_everyone_is_anonymous(self) -> None:
        open_door = Authenticator([ConfiguredKeys([])])
        assert not open_door.required
        assert await open_door.authenticate({}, {}) is ANONYMOUS
        assert await open_door.authenticate({"api-key": "a", "authorization": "Bearer b"}, {}) is ANONYMOUS

    def test_holds_no_key(self) -> None:
        assert "first" not in repr(vars(self.keys))


class TestCheckPermission:
    def test_a_role_that_may(self) -> None:
        check_permission(Principal(id="a", roles=frozenset({AccessRole.CONTRIBUTOR})), Permission.MANAGE_DEPLOYMENTS)

    def test_a_role_that_may_not_is_told_which_do(self) -> None:
        with pytest.raises(RequestRefused, match=r"manage-access.*owner") as caught:
            check_permission(Principal(id="a", roles=frozenset({AccessRole.CONTRIBUTOR})), Permission.MANAGE_ACCESS)
        assert (caught.value.status, caught.value.code) == (403, "permission_denied")
