"""The managed identity for development: who gets a token, and which tokens open the door (ADR 10)."""

import jwt
import pytest
from pydantic import SecretStr

from voxwire.auth import ANONYMOUS, Authenticator, ConfiguredKeys, DevIdentity
from voxwire.auth.dev_identity import AUDIENCES, LIFETIME_S
from voxwire.errors import RequestRefused
from voxwire.testing.scripted_clock import ScriptedClock

RESOURCE = "https://cognitiveservices.azure.com"
NOW = 1_800_000_000.9
FIRST = ConfiguredKeys([SecretStr("first")])


@pytest.fixture
def clock() -> ScriptedClock:
    return ScriptedClock(NOW)


@pytest.fixture
def identity(clock: ScriptedClock) -> DevIdentity:
    return DevIdentity(clock.time)


def ask(identity: DevIdentity, *, secret: str | None = None, **query: str) -> dict[str, str]:
    """What the identity libraries send, unless told otherwise."""
    secret = identity.environment("")["IDENTITY_HEADER"] if secret is None else secret
    asked = {"api-version": "2019-08-01", "resource": RESOURCE} | {
        name.replace("_version", "-version"): value for name, value in query.items()
    }
    return identity.grant({"x-identity-header": secret}, asked)


class TestGrant:
    def test_answer(self, identity: DevIdentity) -> None:
        answer = ask(identity)
        assert answer.keys() == {"access_token", "expires_on", "resource", "token_type", "client_id"}
        assert answer["expires_on"] == str(int(NOW) + LIFETIME_S)
        assert answer["resource"] == RESOURCE
        assert answer["token_type"] == "Bearer"

    def test_claims(self, identity: DevIdentity) -> None:
        claims = jwt.decode(ask(identity)["access_token"], options={"verify_signature": False})
        assert claims == {
            "aud": RESOURCE,
            "iss": "voxwire-dev-identity",
            "sub": "00000000-0000-0000-0000-000000000000",
            "iat": int(NOW),
            "nbf": int(NOW),
            "exp": int(NOW) + LIFETIME_S,
        }

    def test_an_identity_asked_for_by_name_is_the_same(self, identity: DevIdentity) -> None:
        answer = ask(identity, client_id="someone")
        assert answer["client_id"] == "someone"
        identity.check(answer["access_token"])

    def test_the_libraries_renew_a_token_before_its_end(self) -> None:
        """They do so 300 s before; a shorter life would mean a request for every connection."""
        assert LIFETIME_S > 300

    @pytest.mark.parametrize("secret", ["", "wrong", "ü", "\udc80", "a" * 100_000])
    def test_the_secret_must_be_right(self, identity: DevIdentity, secret: str) -> None:
        with pytest.raises(RequestRefused) as caught:
            ask(identity, secret=secret)
        assert (caught.value.status, caught.value.code) == (401, "invalid_identity_header")

    def test_the_secret_must_be_there(self, identity: DevIdentity) -> None:
        with pytest.raises(RequestRefused, match="IDENTITY_HEADER"):
            identity.grant({}, {"api-version": "2019-08-01", "resource": RESOURCE})

    def test_the_secret_is_asked_for_first(self, identity: DevIdentity) -> None:
        with pytest.raises(RequestRefused) as caught:
            identity.grant({}, {})
        assert caught.value.status == 401

    def test_an_almost_right_secret_is_wrong(self, identity: DevIdentity) -> None:
        secret = identity.environment("")["IDENTITY_HEADER"]
        for other in (secret[:-1], f"{secret}x", secret.swapcase(), f"{secret}, {secret}"):
            with pytest.raises(RequestRefused):
                ask(identity, secret=other)

    @pytest.mark.parametrize("version", ["", "2017-09-01", "2019-08-01x"])
    def test_the_version_must_be_the_one_we_know(self, identity: DevIdentity, version: str) -> None:
        with pytest.raises(RequestRefused, match="2019-08-01") as caught:
            ask(identity, api_version=version)
        assert (caught.value.status, caught.value.param) == (400, "api-version")

    def test_the_resource_must_be_named(self, identity: DevIdentity) -> None:
        with pytest.raises(RequestRefused, match=r"cognitiveservices\.azure\.com") as caught:
            ask(identity, resource="")
        assert (caught.value.status, caught.value.param) == (400, "resource")


