"""https and wss, which several official clients insist on; and the ways in which a certificate can be wrong."""

import asyncio
import json
import logging
import socket
import ssl
import time
from pathlib import Path
from typing import Any

import pytest
import trustme
from echo_service import EchoService, Serve
from http_client import connect, read_answer
from websockets.asyncio.client import connect as websocket

from voxwire.config import ServerSettings
from voxwire.errors import ConfigurationError
from voxwire.server.net import run
from voxwire.server.net.listen import tls_context
from voxwire.testing.live_server import served


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> dict[str, str]:
    """A certificate for 127.0.0.1 and its key, as the settings take them."""
    issued = authority.issue_cert("127.0.0.1", "localhost")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    return {"tls_cert": str(tmp_path / "cert.pem"), "tls_key": str(tmp_path / "key.pem")}


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_wss_and_https(serve: Serve, files: dict[str, str], trusting: ssl.SSLContext) -> None:
    url = await serve(server=files)
    assert url.startswith("https://127.0.0.1:")
    async with websocket(url.replace("https", "wss") + "/v1/realtime?model=gpt-realtime", ssl=trusting) as client:
        assert json.loads(await client.recv())["dialect"] == "ga"
        await client.send("x" * 100_000)
        assert json.loads(await client.recv()) == {"text": 100_000}
    reader, writer = await connect(url, trusting)
    assert writer.get_extra_info("ssl_object").version() == "TLSv1.3"
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert (await read_answer(reader)).status == 200
    writer.close()


async def test_a_stop_does_not_wait_for_peers_that_do_not_close(
    files: dict[str, str],
    trusting: ssl.SSLContext,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """TLS has both sides say that they close, and a peer that has left without a word never does."""
    monkeypatch.setattr(run, "_PARTING_S", 0.1)

    def ask(address: tuple[str, int]) -> ssl.SSLSocket:
        peer = trusting.wrap_socket(socket.create_connection(address), server_hostname="127.0.0.1")
        peer.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert peer.recv(1000).startswith(b"HTTP/1.1 200")
        return peer

    service: Any = EchoService()
    async with served(service, server=files) as url:
        peer = await asyncio.to_thread(ask, ("127.0.0.1", int(url.rpartition(":")[2])))
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    peer.close()


class TestMistakes:
    def refusal(self, cert: Path | str, key: Path | str) -> str:
        with pytest.raises(ConfigurationError) as caught:
            tls_context(ServerSettings(tls_cert=Path(cert), tls_key=Path(key)))
        assert "\n" not in str(caught.value)
        return str(caught.value)

    @pytest.mark.parametrize("which", ["tls_cert", "tls_key"])
    def test_missing_file(self, files: dict[str, str], tmp_path: Path, which: str) -> None:
        files[which] = str(tmp_path / "none.pem")
        assert "none.pem: No such file" in self.refusal(files["tls_cert"], files["tls_key"])

    def test_no_certificate(self, files: dict[str, str], tmp_path: Path) -> None:
        (tmp_path / "text.pem").write_text("hello")
        message = self.refusal(tmp_path / "text.pem", files["tls_key"])
        assert "text.pem" in message
        assert message.endswith("in PEM form.")

    def test_anothers_key(self, files: dict[str, str], authority: trustme.CA, tmp_path: Path) -> None:
        authority.issue_cert("localhost").private_key_pem.write_to_path(tmp_path / "other.pem")
        assert "KEY_VALUES_MISMATCH" in self.refusal(files["tls_cert"], tmp_path / "other.pem")

    def test_encrypted_key_is_no_question_at_the_terminal(self, files: dict[str, str], tmp_path: Path) -> None:
        from cryptography.hazmat.primitives.serialization import (
            BestAvailableEncryption,
            Encoding,
            PrivateFormat,
            load_pem_private_key,
        )

        key = load_pem_private_key(Path(files["tls_key"]).read_bytes(), password=None)
        locked = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
        (tmp_path / "locked.pem").write_bytes(locked)
        assert "unencrypted key" in self.refusal(files["tls_cert"], tmp_path / "locked.pem")

    def test_without_a_certificate_there_is_no_tls(self) -> None:
        assert tls_context(ServerSettings()) is None
