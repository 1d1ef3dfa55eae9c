"""Addresses of endpoints, as an operator writes them."""

from typing import Final
from urllib.parse import urlsplit

_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


def on_loopback(address: str) -> bool:
    """Whether what has this address runs on this machine."""
    return urlsplit(address).hostname in _LOOPBACK
