"""Tokens that somebody made up, or took from somewhere else."""

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from local_issuer import AUDIENCE, TENANT, LocalIssuer, rsa_key

from voxwire.auth.oidc import OidcSource
from voxwire.auth.oidc.bearer_token import BearerToken
from voxwire.errors import RequestRefused
from voxwire.testing.scripted_clock import ScriptedClock

MakeSource = Callable[..., OidcSource]


def encoded(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def made_up(header: Any, claims: Any, signature: bytes = b"signature") -> str:
    return f"{encoded(header)}.{encoded(claims)}.{encoded(signature)}"


async def refused(source: OidcSource, token: str, status: int = 401) -> str:
    """What a token is answered by: a refusal that does not repeat it."""
    with pytest.raises(RequestRefused) as caught:
        await source.identify(token)
    refusal = caught.value
    assert (refusal.status, refusal.code) == (status, "invalid_token")
    (challenge,) = (value for name, value in refusal.headers if name == "www-authenticate")
    assert challenge.startswith('Bearer error="invalid_token", error_description="')
    assert challenge.count('"') == 4
    assert challenge.isascii()
    for part in token.split("."):
        assert not part or part not in refusal.message + challenge
    return refusal.message


class TestAlgorithms:
    @pytest.mark.parametrize(
        "algorithm", ["none", "None", "NONE", "", "HS256", "HS512", "RS512", "ES256", "EdDSA", None, 1, ["RS256"], {}]
    )
    async def test_a_token_cannot_choose_its_own(self, source: OidcSource, issuer: LocalIssuer, algorithm: Any) -> None:
        header, claims = {"alg": algorithm, "kid": "rsa-1"}, issuer.claims()
        for token in (made_up(header, claims), f"{encoded(header)}.{encoded(claims)}."):
            assert "in a way that this server does not accept" in await refused(source, token)
        assert not issuer.asked, "nobody asks for keys on account of such a token"

    async def test_nor_leave_it_out(self, source: OidcSource, issuer: LocalIssuer) -> None:
        assert "in a way that" in await refused(source, made_up({"kid": "rsa-1", "typ": "JWT"}, issuer.claims()))

    @pytest.mark.parametrize("form", ["pem", "pem without its last line", "der", "modulus", "jwk"])
    async def test_a_public_key_is_no_secret(self, source: OidcSource, issuer: LocalIssuer, form: str) -> None:
        """Key confusion: HS256 with what everybody can read."""
        public = rsa_key(1).public_key
        pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        secret = {
            "pem": pem,
            "pem without its last line": pem.rstrip(b"\n"),
            "der": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
            "modulus": rsa_key(1).as_dict(private=False)["n"].encode(),
            "jwk": json.dumps(issuer.published[0]).encode(),
        }[form]
        body = f"{encoded({'alg': 'HS256', 'kid': 'rsa-1', 'typ': 'JWT'})}.{encoded(issuer.claims())}"
        token = f"{body}.{encoded(hmac.digest(secret, body.encode(), hashlib.sha256))}"
        assert "in a way that" in await refused(source, token)

    async def test_nor_does_a_published_secret_serve(self, source: OidcSource, issuer: LocalIssuer) -> None:
        issuer.published.append({"kty": "oct", "kid": "shared", "alg": "RS256", "k": encoded(b"secret")})
        body = f"{encoded({'alg': 'RS256', 'kid': 'shared'})}.{encoded(issuer.claims())}"
        token = f"{body}.{encoded(hmac.digest(b'secret', body.encode(), hashlib.sha256))}"
        assert "does not publish" in await refused(source, token)

    async def test_a_key_is_used_for_its_own_algorithm_alone(
        self, issuer: LocalIssuer, make_source: MakeSource
    ) -> None:
        issuer.published = [{**rsa_key(1).as_dict(private=False), "alg": "RS256"}]
        source = make_source({"oidc": {"local": {**issuer.settings, "algorithms": ["RS256", "PS256"]}}})
        assert await source.identify(issuer.token())
        assert "does not publish" in await refused(source, issuer.token({"alg": "PS256"}))


class TestSignatures:
    async def test_of_another_key(self, source: OidcSource, issuer: LocalIssuer) -> None:
        issuer.signing = rsa_key(2)
        assert "signature" in await refused(source, issuer.token({"kid": "rsa-1"}))

    async def test_of_another_key_beside_the_right_one_of_the_same_id(
        self, source: OidcSource, issuer: LocalIssuer
    ) -> None:
        issuer.published.append({**rsa_key(2).as_dict(private=False), "kid": "rsa-1"})
        issuer.signing = rsa_key(3)
        assert "signature" in await refused(source, issuer.token({"kid": "rsa-1"}))

    async def test_every_part_counts(self, source: OidcSource, issuer: LocalIssuer) -> None:
        header, claims, signature = issuer.token().split(".")
        more = encoded(issuer.claims(roles=["Voxwire.Owner"]))
        other = encoded({"alg": "RS256", "kid": "rsa-1", "typ": "at+jwt"})
        for token in (
            f"{header}.{more}.{signature}",
            f"{other}.{claims}.{signature}",
            f"{header}.{claims}.",
            f"{header}.{claims}.{signature[:-4]}",
            f"{header}.{claims}.{encoded(b'x' * 256)}",
        ):
            assert "signature" in await refused(source, token)

    @pytest.mark.parametrize("extra", [" ", "=", "\n", ".", "%", "é", "x.y"])
    async def test_nothing_may_stand_around_it(self, source: OidcSource, issuer: LocalIssuer, extra: str) -> None:
        token = issuer.token()
        assert await source.identify(token)
        for text in (token + extra, extra + token):
            assert await source.identify(text) is None

    async def test_the_header_brings_no_key(self, source: OidcSource, issuer: LocalIssuer) -> None:
        """`jwk`, `jku`, `x5u` and `x5c` would let a token say by which key it is to be checked."""
        issuer.signing = rsa_key(2)
        own = rsa_key(2).as_dict(private=False)
        elsewhere = f"{issuer.url}/evil/keys"
        for header in (
            {"jwk": own},
            {"jku": elsewhere},
            {"x5u": elsewhere},
            {"x5c": ["AAAA"]},
            {"jwk": own, "jku": elsewhere, "x5u": elsewhere},
        ):
            assert "signature" in await refused(source, issuer.token({"kid": "rsa-1", **header}))
        assert issuer.asked["/evil/keys"] == 0

    async def test_and_what_it_brings_does_no_harm(self, source: OidcSource, issuer: LocalIssuer) -> None:
        header = {"jku": f"{issuer.url}/evil/keys", "x5t": "abc", "nonce": "n", "extra": {"a": [1]}}
        assert await source.identify(issuer.token(header))
        assert issuer.asked["/evil/keys"] == 0

    @pytest.mark.parametrize("header", [{"crit": ["exp"]}, {"b64": False, "crit": ["b64"]}, {"b64": True}])
    async def test_extensions_are_not_understood(
        self, source: OidcSource, issuer: LocalIssuer, header: dict[str, Any]
    ) -> None:
        """RFC 7515, section 4.1.11."""
        token = made_up({"alg": "RS256", "kid": "rsa-1", **header}, issuer.claims())
        assert "header of the access token" in await refused(source, token)


class TestClaims:
    @pytest.mark.parametrize(
        "audience", ["api://another", "", [], None, 1, {}, f"{AUDIENCE}/", [f"{AUDIENCE}x"], [AUDIENCE, 1]]
    )
    async def test_for_another_service(self, source: OidcSource, issuer: LocalIssuer, audience: Any) -> None:
        assert "for another service" in await refused(source, issuer.token(aud=audience))

    async def test_for_several_services_with_ours(self, source: OidcSource, issuer: LocalIssuer) -> None:
        assert await source.identify(issuer.token(aud=["api://another", AUDIENCE]))

    @pytest.mark.parametrize(
        "name", ["https://evil.example", "http://localhost", "{issuer}/", "{issuer}/../x", "{ISSUER}"]
    )
    async def test_of_another_issuer(self, source: OidcSource, issuer: LocalIssuer, name: str) -> None:
        named = name.format(issuer=issuer.issuer, ISSUER=issuer.issuer.upper())
        with pytest.raises(RequestRefused, match="does not accept access tokens of") as caught:
            await source.identify(issuer.token(iss=named))
        assert caught.value.status == 401
        assert not issuer.asked

    @pytest.mark.parametrize("end", [None, "2100-01-01", "4102444800", True, [], {}])
    async def test_that_does_not_end(self, source: OidcSource, issuer: LocalIssuer, end: Any) -> None:
        assert "'exp'" in await refused(source, issuer.token(exp=end))

    @pytest.mark.parametrize("subject", [None, "", 1, ["a"], {}])
    async def test_about_nobody(self, source: OidcSource, issuer: LocalIssuer, subject: Any) -> None:
        assert "'sub'" in await refused(source, issuer.token(sub=subject))

    @pytest.mark.parametrize(
        ("header", "claims"),
        [
            ({}, {"at_hash": "x"}),
            ({}, {"typ": "ID"}),
            ({}, {"typ": "Refresh"}),
            ({}, {"typ": []}),
            ({"typ": "logout+jwt"}, {}),
            ({"typ": "dpop+jwt"}, {}),
        ],
    )
    async def test_tokens_of_other_kinds(
        self, source: OidcSource, issuer: LocalIssuer, header: dict[str, Any], claims: dict[str, Any]
    ) -> None:
        """The same issuer signs them for other ends, so its signature alone means nothing."""
        assert "no access token" in await refused(source, issuer.token(header, **claims))

    async def test_those_that_give_access(self, source: OidcSource, issuer: LocalIssuer) -> None:
        for header, claims in (({"typ": "at+jwt"}, {}), ({"typ": "jwt"}, {"typ": "Bearer"}), ({"typ": None}, {})):
            assert await source.identify(issuer.token(header, **claims))


class TestForms:
    async def test_too_long(self, source: OidcSource, issuer: LocalIssuer) -> None:
        fits = issuer.token(groups=["g" * 36] * 250)
        assert len(fits) > 8_000
        assert await source.identify(fits)
        huge = issuer.token(groups=["g" * 36] * 1000)
        assert "longer than 16384 characters" in await refused(source, huge)
        assert "longer than" in await refused(source, "eyJ" + "A" * 50_000_000)
        assert await source.identify("A" * 50_000_000) is None

    @pytest.mark.parametrize(
        "part", [b"[" * 4000, b'{"a":' * 2000, b"{}", b"[]", b"1", b'"x"', b"null", b"\xff", b"{", b'{"iss":NaN}']
    )
    async def test_junk_inside(self, source: OidcSource, issuer: LocalIssuer, part: bytes) -> None:
        good = encoded({"alg": "RS256", "kid": "rsa-1"})
        for header, claims in ((encoded(part), encoded(issuer.claims())), (good, encoded(part))):
            for text in (f"{header}.{claims}.{encoded(b's')}", f"eyJ{header}.{claims}.x"):
                with suppress(RequestRefused):
                    assert await source.identify(text) is None
        assert not issuer.asked

    async def test_nested_junk_that_is_signed(self, source: OidcSource, issuer: LocalIssuer) -> None:
        """As deep as fits into a token: readers of JSON call themselves for each level."""
        deep: Any = []
        for _ in range(400):
            deep = [deep]
        assert await source.identify(issuer.token(deep=deep))

    @pytest.mark.parametrize("key_id", [1, [], {}, True])
    async def test_odd_ids_of_keys(self, source: OidcSource, issuer: LocalIssuer, key_id: Any) -> None:
        assert "header" in await refused(source, made_up({"alg": "RS256", "kid": key_id}, issuer.claims()))

    @given(st.text(alphabet=st.characters(), max_size=300))
    def test_no_text_is_a_token_by_chance(self, text: str) -> None:
        assert BearerToken.read(text) is None

    @given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=50))
    def test_any_three_parts_are_read_or_not(self, header: bytes, claims: bytes, signature: bytes) -> None:
        token = BearerToken.read(f"eyJ{encoded(header)}.{encoded(claims)}.{encoded(signature)}")
        assert token is None or isinstance(token.claims, dict)


