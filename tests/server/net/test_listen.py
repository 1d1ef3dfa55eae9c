"""Binding: one port for every address of a name, and a clear line when it cannot be had."""

import errno
import socket

import pytest

from voxwire.errors import ConfigurationError
from voxwire.server.net.listen import NetworkListener, bind, url


def test_a_free_port() -> None:
    (bound,) = bind("127.0.0.1", 0)
    with bound:
        assert bound.getsockname()[1] > 0


def test_every_address_of_a_name_gets_the_same_port() -> None:
    sockets = bind("localhost", 0)
    assert len({bound.getsockname()[1] for bound in sockets}) == 1
    for bound in sockets:
        bound.close()


def test_nobody_is_kept_waiting_before_the_server_listens() -> None:
    (bound,) = bind("127.0.0.1", 0)
    with bound, pytest.raises(ConnectionRefusedError):
        socket.create_connection(bound.getsockname())


def refusal(host: str, port: int) -> str:
    with pytest.raises(ConfigurationError) as caught:
        bind(host, port)
    return str(caught.value)


def test_busy_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert refusal("127.0.0.1", port) == (
            f"Port {port} on 127.0.0.1 is in use. Choose another with --port; 0 picks a free one."
        )


def test_a_port_for_the_privileged() -> None:
    refused = NetworkListener("127.0.0.1", 80, [], None).refusal(PermissionError(errno.EACCES, "Permission denied"))
    assert str(refused) == "Port 80 needs privileges. Choose one above 1023 with --port."


def test_unknown_name() -> None:
    assert refusal("no-such-host.invalid", 0).startswith("Cannot listen on no-such-host.invalid: ")


def test_an_address_of_another_machine() -> None:
    assert "192.0.2.1" in refusal("192.0.2.1", 0)


@pytest.mark.parametrize(
    ("host", "tls", "shown"),
    [
        ("127.0.0.1", False, "http://127.0.0.1:8000"),
        ("::1", True, "https://[::1]:8000"),
        ("", False, "http://0.0.0.0:8000"),
        ("localhost", True, "https://localhost:8000"),
    ],
)
def test_url(host: str, tls: bool, shown: str) -> None:
    assert url(host, 8000, tls=tls) == shown


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("0.0.0.0", "http://127.0.0.1:80"),
        ("", "http://127.0.0.1:80"),
        ("::", "http://[::1]:80"),
        ("example.com", "http://example.com:80"),
    ],
)
def test_clients_here_need_a_destination(host: str, local: str) -> None:
    assert NetworkListener(host, 80, [], None).local_url == local
