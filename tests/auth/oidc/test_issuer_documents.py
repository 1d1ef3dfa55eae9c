"""What an issuer publishes, and how it may disappoint."""

import json
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey
from local_issuer import LocalIssuer, ec_key, rsa_key

from voxwire.auth.oidc import IssuerError, fetch_keys
from voxwire.auth.oidc.key_set import KeySet
from voxwire.config import IssuerSettings

DESCRIPTION = "/.well-known/openid-configuration"


def settings(local: LocalIssuer, **changes: Any) -> IssuerSettings:
    return IssuerSettings(**{**local.settings, **changes})


async def trouble(local: LocalIssuer, **changes: Any) -> str:
    with pytest.raises(IssuerError) as caught:
        await fetch_keys(settings(local, **changes))
    return str(caught.value)


def described(local: LocalIssuer, **changes: Any) -> None:
    """Change the description of the issuer."""
    value = {"issuer": local.issuer, "jwks_uri": f"{local.url}/discovery/keys", **changes}
    local.answers[DESCRIPTION] = (200, {}, json.dumps(value).encode())


async def test_keys_and_clock(issuer: LocalIssuer) -> None:
    published = await fetch_keys(settings(issuer))
    assert len(published.keys) == 1
    assert published.clock_ahead_s is not None
    assert abs(published.clock_ahead_s) < 10
    issuer.clock_ahead_s = 600
    published = await fetch_keys(settings(issuer))
    assert published.clock_ahead_s is not None
    assert 590 < published.clock_ahead_s < 610


@pytest.mark.parametrize("date", ["", "yesterday", "Mon, 99 Foo 2026 99:99:99 GMT"])
async def test_a_clock_that_nobody_can_read(issuer: LocalIssuer, date: str) -> None:
    described(issuer)
    status, _, body = issuer.answers[DESCRIPTION]
    issuer.answers[DESCRIPTION] = (status, {"Date": date}, body)
    assert (await fetch_keys(settings(issuer))).clock_ahead_s is None


