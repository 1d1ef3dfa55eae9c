"""Who may use the server.

- `authenticator`: who is calling, and whether they may; `credentials`: where a client may put its key
- `credential_source`: what knows one kind of credential; `configured_keys`: those in the settings
- `dev_identity`: signing in without a key, by `tokens` signed here
- `network`: the checks of `Host` and `Origin`
"""

from voxwire.auth.authenticator import ANONYMOUS, Authenticator, check_permission
from voxwire.auth.configured_keys import ConfiguredKeys
from voxwire.auth.credential_source import CredentialSource
from voxwire.auth.dev_identity import DevIdentity
from voxwire.auth.network import NetworkPolicy

__all__ = [
    "ANONYMOUS",
    "Authenticator",
    "ConfiguredKeys",
    "CredentialSource",
    "DevIdentity",
    "NetworkPolicy",
    "check_permission",
    "credentials",
    "dev_identity",
]
