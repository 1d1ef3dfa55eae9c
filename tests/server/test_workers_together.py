"""What holds in one worker of a server holds in all: who may come, how many, how much they use, and how they are."""

import asyncio
import http.client
import json
import socket
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import trustme
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect as connect_async
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from workers_client import ask, calling, eventually, until, worker_behind, workers

from voxwire.auth.management import KeyBook
from voxwire.config import StorageSettings
from voxwire.runtime import AccessRole, worker_of
from voxwire.storage.database import Database
from voxwire.testing.live_server import ServeProcess

GA = {"type": "realtime", "model": "gpt-realtime"}


@pytest.fixture(autouse=True)
def nothing_blocks() -> None:
    """Clients here block; the server is other processes."""


@pytest.fixture(scope="module")
def server() -> Iterator[ServeProcess]:
    """Two workers without a database, where everybody may come, each with six sessions."""
    with workers("auth.dev_identity=true", 'quotas.principal={"concurrent_sessions": 6}', 'logging.level="info"') as it:
        yield it


def mint(server: ServeProcess, **body: Any) -> dict[str, Any]:
    status, text = ask(server, "/v1/realtime/client_secrets", {"session": GA, **body})
    assert status == 200, text
    made: dict[str, Any] = json.loads(text)
    return made


def refusal_of(server: ServeProcess, **headers: str) -> tuple[int, str]:
    """Status and code of a handshake that is refused."""
    with pytest.raises(InvalidStatus) as caught:
        calling(server, **headers).__enter__()
    response = caught.value.response
    assert response.body is not None
    return response.status_code, json.loads(response.body)["error"]["code"]


def metric(server: ServeProcess, name: str, **labels: str) -> float:
    families = text_string_to_metric_families(ask(server, "/metrics")[1])
    found = (sample for family in families for sample in family.samples if sample.name == name)
    return sum(sample.value for sample in found if labels.items() <= sample.labels.items())


def on_both(server: ServeProcess, stack: ExitStack, **headers: str) -> list[ClientConnection]:
    """Sessions, at least one in each worker. The parent learns a moment later that those of another test have ended,
    so that the first ones may all be in one worker."""
    clients: list[ClientConnection] = []
    held: set[int] = set()
    while held != {1, 2}:
        assert len(clients) < 6, held
        clients.append(stack.enter_context(calling(server, **headers)))
        held.add(worker_behind(clients[-1]))
    return clients


def token_of(server: ServeProcess) -> str:
    """A token of the development identity, which is a principal of its own."""
    given = server.environment
    path = given["IDENTITY_ENDPOINT"].removeprefix(server.url)
    asked = f"{path}?api-version=2019-08-01&resource=https://cognitiveservices.azure.com"
    status, text = ask(server, asked, **{"x-identity-header": given["IDENTITY_HEADER"]})
    assert status == 200, text
    token: str = json.loads(text)["access_token"]
    return token


def test_a_token_of_the_development_identity(server: ServeProcess) -> None:
    token = token_of(server)
    with ExitStack() as stack:
        assert on_both(server, stack, authorization=f"Bearer {token}")


@pytest.mark.parametrize("length", [10, 5000], ids=["settings in the key", "settings that the server keeps"])
def test_an_ephemeral_key(server: ServeProcess, length: int) -> None:
    made = mint(server, session={**GA, "instructions": "x" * length})
    with ExitStack() as stack:
        held: set[str] = set()
        while held != {"1", "2"}:
            client = stack.enter_context(calling(server, authorization=f"Bearer {made['value']}"))
            created = until(client, "session.created")
            assert created["session"]["instructions"] == "x" * length
            held.add(created["session"]["id"][len("sess_")])


