"""The names that operators give: of deployments, aliases, keys, prompts. ASCII only, so that no two look alike, and
nothing in them means something to a path, a header, a query or a shell."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator, WithJsonSchema

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


def checked_name(name: str) -> str:
    """The name as it is. Raises ValueError, which does not repeat it, for one that is none."""
    if not _NAME.fullmatch(name):
        raise ValueError(
            "a name has 1 to 64 characters: letters and digits of ASCII, and after the first also `.`, `_` and `-`"
        )
    return name


ResourceName = Annotated[
    str,
    AfterValidator(checked_name),
    WithJsonSchema({"type": "string", "pattern": f"^{_NAME.pattern}$"}),
]
"""A field that holds a name."""
