"""Real servers for unmodified clients."""

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

HERE = Path(__file__).parent
# What clients in other environments run is imported by the tests too.
sys.path.insert(0, str(HERE / "programs"))

from client_environment import KEY, Address  # noqa: E402

from voxwire.testing.live_server import serve_process  # noqa: E402

TROUBLE = ("Traceback", "ERROR", "WARNING")
#: The recogniser works as fast as it works on a machine that does other things too.
ENVIRONMENT = {"VOXWIRE_AUTH__API_KEYS": KEY, "VOXWIRE_LIMITS__TRANSCRIPT_DEADLINE_S": "60"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("clients")
            item.add_marker("engines")


@contextlib.contextmanager
def _serving(*arguments: str) -> Iterator[str]:
    """Nothing may go wrong in it; and what has gone wrong is shown with the test that noticed."""
    with serve_process(*arguments, environment=ENVIRONMENT) as server:
        yield server.url
    troubles = [line for line in server.output if any(word in line for word in TROUBLE)]
    assert not troubles, "\n".join(server.output)


@pytest.fixture(scope="session")
def server() -> Iterator[Address]:
    """`voxwire serve` on the embedded engines."""
    with _serving() as url:
        yield Address(url)


@pytest.fixture(scope="session")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Address]:
    """The same over TLS, which several official clients insist on."""
    folder = tmp_path_factory.mktemp("tls")
    authority, certificate, key = folder / "ca.pem", folder / "cert.pem", folder / "key.pem"
    ca = trustme.CA()
    leaf = ca.issue_cert("127.0.0.1")
    ca.cert_pem.write_to_path(str(authority))
    leaf.cert_chain_pems[0].write_to_path(str(certificate))
    leaf.private_key_pem.write_to_path(str(key))
    with _serving("--tls-cert", str(certificate), "--tls-key", str(key)) as url:
        yield Address(url, authority)
