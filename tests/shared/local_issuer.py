"""An OpenID Connect issuer over TLS on this machine, with an authority of its own, in a thread.

It publishes what Entra ID and AD FS publish, gives tokens for a client's secret as they do, and can misbehave.
"""

import json
import ssl
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qs

import trustme
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey
from joserfc.jws import JWSRegistry

TENANT: Final = "11111111-2222-4333-8444-555555555555"
OTHER_TENANT: Final = "99999999-2222-4333-8444-555555555555"
APPLICATION: Final = "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee"
#: A program that signs in for itself, and its object in the tenant.
CLIENT: Final = "cccccccc-bbbb-4ccc-8ddd-eeeeeeeeeeee"
CLIENT_OBJECT: Final = "dddddddd-bbbb-4ccc-8ddd-eeeeeeeeeeee"
CLIENT_SECRET: Final = "secret-of-the-client"
AUDIENCE: Final = f"api://{APPLICATION}"

_WELL_KNOWN: Final = "/.well-known/openid-configuration"
_KEYS: Final = "/discovery/keys"


@cache
def rsa_key(number: int) -> RSAKey:
    """A key pair; making one takes a tenth of a second."""
    return RSAKey.generate_key(2048, {"kid": f"rsa-{number}", "use": "sig"})


@cache
def ec_key(number: int) -> ECKey:
    return ECKey.generate_key("P-256", {"kid": f"ec-{number}", "use": "sig"})


class LocalIssuer:
    """What the issuer publishes and how it behaves; all of it may be changed while it runs."""

    def __init__(self, folder: Path) -> None:
        authority = trustme.CA()
        self.ca_file = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(self._context)
        self._port = 0
        self._server: ThreadingHTTPServer | None = None
        self.reset()

    def reset(self) -> None:
        """As it was at first."""
        self.asked: Counter[str] = Counter()
        self.signing: RSAKey | ECKey = rsa_key(1)
        self.published: list[Mapping[str, Any]] = [rsa_key(1).as_dict(private=False)]
        #: Instead of what it would answer: by the end of a path, a status, headers, and a body.
        self.answers: dict[str, tuple[int, Mapping[str, str], bytes]] = {}
        #: Claims of the tokens that it gives at its own token endpoint, besides the usual ones.
        self.granted: dict[str, Any] = {}
        self.clock_ahead_s = 0.0

    @property
    def url(self) -> str:
        return f"https://localhost:{self._port}"

    @property
    def issuer(self) -> str:
        """The tenant's issuer of version 2."""
        return f"{self.url}/{TENANT}/v2.0"

    @property
    def settings(self) -> dict[str, Any]:
        """A table of `auth.oidc` for it."""
        return {"issuer": self.issuer, "audience": AUDIENCE, "ca_file": str(self.ca_file)}

    @property
    def entra(self) -> dict[str, Any]:
        """The table `auth.entra` for it."""
        return {"tenant": TENANT, "audience": AUDIENCE, "authority": self.url, "ca_file": str(self.ca_file)}

    def rotate(self, number: int) -> None:
        """Sign with another key from now on, and publish it alone."""
        self.signing = rsa_key(number)
        self.published = [self.signing.as_dict(private=False)]

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Of a token that is good for five minutes; None leaves a claim out."""
        now = int(time.time())
        usual = {
            "iss": self.issuer,
            "sub": "subject-of-zoe",
            "aud": AUDIENCE,
            "iat": now,
            "nbf": now,
            "exp": now + 300,
            "tid": TENANT,
            "oid": "00000000-1111-4222-8333-444444444444",
            "roles": ["Voxwire.User"],
        }
        return {name: value for name, value in (usual | changes).items() if value is not None}

    def token(self, header: Mapping[str, Any] | None = None, **changes: Any) -> str:
        """A token with these claims, signed with the key of the moment; None leaves a part of the header out."""
        algorithm = "RS256" if isinstance(self.signing, RSAKey) else "ES256"
        full = {"alg": algorithm, "kid": self.signing.kid, **(header or {})}
        full = {name: value for name, value in full.items() if value is not None}
        registry = JWSRegistry(algorithms=[str(full["alg"])], strict_check_header=False)
        registry.max_header_length = 16 * 1024
        return jwt.encode(full, self.claims(**changes), self.signing, registry=registry)

    @contextmanager
    def running(self) -> Iterator["LocalIssuer"]:
        """Listen; a second time on the same port."""
        issuer = self

        class Handler(_Handler):
            ours = issuer

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.socket = self._context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._port = self._server.server_address[1]
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, name="issuer")
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def document(self, path: str) -> tuple[int, Mapping[str, str], bytes]:
        """What stands at a path."""
        for end, answer in self.answers.items():
            if path.endswith(end):
                return answer
        if path.endswith(_KEYS):
            return _json({"keys": self.published})
        if path.endswith(_WELL_KNOWN):
            base = f"{self.url}{path.removesuffix(_WELL_KNOWN)}"
            endpoint = base.replace("/v2.0", "/oauth2/v2.0") if base.endswith("/v2.0") else f"{base}/oauth2"
            return _json(
                {
                    "issuer": base,
                    "jwks_uri": f"{self.url}{_KEYS}",
                    "authorization_endpoint": f"{endpoint}/authorize",
                    "token_endpoint": f"{endpoint}/token",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["pairwise"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            )
        return _json({"error": "not_found"}, 404)

    def grant(self, path: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        """A token for a client that shows its secret (RFC 6749, section 4.4), or what its platform gave it as a proof
        (RFC 7523, section 2.2)."""
        if form.get("client_id") != CLIENT or CLIENT_SECRET not in (
            form.get("client_secret"),
            form.get("client_assertion"),
        ):
            return _json({"error": "invalid_client", "error_description": "The secret is wrong."}, 401)
        audience = form.get("resource") or form.get("scope", "").split()[0].removesuffix("/.default")
        realm = path.split("/oauth2/")[0]
        issuer = f"{self.url}{realm}/v2.0" if realm == f"/{TENANT}" else f"{self.url}{realm}"
        token = self.token(
            iss=issuer,
            aud=audience,
            sub=CLIENT_OBJECT,
            oid=CLIENT_OBJECT,
            azp=CLIENT,
            **{"roles": None, **self.granted},
        )
        return _json({"token_type": "Bearer", "expires_in": 300, "ext_expires_in": 300, "access_token": token})


class _Handler(BaseHTTPRequestHandler):
    ours: LocalIssuer
    protocol_version = "HTTP/1.1"
    timeout = 3

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        self.ours.asked[path] += 1
        self._answer(*self.ours.document(path))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", "0"))).decode()
        self.ours.asked[self.path.partition("?")[0]] += 1
        form = {name: values[0] for name, values in parse_qs(body).items()}
        self._answer(*self.ours.grant(self.path.partition("?")[0], form))

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(time.time() + self.ours.clock_ahead_s)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""

    def _answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response_only(status)
        usual = {"Date": self.date_time_string(), "Content-Type": "application/json", "Content-Length": str(len(body))}
        for name, value in {**usual, **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _json(value: Any, status: int = 200) -> tuple[int, Mapping[str, str], bytes]:
    return status, {}, json.dumps(value).encode()
