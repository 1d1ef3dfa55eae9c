"""How an ephemeral key is known at first sight."""

from typing import Final

EPHEMERAL_PREFIX: Final = "ek_"
