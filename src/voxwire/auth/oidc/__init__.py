"""Signing in with tokens of Microsoft Entra ID and of other OpenID Connect issuers.

- `documents`: what an issuer publishes; `key_set`: the keys in it; `issuer_keys`: keeping them, and asking again
- `bearer_token`: a token before it is trusted; `issuer`: whether it may be, and whom it is about
- `role_mapping`: what somebody may do here; `refusals`: how others are turned away
- `oidc_source`: the source of credentials that all this makes
"""

from voxwire.auth.oidc.documents import IssuerError, fetch_keys
from voxwire.auth.oidc.oidc_source import OidcSource
from voxwire.auth.oidc.role_mapping import StoredAssignments

__all__ = ["IssuerError", "OidcSource", "StoredAssignments", "fetch_keys"]
