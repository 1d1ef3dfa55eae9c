"""Addresses of endpoints, as an operator writes them."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def on_loopback(address: str) -> bool:
    """Whether what has this address runs on this machine."""
    return urlsplit(address).hostname in _LOOPBACK


def on_own_network(address: str) -> bool:
    """Whether what has this address runs on this machine or on a network that is not the internet."""
    host = urlsplit(address).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".lan", ".localhost"))
