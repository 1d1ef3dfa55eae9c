"""How a token is refused (RFC 6750, section 3.1)."""

import re

from voxwire.errors import SERVER_ERROR, RequestRefused

#: When a client may try again while an issuer cannot be reached, in seconds.
_RETRY_S = 5


def invalid_token(message: str) -> RequestRefused:
    """401: no use to try again with this token."""
    return RequestRefused(
        401, message, code="invalid_token", headers=(("www-authenticate", _challenge("invalid_token", message)),)
    )


def without_role(principal: str) -> RequestRefused:
    """403: the token is good, and its owner may do nothing here. The operator finds the person in the log."""
    message = (
        "You are signed in, but have no role on this server. Ask who runs it for one: its log has your account beside "
        f"{principal}."
    )
    challenge = _challenge("insufficient_scope", message)
    return RequestRefused(403, message, code="permission_denied", headers=(("www-authenticate", challenge),))


def issuer_unavailable(name: str) -> RequestRefused:
    """503: nobody can say now whether the token is good."""
    return RequestRefused(
        503,
        f"The access token cannot be checked, because the keys of its issuer ({name}) cannot be fetched. "
        "Try again in a moment, or sign in with a key.",
        code="issuer_unavailable",
        type=SERVER_ERROR,
        headers=(("retry-after", str(_RETRY_S)),),
    )


def _challenge(error: str, message: str) -> str:
    said = re.sub(r"[^ !#-\[\]-~]", "?", message)  # a message may repeat what a client wrote
    return f'Bearer error="{error}", error_description="{said}"'