#: What may stand in JSON.
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**400, -(10**400), 1e308, -1.5, 0, AUDIENCE, TENANT, "Voxwire.User", "\x00\r\n", "\ud800"])
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
CLAIMS = "iss sub aud exp nbf iat tid oid roles scp groups appid azp typ realm".split()


@pytest.fixture
def sources(issuer: LocalIssuer, make_source: MakeSource) -> list[OidcSource]:
    other = {**issuer.settings, "role_claims": "realm.roles,roles,scp"}
    return [make_source({"entra": issuer.entra}), make_source({"oidc": {"other": other}})]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100)
@given(claims=st.dictionaries(st.sampled_from(CLAIMS), VALUES, min_size=1, max_size=4))
async def test_nonsense_that_the_issuer_signed(
    issuer: LocalIssuer, sources: list[OidcSource], claims: dict[str, Any]
) -> None:
    """Whatever it says: somebody comes in, or a refusal says why. There is no third."""
    body = f"{encoded({'alg': 'RS256', 'kid': 'rsa-1'})}.{encoded({**issuer.claims(), **claims})}"
    private = rsa_key(1).private_key
    assert private is not None
    token = f"{body}.{encoded(private.sign(body.encode(), PKCS1v15(), SHA256()))}"
    for source in sources:
        with suppress(RequestRefused):
            principal = await source.identify(token)
            assert principal is None or principal.roles


