"""Which hosts are this machine."""

import ipaddress


def is_loopback(host: str) -> bool:
    """Whether a host name or address (an IPv6 one with or without brackets) means this machine."""
    host = host.removeprefix("[").removesuffix("]")
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
