"""Who may use the server: API keys, the development identity, principals, and the checks of `Host` and `Origin`."""

from voxwire.auth.authenticator import ANONYMOUS, Authenticator, Principal
from voxwire.auth.dev_identity import DevIdentity
from voxwire.auth.network import NetworkPolicy

__all__ = ["ANONYMOUS", "Authenticator", "DevIdentity", "NetworkPolicy", "Principal"]
