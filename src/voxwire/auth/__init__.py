"""Who may use the server.

- `authenticator`: who is calling; `credentials`: where a client may put its key
- `dev_identity`: signing in without a key, by `tokens` signed here
- `network`: the checks of `Host` and `Origin`
"""

from voxwire.auth.authenticator import ANONYMOUS, Authenticator
from voxwire.auth.dev_identity import DevIdentity
from voxwire.auth.network import NetworkPolicy

__all__ = ["ANONYMOUS", "Authenticator", "DevIdentity", "NetworkPolicy", "credentials", "dev_identity"]
