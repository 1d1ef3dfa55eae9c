"""Real servers for unmodified clients."""

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import trustme

HERE = Path(__file__).parent
# What clients in other environments run is imported by the tests too.
sys.path.insert(0, str(HERE / "programs"))
# A check that fails shows the values that it compared.
pytest.register_assert_rewrite("flow_checks")

from client_environment import KEY, Address  # noqa: E402
from compatibility import HEAVY, Exercise  # noqa: E402

from voxwire.engines import registry  # noqa: E402
from voxwire.engines.vad.silero import SileroVad  # noqa: E402
from voxwire.testing.fake_service import fake_deployment, fake_service  # noqa: E402
from voxwire.testing.fake_tts import FakeTts  # noqa: E402
from voxwire.testing.live_server import ServeProcess, serve_process, served_in_thread  # noqa: E402

#: These take minutes to install, so only `make test-clients` runs them (and whoever names the folder).
collect_ignore = ["heavy"]

TROUBLE = ("Traceback", "ERROR", "WARNING")
#: The recogniser works as fast as it works on a machine that does other things too.
ENVIRONMENT = {"VOXWIRE_AUTH__API_KEYS": KEY, "VOXWIRE_LIMITS__TRANSCRIPT_DEADLINE_S": "60"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("clients")
            item.add_marker("engines")
            if HEAVY in item.path.parents or "exercised" in getattr(item, "fixturenames", ()):
                item.add_marker("compatibility")


@contextlib.contextmanager
def _serving(*arguments: str, environment: Mapping[str, str] = ENVIRONMENT) -> Iterator[ServeProcess]:
    """Nothing may go wrong in it; and what has gone wrong is shown with the test that noticed."""
    with serve_process(*arguments, environment=environment) as server:
        yield server
    troubles = [line for line in server.output if any(word in line for word in TROUBLE)]
    assert not troubles, "\n".join(server.output)


@pytest.fixture(scope="session")
def keyless_server() -> Iterator[ServeProcess]:
    """`voxwire serve --dev-identity` on the embedded engines. It logs no secret, however much it logs."""
    with _serving("--dev-identity", environment={**ENVIRONMENT, "VOXWIRE_LOGGING__LEVEL": "debug"}) as server:
        yield server
    secret = server.environment["IDENTITY_HEADER"]
    assert [line for line in server.output if secret in line] == [f"  export IDENTITY_HEADER={secret}"]
    assert not [line for line in server.output if KEY in line or "eyJ" in line]  # as every JSON Web Token begins


@pytest.fixture(scope="session")
def server(keyless_server: ServeProcess) -> Address:
    """The same for clients with a key."""
    return Address(keyless_server.url)


@pytest.fixture(scope="session")
def tls_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """PEM files: the `authority` to trust, and a server's `certificate` for 127.0.0.1 with its `key`."""
    folder = tmp_path_factory.mktemp("tls")
    files = {name: folder / f"{name}.pem" for name in ("authority", "certificate", "key")}
    ca = trustme.CA()
    leaf = ca.issue_cert("127.0.0.1")
    ca.cert_pem.write_to_path(str(files["authority"]))
    leaf.cert_chain_pems[0].write_to_path(str(files["certificate"]))
    leaf.private_key_pem.write_to_path(str(files["key"]))
    return files


@pytest.fixture(scope="session")
def tls_server(tls_files: dict[str, Path]) -> Iterator[Address]:
    """The same over TLS, which several official clients insist on."""
    with _serving("--tls-cert", str(tls_files["certificate"]), "--tls-key", str(tls_files["key"])) as server:
        yield Address(server.url, tls_files["authority"])


@contextlib.contextmanager
def _speaking(voice: FakeTts, **server: Any) -> Iterator[str]:
    engines: Mapping[str, Any] = {
        "stt": registry.load("stt", "pocketsphinx", {}),
        "llm": registry.load("llm", "offline-assistant", {}),
        "tts": voice,
    }
    names = ("gpt-realtime", "gpt-4o-realtime-preview")
    service = fake_service(*(fake_deployment(name=name, **engines) for name in names), vad=SileroVad())
    with served_in_thread(service, server=server) as url:
        yield url


@pytest.fixture(scope="session")
def voice() -> FakeTts:
    """The voice of `paced_server`: it takes as long as speech, so that an interruption finds it speaking."""
    return FakeTts(pace=1.0)


@pytest.fixture(scope="session")
def paced_server(voice: FakeTts) -> Iterator[Address]:
    """The embedded engines with that voice, in a thread."""
    with _speaking(voice) as url:
        yield Address(url)


@pytest.fixture(scope="session")
def paced_tls_server(tls_files: dict[str, Path]) -> Iterator[Address]:
    """The same over TLS, with such a voice of its own."""
    files = {"tls_cert": str(tls_files["certificate"]), "tls_key": str(tls_files["key"])}
    with _speaking(FakeTts(pace=1.0), **files) as url:
        yield Address(url, tls_files["authority"])


@pytest.fixture
def exercised(record_property: Callable[[str, object], None]) -> Callable[[str, str, str, str], None]:
    """`exercised(client, version, dialect, flow)`: what a test is about to do, for the table in the documents.

    The version is to be read from the installed package; the flow is one of `compatibility.FLOWS`, or what
    else people can read. A test says it first, so that its failure shows in the table too.
    """

    def say(client: str, version: str, dialect: str, flow: str) -> None:
        record_property("exercised", tuple(Exercise(client, version, dialect, flow)))  # plain: it may cross processes

    return say
