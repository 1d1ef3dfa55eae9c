"""`Host` and `Origin` (protocol: connecting, Hosts and origins)."""

import pytest

from voxwire.auth import NetworkPolicy
from voxwire.errors import RequestRefused

LOOPBACK = ["localhost", "LOCALHOST:8000", "127.0.0.1:8000", "127.9.9.9", "[::1]:8000", "[::1]"]
ELSEWHERE = [
    "",
    "example.com",
    "localhost.example.com",
    "127.0.0.1.nip.io:8000",
    "192.168.0.7",
    "user@localhost",
    "localhost/evil",
    "localhost:port",
    "0.0.0.0",
    "[::1",
]


@pytest.mark.parametrize("host", LOOPBACK)
def test_without_keys_loopback_hosts_are_served(host: str) -> None:
    NetworkPolicy(keyed=lambda: False).check(host, None)


@pytest.mark.parametrize("host", [*ELSEWHERE, None])
def test_without_keys_other_hosts_are_refused(host: str | None) -> None:
    with pytest.raises(RequestRefused) as caught:
        NetworkPolicy(keyed=lambda: False).check(host, None)
    assert (caught.value.status, caught.value.code) == (403, "host_not_allowed")


@pytest.mark.parametrize("origin", [f"http://{host}" for host in LOOPBACK] + ["https://localhost:3000"])
def test_without_keys_loopback_origins_are_served(origin: str) -> None:
    NetworkPolicy(keyed=lambda: False).check("localhost", origin)


@pytest.mark.parametrize("origin", [f"https://{host}" for host in ELSEWHERE] + ["null", "", "file://localhost"])
def test_without_keys_other_origins_are_refused(origin: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        NetworkPolicy(keyed=lambda: False).check("localhost", origin)
    assert (caught.value.status, caught.value.code) == (403, "origin_not_allowed")


def test_without_keys_a_listed_origin_is_served() -> None:
    NetworkPolicy(keyed=lambda: False, allowed_origins=("https://app.example",)).check(
        "localhost", "https://APP.example"
    )


SHELLS = ["null", "file://", "tauri://localhost", "capacitor://localhost", "app://voxwire", "http://tauri.localhost"]


@pytest.mark.parametrize("keyed", [True, False])
@pytest.mark.parametrize("listed", SHELLS)
def test_pages_of_shells_are_allowed_by_name(listed: str, keyed: bool) -> None:
    policy = NetworkPolicy(keyed=lambda: keyed, allowed_origins=(listed,))
    policy.check("localhost", listed)
    for other in {*SHELLS} - {listed}:
        with pytest.raises(RequestRefused):
            policy.check("localhost", other)


def test_with_keys_every_host_and_origin_is_served() -> None:
    for host in ["example.com", None]:
        for origin in ["https://anywhere.example", "null", None]:
            NetworkPolicy(keyed=lambda: True).check(host, origin)


def test_with_keys_a_list_of_origins_is_binding_for_pages() -> None:
    policy = NetworkPolicy(keyed=lambda: True, allowed_origins=("https://app.example",))
    policy.check("api.example", "https://app.example")
    policy.check("api.example", None)
    for host in ("api.example", None):
        with pytest.raises(RequestRefused):
            policy.check(host, "https://other.example")


def test_with_keys_and_a_list_the_servers_own_pages_are_served() -> None:
    policy = NetworkPolicy(keyed=lambda: True, allowed_origins=("https://app.example",))
    policy.check("Voice.example:8000", "https://voice.example:8000")
    for origin in ("https://voice.example", "null", "file://"):
        with pytest.raises(RequestRefused):
            policy.check("voice.example:8000", origin)
