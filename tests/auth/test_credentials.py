"""Every place where a key may be (protocol: connecting, Keys)."""

import pytest
from pydantic import SecretStr

from voxwire.auth import ANONYMOUS, Authenticator
from voxwire.auth.credentials import presented_key
from voxwire.errors import RequestRefused

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
    assert presented_key(*PLACES[place]) == KEY


@pytest.mark.parametrize(
    "headers",
    [{}, {"authorization": ""}, {"authorization": "Bearer"}, {"authorization": "Basic a2V5"}, {"api-key": ""}],
)
def test_no_key(headers: dict[str, str]) -> None:
    assert presented_key(headers, {}, ["realtime"]) is None


def test_same_key_twice_is_one_key() -> None:
    assert presented_key({"authorization": f"Bearer {KEY}", "api-key": KEY}, {"api-key": KEY}, []) == KEY


@pytest.mark.parametrize(
    ("headers", "query", "subprotocols"),
    [
        ({"authorization": "Bearer a", "api-key": "b"}, {}, []),
        ({"api-key": "a"}, {"api-key": "b"}, []),
        ({"authorization": "Bearer a"}, {}, ["openai-insecure-api-key.b"]),
        ({}, {}, ["openai-insecure-api-key.a", "openai-insecure-api-key.b"]),
    ],
)
def test_keys_that_disagree_are_refused(
    headers: dict[str, str], query: dict[str, str], subprotocols: list[str]
) -> None:
    with pytest.raises(RequestRefused, match="differ") as caught:
        presented_key(headers, query, subprotocols)
    assert caught.value.status == 401


class TestAuthenticator:
    keyed = Authenticator([SecretStr("first"), SecretStr("second")])

    def test_names_the_key_by_its_position(self) -> None:
        assert self.keyed.authenticate({"api-key": "first"}, {}).id == "key-1"
        assert self.keyed.authenticate({"api-key": "second"}, {}).id == "key-2"

    @pytest.mark.parametrize("key", ["", "firs", "first ", "FIRST", "third", "schlüssel", "\udc80"])
    def test_refuses_others(self, key: str) -> None:
        with pytest.raises(RequestRefused) as caught:
            self.keyed.authenticate({"api-key": key}, {})
        assert caught.value.status == 401
        assert caught.value.code == ("invalid_api_key" if key else "missing_api_key")
        assert not key or key not in str(caught.value)

    def test_without_keys_everyone_is_anonymous(self) -> None:
        open_door = Authenticator([])
        assert not open_door.required
        assert open_door.authenticate({}, {}) is ANONYMOUS
        assert open_door.authenticate({"api-key": "a", "authorization": "Bearer b"}, {}) is ANONYMOUS

    def test_holds_no_key(self) -> None:
        assert "first" not in repr(vars(self.keyed))
