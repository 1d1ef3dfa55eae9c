"""Who may use the server: API keys, principals, and the checks of `Host` and `Origin`."""

from voxwire.auth.authenticator import ANONYMOUS, Authenticator, Principal
from voxwire.auth.network import NetworkPolicy

__all__ = ["ANONYMOUS", "Authenticator", "NetworkPolicy", "Principal"]