class TestCheck:
    @pytest.mark.parametrize("resource", [*AUDIENCES, *(f"{audience}/" for audience in AUDIENCES)])
    def test_a_token_for_this_api_is_good(self, identity: DevIdentity, resource: str) -> None:
        identity.check(ask(identity, resource=resource)["access_token"])

    @pytest.mark.parametrize(
        "resource",
        ["https://vault.azure.net", "https://cognitiveservices.azure.com.evil.example", f"{RESOURCE}/.default", "x"],
    )
    def test_a_token_for_another_service_is_not(self, identity: DevIdentity, resource: str) -> None:
        with pytest.raises(RequestRefused, match=r"Ask for the scope https://cognitiveservices\.azure\.com/\.default"):
            identity.check(ask(identity, resource=resource)["access_token"])

    def test_it_is_good_until_it_expires(self, identity: DevIdentity, clock: ScriptedClock) -> None:
        token = ask(identity)["access_token"]
        clock.now = int(NOW) + LIFETIME_S - 0.1
        identity.check(token)
        clock.now = int(NOW) + LIFETIME_S
        with pytest.raises(RequestRefused, match="expired"):
            identity.check(token)

    def test_that_of_another_process_is_not_ours(self, identity: DevIdentity, clock: ScriptedClock) -> None:
        with pytest.raises(RequestRefused, match="not issued by this server") as caught:
            identity.check(ask(DevIdentity(clock.time))["access_token"])
        assert (caught.value.status, caught.value.code) == (401, "invalid_token")
        assert caught.value.headers == (("www-authenticate", 'Bearer error="invalid_token"'),)


def test_secrets_are_new_in_every_process(identity: DevIdentity, clock: ScriptedClock) -> None:
    secret, other = (one.environment("")["IDENTITY_HEADER"] for one in (identity, DevIdentity(clock.time)))
    assert secret != other
    assert len(secret) >= 43  # 256 bits


def test_what_to_export(identity: DevIdentity) -> None:
    variables = identity.environment("http://127.0.0.1:8000")
    assert variables.keys() == {"IDENTITY_ENDPOINT", "IDENTITY_HEADER"}
    assert variables["IDENTITY_ENDPOINT"] == "http://127.0.0.1:8000/msi/token"


class TestAtTheDoor:
    """Wherever a key may be, a token may be; see also tests/server/test_identity.py."""

    async def test_a_token_stands_beside_keys(self, identity: DevIdentity) -> None:
        door = Authenticator([FIRST, identity])
        token = ask(identity)["access_token"]
        for place in (
            ({"authorization": f"Bearer {token}"}, {}, ()),
            ({}, {"Authorization": f"Bearer {token}"}, ()),
            ({"api-key": token}, {}, ()),
            ({}, {}, ("realtime", f"openai-insecure-api-key.{token}")),
        ):
            assert (await door.authenticate(*place)).id == "dev-identity"
        assert (await door.authenticate({"api-key": "first"}, {})).id == "key-1"

    @pytest.mark.parametrize("key", [None, "second", "a.b.c"])
    async def test_with_keys_nothing_else_opens(self, identity: DevIdentity, key: str | None) -> None:
        with pytest.raises(RequestRefused) as caught:
            await Authenticator([FIRST, identity]).authenticate({} if key is None else {"api-key": key}, {})
        assert caught.value.status == 401

    async def test_a_key_may_look_like_a_token(self, identity: DevIdentity) -> None:
        assert (
            await Authenticator([ConfiguredKeys([SecretStr("a.b.c")]), identity]).authenticate({"api-key": "a.b.c"}, {})
        ).id == "key-1"

    async def test_without_keys_everyone_is_welcome_but_not_a_bad_token(
        self, identity: DevIdentity, clock: ScriptedClock
    ) -> None:
        door = Authenticator([identity])
        assert not door.required
        assert await door.authenticate({}, {}) is ANONYMOUS
        assert await door.authenticate({"api-key": "any"}, {}) is ANONYMOUS
        token = ask(identity)["access_token"]
        assert (await door.authenticate({"authorization": f"Bearer {token}"}, {})).id == "dev-identity"
        clock.now += LIFETIME_S
        with pytest.raises(RequestRefused, match="expired"):
            await door.authenticate({"authorization": f"Bearer {token}"}, {})

    async def test_without_an_identity_a_token_is_a_key_like_any(self, identity: DevIdentity) -> None:
        token = ask(identity)["access_token"]
        assert await Authenticator([]).authenticate({"authorization": f"Bearer {token}"}, {}) is ANONYMOUS
        with pytest.raises(RequestRefused, match="Incorrect API key"):
            await Authenticator([FIRST]).authenticate({"authorization": f"Bearer {token}"}, {})
