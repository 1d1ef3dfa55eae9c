"""Who may use the server.

- `authenticator`: who is calling, and whether they may; `credentials`: where a client may put its key
- `credential_source`: what knows one kind of credential; `configured_keys`: those in the settings
- `stored_keys`: those in the database; `key_form`: what such a key looks like
- `stored_roles`: roles of those who sign in elsewhere
- `ephemeral`: keys for browsers, which live for minutes
- `management`: changing what is stored of both
- `dev_identity`: signing in without a key, by `tokens` signed here
- `oidc`: tokens of Microsoft Entra ID and of other OpenID Connect issuers
- `network`: the checks of `Host` and `Origin`
"""

from voxwire.auth.authenticator import ANONYMOUS, Authenticator, check_permission
from voxwire.auth.configured_keys import ConfiguredKeys
from voxwire.auth.credential_source import CredentialSource
from voxwire.auth.dev_identity import DevIdentity, IdentitySecrets
from voxwire.auth.network import NetworkPolicy
from voxwire.auth.stored_keys import KEY_ID_PREFIX, StoredKeys
from voxwire.auth.stored_roles import StoredRoles

__all__ = [
    "ANONYMOUS",
    "KEY_ID_PREFIX",
    "Authenticator",
    "ConfiguredKeys",
    "CredentialSource",
    "DevIdentity",
    "IdentitySecrets",
    "NetworkPolicy",
    "StoredKeys",
    "StoredRoles",
    "check_permission",
    "credentials",
    "dev_identity",
    "ephemeral",
    "management",
    "oidc",
]