def test_an_ephemeral_key_for_one_use_and_one_that_is_revoked(server: ServeProcess) -> None:
    made = mint(server, single_use=True)
    with calling(server, authorization=f"Bearer {made['value']}") as client:
        until(client, "session.created")
        for _ in range(4):  # whichever worker it is
            refused = refusal_of(server, authorization=f"Bearer {made['value']}")
            assert refused == (401, "revoked_ephemeral_key")
    made = mint(server)
    id = made["session"]["id"]
    assert ask(server, f"/v1/realtime/client_secrets/{id}", method="DELETE")[0] == 204
    with calling(server) as client:  # so that both workers are asked
        until(client, "session.created")
        for _ in range(4):
            refused = refusal_of(server, authorization=f"Bearer {made['value']}")
            assert refused == (401, "revoked_ephemeral_key")


def test_a_quota_of_sessions(server: ServeProcess) -> None:
    bearer = {"authorization": f"Bearer {token_of(server)}"}
    with ExitStack() as stack:
        clients = on_both(server, stack, **bearer)
        clients += [stack.enter_context(calling(server, **bearer)) for _ in range(6 - len(clients))]
        for _ in range(3):
            assert refusal_of(server, **bearer) == (429, "rate_limit_exceeded")
        clients[0].close()

        def let_in() -> bool:  # the place is free a moment after the session has ended
            try:
                stack.enter_context(calling(server, **bearer))
            except InvalidStatus:
                return False
            return True

        eventually(let_in, "the place stays taken")


def test_health_and_metrics_are_of_both(server: ServeProcess) -> None:
    eventually(lambda: metric(server, "realtime_sessions_active") == 0, "those of another test stay")
    eventually(lambda: json.loads(ask(server, "/healthz")[1])["sessions"] == 0, "those of another test stay")
    before = metric(server, "realtime_session_duration_seconds_count")
    with ExitStack() as stack:
        count = len(on_both(server, stack))
        for _ in range(3):  # whichever worker answers
            health = json.loads(ask(server, "/healthz")[1])
            assert (health["status"], health["sessions"]) == ("ok", count)
            assert health["workers"] == {"ready": 2, "unready": 0}
            assert health["deployments"] == {"ready": 1, "unready": 0, "failed": []}
            assert json.loads(ask(server, "/readyz")[1])["named"]["gpt-realtime"]["llm"] == "ready"
            assert metric(server, "realtime_sessions_active") == count
            assert metric(server, "realtime_deployments", state="ready") == 1
            assert metric(server, "realtime_workers", state="ready") == 2
    eventually(
        lambda: metric(server, "realtime_session_duration_seconds_count") == before + count, "sessions do not end"
    )


def test_who_asks_for_a_call_is_answered_by_the_worker_that_would_have_it(server: ServeProcess) -> None:
    for number in (1, 2, 1, 2):
        asked = f"/v1/realtime?call_id=rtc_{number}{'x' * 20}"
        with pytest.raises(InvalidStatus) as caught:
            connect(server.url.replace("http", "ws") + asked, ping_interval=None).__enter__()
        response = caught.value.response
        assert (response.status_code, json.loads(response.body or b"")["error"]["code"]) == (404, "call_not_found")
        request = response.headers["apim-request-id"]
        line = f"id={request}"
        eventually(lambda line=line: any(line in said for said in server.output), "the request is in no log")
        (logged,) = (said for said in server.output if line in said)
        assert f"[worker={number}" in logged


def answer_of(connection: socket.socket) -> tuple[int, str]:
    """Status and id of the request that is answered now on a connection that stays open."""
    answer = http.client.HTTPResponse(connection)
    answer.begin()
    answer.read()
    return answer.status, answer.headers["apim-request-id"]