class TestFloods:
    async def test_of_key_ids(self, source: OidcSource, issuer: LocalIssuer, monotonic: ScriptedClock) -> None:
        """Whoever sends tokens with ids of keys that there are not makes the server ask once in five minutes."""
        assert await source.identify(issuer.token())
        for minute in range(10):
            for number in range(50):
                token = made_up({"alg": "RS256", "kid": f"{minute}-{number}"}, issuer.claims())
                assert "does not publish" in await refused(source, token)
            monotonic.advance(60)
        assert issuer.asked["/discovery/keys"] == 1 + 2
        assert await source.identify(issuer.token(jti="still good"))

    async def test_all_at_once(self, source: OidcSource, issuer: LocalIssuer) -> None:
        tokens = [made_up({"alg": "RS256", "kid": str(number)}, issuer.claims()) for number in range(100)]
        answers = await asyncio.gather(*map(source.identify, tokens), return_exceptions=True)
        assert {type(answer) for answer in answers} == {RequestRefused}
        assert issuer.asked["/discovery/keys"] <= 2

    async def test_while_the_issuer_is_down(self, issuer: LocalIssuer, make_source: MakeSource) -> None:
        issuer.answers[""] = (500, {}, b"")
        source = make_source({"oidc": {"local": issuer.settings}})
        tokens = [issuer.token({"kid": str(number)}) for number in range(50)]
        answers = await asyncio.gather(*map(source.identify, tokens), return_exceptions=True)
        assert {getattr(answer, "status", None) for answer in answers} == {503}
        assert sum(issuer.asked.values()) == 1

    async def test_nothing_bad_is_remembered(self, source: OidcSource, issuer: LocalIssuer) -> None:
        for number in range(20):
            await refused(source, made_up({"alg": "RS256", "kid": "rsa-1"}, issuer.claims(jti=str(number))))
        assert not source._known
