"""The load goes to this machine only, with the headers that were given."""

import pytest

from address import Address, parse_address


@pytest.mark.parametrize(
    ("url", "host", "port", "path"),
    [
        ("ws://127.0.0.1:8000/v1/realtime?model=a", "127.0.0.1", 8000, "/v1/realtime?model=a"),
        ("ws://127.7.7.7:80", "127.7.7.7", 80, "/"),
        ("ws://localhost:8765/?x=1&y=2", "localhost", 8765, "/?x=1&y=2"),
        ("ws://[::1]:9000/realtime", "::1", 9000, "/realtime"),
    ],
)
def test_loopback(url: str, host: str, port: int, path: str) -> None:
    assert parse_address(url) == Address(host, port, path)


@pytest.mark.parametrize(
    "host",
    [
        "192.168.0.7",
        "10.0.0.1",
        "0.0.0.0",
        "8.8.8.8",
        "api.example.com",
        "localhost.example.com",
        "127.0.0.1.example.com",
        "2130706433",
        "[2001:db8::1]",
        "[::ffff:8.8.8.8]",
    ],
)
def test_every_other_address_is_refused_with_what_to_do(host: str) -> None:
    with pytest.raises(ValueError, match=r"is not this machine\. The load is sent to loopback only") as refused:
        parse_address(f"ws://{host}:8000/v1/realtime")
    assert "start the server here" in str(refused.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("wss://127.0.0.1:8000/", "has to begin with ws://"),
        ("http://127.0.0.1:8000/", "has to begin with ws://"),
        ("127.0.0.1:8000", "has to begin with ws://"),
        ("ws://127.0.0.1/v1/realtime", "names no port"),
        ("ws://127.0.0.1:0/v1/realtime", "names no port"),
        ("ws://127.0.0.1:99999/v1/realtime", "Port out of range"),
        ("ws:///v1/realtime", "is not this machine"),
    ],
)
def test_what_is_no_address(url: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_address(url)


def test_a_key_in_the_address_is_refused_and_not_repeated() -> None:
    with pytest.raises(ValueError, match="user name or a password") as refused:
        parse_address("ws://me:secret-1@127.0.0.1:8000/")
    assert "secret-1" not in str(refused.value)


def test_headers() -> None:
    given = ["Authorization: Bearer a:b=c", "api-key:k", "Sec-WebSocket-Protocol: realtime"]
    assert parse_address("ws://127.0.0.1:1/", given).headers == (
        "Authorization: Bearer a:b=c",
        "api-key: k",
        "Sec-WebSocket-Protocol: realtime",
    )


@pytest.mark.parametrize("header", ["no colon secret-1", "two words: secret-1", "x: secret-1\r\ny: 2", ": secret-1"])
def test_a_header_that_would_break_the_handshake(header: str) -> None:
    with pytest.raises(ValueError, match=r"cannot be sent: write --header 'NAME: VALUE'") as refused:
        parse_address("ws://127.0.0.1:1/", [header])
    assert header == "no colon secret-1" or "secret-1" not in str(refused.value)


@pytest.mark.parametrize("name", ["Host", "upgrade", "Sec-WebSocket-Key"])
def test_headers_of_the_handshake_itself(name: str) -> None:
    with pytest.raises(ValueError, match=f"{name} belongs to the handshake"):
        parse_address("ws://127.0.0.1:1/", [f"{name}: x"])