@pytest.mark.parametrize("cut", [0, 40, 110, 140], ids=["whole", "in its line", "in its headers", "in its body"])
def test_so_is_one_who_asks_on_a_connection_that_was_used_before(server: ServeProcess, cut: int) -> None:
    """As a proxy does that keeps connections open."""
    plain = b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n"
    for number in (1, 2):
        head = (
            f"GET /v1/models?call_id=rtc_{number}{'x' * 20} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 20\r\n\r\n"
        )
        request = head.encode() + b"b" * 20
        with ExitStack() as stack:
            address = "127.0.0.1", urlsplit(server.url).port or 0
            # The other worker has one of them.
            both = [stack.enter_context(socket.create_connection(address, timeout=10)) for _ in range(2)]
            for connection in (*both, *both):
                connection.sendall(plain)
                assert answer_of(connection)[0] == 200
            for part in filter(None, (request[:cut], request[cut:])):
                for connection in both:
                    connection.sendall(part)
                time.sleep(0.05)  # so that it is a part
            answers = [answer_of(connection) for connection in both]
        assert [status for status, _ in answers] == [200, 200]
        for _, id in answers:
            line = f"id={id}"
            eventually(lambda line=line: any(line in said for said in server.output), "the request is in no log")
            (logged,) = (said for said in server.output if line in said)
            assert f"[worker={number}" in logged


class TestSeats:
    def test_no_more_sessions_than_there_may_be(self) -> None:
        with workers("server.max_sessions=5") as server, ExitStack() as stack:

            def open_one(_: int) -> int:
                try:
                    until(stack.enter_context(calling(server)), "session.created")
                except InvalidStatus as refused:
                    return refused.response.status_code
                return 101

            with ThreadPoolExecutor(12) as clients:
                assert sorted(clients.map(open_one, range(12))) == [101] * 5 + [429] * 7
            assert refusal_of(server) == (429, "too_many_sessions")
            assert json.loads(ask(server, "/readyz")[1])["status"] == "full"


class TestStored:
    def test_a_change_holds_in_both_before_it_is_answered(self, tmp_path: Path) -> None:
        """Keys and limits of the database: made by a request to one worker, in force for the next at the other."""
        url = f"sqlite:///{tmp_path / 'voxwire.db'}"

        async def make() -> str:
            database = Database(StorageSettings(url=url))
            try:
                made = await KeyBook(database).create(
                    project="local", name="owner", roles=[AccessRole.OWNER], by="test"
                )
                return made.secret
            finally:
                await database.close()

        owner = {"api-key": asyncio.run(make())}
        with workers(f'storage.url="{url}"') as server, calling(server, **owner) as client:
            busy = worker_behind(client)
            made = json.loads(ask(server, "/admin/v1/keys", {"name": "another"}, **owner)[1])
            with ExitStack() as stack:
                assert on_both(server, stack, **{"api-key": made["secret"]})
            assert ask(server, "/admin/v1/keys/another", method="DELETE", **owner)[0] == 204
            for _ in range(4):
                assert refusal_of(server, **{"api-key": made["secret"]})[0] == 401
            assert busy in (1, 2)


class TestTls:
    async def test_sessions_and_what_is_asked_of_another_worker(self, tmp_path: Path) -> None:
        """Under two addresses. The client is not one of threads: two of them in one TLS connection lose what comes."""
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1", "localhost")
        issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
        issued.private_key_pem.write_to_path(tmp_path / "key.pem")
        trusting = ssl.create_default_context()
        authority.configure_trust(trusting)
        files = (f'server.tls_cert="{tmp_path / "cert.pem"}"', f'server.tls_key="{tmp_path / "key.pem"}"')
        with workers(*files, 'server.host="localhost"') as server:
            address = server.url.replace("https", "wss") + "/v1/realtime"
            async with AsyncExitStack() as stack:
                held = []
                for _ in range(4):
                    client = await stack.enter_async_context(
                        connect_async(f"{address}?model=gpt-realtime", ssl=trusting)
                    )
                    held.append(worker_of(json.loads(await client.recv())["session"]["id"]))
                assert sorted(filter(None, held)) == [1, 1, 2, 2]
            for number in (1, 2):
                with pytest.raises(InvalidStatus) as caught:
                    await connect_async(f"{address}?call_id=rtc_{number}{'x' * 20}", ssl=trusting)
                assert caught.value.response.status_code == 404