class TestTrust:
    async def test_an_authority_that_nobody_knows(self, issuer: LocalIssuer) -> None:
        assert "certificate" in (await trouble(issuer, ca_file=None)).lower()

    async def test_one_of_the_environment(self, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", str(issuer.ca_file))
        assert (await fetch_keys(settings(issuer, ca_file=None))).keys

    async def test_files_that_are_none(self, issuer: LocalIssuer, tmp_path: Path) -> None:
        junk = tmp_path / "junk.pem"
        junk.write_text("junk")
        for file in (tmp_path / "missing.pem", junk):
            assert "cannot be read" in await trouble(issuer, ca_file=file)

    async def test_a_certificate_for_another_name(self, issuer: LocalIssuer) -> None:
        elsewhere = issuer.issuer.replace("localhost", "[::ffff:127.0.0.1]")
        assert "IP address mismatch" in await trouble(issuer, issuer=elsewhere)

    async def test_no_proxy_of_the_environment_is_asked(
        self, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        assert (await fetch_keys(settings(issuer))).keys


class TestDescriptions:
    async def test_of_another_issuer(self, issuer: LocalIssuer) -> None:
        described(issuer, issuer="https://evil.example")
        assert "says that the issuer is 'https://evil.example'" in await trouble(issuer)

    @pytest.mark.parametrize(
        "address",
        [
            None,
            1,
            [],
            "",
            "http://keys.example/keys",
            "file:///etc/passwd",
            "ftp://a",
            "https://",
            "//localhost",
            "https://u:p@localhost/keys",
        ],
    )
    async def test_keys_that_are_nowhere_safe(self, issuer: LocalIssuer, address: Any) -> None:
        described(issuer, jwks_uri=address)
        assert "names no https address" in await trouble(issuer)

    @pytest.mark.parametrize("body", [b"", b"x", b"[]", b'"x"', b"[" * 100_000, b"\xff", b"null"])
    async def test_that_are_none(self, issuer: LocalIssuer, body: bytes) -> None:
        issuer.answers[DESCRIPTION] = (200, {}, body)
        assert "is not" in await trouble(issuer)

    @pytest.mark.parametrize("end", [DESCRIPTION, "/discovery/keys"])
    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    async def test_redirects_are_not_followed(self, issuer: LocalIssuer, end: str, status: int) -> None:
        issuer.answers[end] = (status, {"Location": f"{issuer.url}/elsewhere"}, b"")
        assert f"answers {status}" in await trouble(issuer)
        assert issuer.asked["/elsewhere"] == 0

    @pytest.mark.parametrize("end", [DESCRIPTION, "/discovery/keys"])
    async def test_documents_without_an_end(self, issuer: LocalIssuer, end: str) -> None:
        issuer.answers[end] = (200, {}, b" " * 300_000)
        assert "is larger than" in await trouble(issuer)

    async def test_an_answer_that_does_not_come(self, issuer: LocalIssuer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("voxwire.auth.oidc.documents._DEADLINE_S", 0.3)
        issuer.answers[DESCRIPTION] = (200, {"Content-Length": "1000"}, b"{")
        assert "did not answer within" in await trouble(issuer)

    async def test_nobody_there(self, issuer: LocalIssuer) -> None:
        assert "cannot be read" in await trouble(issuer, issuer="https://localhost:9/x")


class TestKeySets:
    PUBLIC = rsa_key(1).as_dict(private=False)

    def test_what_can_be_used(self) -> None:
        document = {"keys": [self.PUBLIC, ec_key(1).as_dict(private=False)]}
        keys = KeySet.read(document, ("RS256", "ES256"))
        assert len(keys.find("rsa-1", "RS256")) == len(keys.find("ec-1", "ES256")) == 1
        assert not keys.find("rsa-1", "ES256")
        assert not keys.find("ec-1", "RS256")
        assert not keys.find("rsa-1", "HS256")
        assert len(KeySet.read(document, ("RS256",))) == 1

    @pytest.mark.parametrize(
        "changes",
        [
            {"use": "enc"},
            {"key_ops": ["encrypt"]},
            {"key_ops": None},
            {"alg": "RS512"},
            {"alg": []},
            {"kid": 1},
            {"kty": "oct", "k": "c2VjcmV0"},
            {"kty": "OKP"},
            {"kty": None},
            {"n": "AQAB"},
            {"n": "!"},
            {"n": 1},
            {"n": ""},
            {"e": ""},
            {"e": "AA"},
            {"n": "_" * 4000},
            {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
            {"kty": "EC", "crv": "secp256k1", "x": "AA", "y": "AA"},
        ],
    )
    def test_what_cannot(self, changes: dict[str, Any]) -> None:
        good = {**rsa_key(2).as_dict(private=False)}
        keys = KeySet.read({"keys": [{**self.PUBLIC, **changes}, good]}, ("RS256", "ES256"))
        assert len(keys) == 1
        assert keys.find("rsa-2", "RS256")

    @pytest.mark.parametrize("document", [None, [], {}, {"keys": None}, {"keys": {}}, {"keys": [None, 1, "x", [], {}]}])
    def test_junk(self, document: Any) -> None:
        assert not KeySet.read(document, ("RS256",))

    def test_weak_keys_are_left_out(self) -> None:
        with pytest.warns(UserWarning, match="2048"):
            weak = RSAKey.generate_key(1024, {"kid": "weak"})
        assert not KeySet.read({"keys": [weak.as_dict(private=False)]}, ("RS256",))

    def test_a_private_key_is_taken_for_its_public_half(self) -> None:
        (found,) = KeySet.read({"keys": [rsa_key(1).as_dict(private=True)]}, ("RS256",)).find("rsa-1", "RS256")
        assert not found.key.is_private

    def test_not_without_end(self) -> None:
        many = [{**self.PUBLIC, "kid": str(number)} for number in range(1000)]
        assert len(KeySet.read({"keys": many}, ("RS256",))) == 100

    async def test_an_issuer_without_any(self, issuer: LocalIssuer) -> None:
        issuer.published = [ec_key(1).as_dict(private=False)]
        assert "no key for RS256" in await trouble(issuer)
        assert "no key for PS256 or ES512" in await trouble(issuer, algorithms="PS256,ES512")
