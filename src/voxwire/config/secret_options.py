"""Secrets among the options of engines: hidden wherever they stand, so that no log or error can show one."""

import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any, Final

from pydantic import SecretStr

#: Names under which a text is a secret: `api_key`, `accessToken`, `X-Api-Key`, `password`, `Authorization`.
_SECRET: Final = re.compile(
    r"(?:(?:^|[^a-zA-Z0-9])(?i:key|apikey|token|secret|password|passphrase|credential|authorization|cookie)"
    r"|[a-z0-9](?:Key|Token|Secret|Password|Passphrase|Credential))s?$"
)
#: Names under which stands where something is sent. Whatever has `//` in it does so under any name.
_ADDRESS: Final = re.compile(r"(?i)(?:url|uri|host|address|endpoint|server|proxy|port)s?$")
#: `http://user:password@host`, `http://host?api-key=secret`.
_KEY_IN_ADDRESS: Final = re.compile(
    r"(?i)^\s*[a-z][a-z0-9+.-]*://(?:[^/?#]*@|[^#]*[?&](?:[a-z0-9_.-]*[_.-])?(?:key|apikey|token|secret|password)=)"
)
#: Where a secret was, in what is stored.
_PLACE: Final = "$secret"
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


#: What stands in an answer in place of a secret: pydantic's own.
MASK: Final = str(SecretStr("hidden"))


def take_secrets(value: Any) -> tuple[Any, list[str]]:
    """A value as JSON can have it, each secret replaced by its number, and the secrets in the order of these."""
    taken: list[str] = []

    def take(part: Any) -> Any:
        match part:
            case SecretStr():
                taken.append(part.get_secret_value())
                return {_PLACE: len(taken) - 1}
            case dict():
                return {name: take(inner) for name, inner in part.items()}
            case list() | tuple():
                return [take(inner) for inner in part]
        return part

    return take(value), taken


def put_secrets(value: Any, secrets: Sequence[str]) -> Any:
    """The reverse of `take_secrets`."""
    match value:
        case dict() if value.keys() == {_PLACE}:
            return SecretStr(secrets[value[_PLACE]])
        case dict():
            return {name: put_secrets(inner, secrets) for name, inner in value.items()}
        case list():
            return [put_secrets(inner, secrets) for inner in value]
    return value


def check_addresses(value: Any) -> None:
    """Raises ValueError, which does not repeat it, for an address with a user, a password or a key in it, at any depth:
    addresses are shown."""
    match value:
        case dict():
            for inner in value.values():
                check_addresses(inner)
        case list() | tuple():
            for inner in value:
                check_addresses(inner)
        case str() if _KEY_IN_ADDRESS.search(value):
            raise ValueError("an address must not carry a key or a password; set api_key instead")


def addresses(value: Any) -> frozenset[str]:
    """Where something may be sent by these options, at any depth."""
    match value:
        case dict():
            named = (f"{name}={inner}" for name, inner in value.items() if _ADDRESS.search(name) and inner is not None)
            return frozenset(named).union(*map(addresses, value.values()))
        case list() | tuple():
            return frozenset().union(*map(addresses, value))
        case str() if "//" in value:
            return frozenset({value.strip()})
    return frozenset()


def _masked(value: Any) -> bool:
    """Whether a secret in it is only its mask."""
    match value:
        case SecretStr():
            return value.get_secret_value() == MASK
        case dict():
            return any(map(_masked, value.values()))
        case list() | tuple():
            return any(map(_masked, value))
    return False


def unmask(value: Any, before: Any) -> Any:
    """A value that somebody was shown and sends back: each secret that is only its mask is the one of before.

    Raises ValueError where a table has an address that it had not before, and only the mask of a secret: whoever may
    change the address could have the secret sent to themselves.
    """
    if isinstance(value, dict) and isinstance(before, dict) and "options" in value:
        options = value["options"]
        if _masked(options) and not addresses(options) <= addresses(before.get("options")):
            raise ValueError("with another address, an engine needs its secrets anew: its mask stands for none")
    match value:
        case SecretStr() if value.get_secret_value() == MASK and isinstance(before, SecretStr):
            return before
        case dict() if isinstance(before, dict):
            return {name: unmask(inner, before.get(name)) for name, inner in value.items()}
        case list() | tuple() if isinstance(before, list | tuple):
            return [unmask(inner, old) for inner, old in zip_longest(value, before[: len(value)])]
    return value
