"""Identifiers of items that the client creates."""

import secrets

#: The service takes identifiers of up to this many characters.
_LENGTH = 32


def generate_id(prefix: str) -> str:
    """`prefix`, a hyphen and url-safe random characters: 32 characters in all."""
    head = f"{prefix}-"
    return (head + secrets.token_urlsafe(_LENGTH))[:_LENGTH]
