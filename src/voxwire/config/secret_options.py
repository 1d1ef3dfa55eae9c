"""Secrets among the options of engines: hidden wherever they stand, so that no log or error can show one."""

import re
from typing import Any, Final

from pydantic import SecretStr

#: Names under which a text is a secret: `api_key`, `accessToken`, `X-Api-Key`, `password`, `Authorization`.
_SECRET: Final = re.compile(
    r"(?:(?:^|[^a-zA-Z0-9])(?i:key|apikey|token|secret|password|passphrase|credential|authorization|cookie)"
    r"|[a-z0-9](?:Key|Token|Secret|Password|Passphrase|Credential))s?$"
)
#: Tables of which every text is one: gateways take their keys in headers of any name.
_ALL_SECRET: Final = frozenset({"headers"})


def hide_secrets(options: dict[str, Any]) -> dict[str, Any]:
    """The options with each text that stands under the name of a secret as a `SecretStr`, at any depth."""
    return {name: _hidden(value, bool(_SECRET.search(name)) or name in _ALL_SECRET) for name, value in options.items()}


def _hidden(value: Any, secret: bool) -> Any:
    match value:
        case str() if secret and value:
            return SecretStr(value)
        case dict() if secret:
            return {name: _hidden(inner, secret) for name, inner in value.items()}
        case dict():
            return hide_secrets(value)
        case list() | tuple():
            return [_hidden(inner, secret) for inner in value]
    return value
