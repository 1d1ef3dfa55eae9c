"""How much of the memory messages of clients may have."""

from pathlib import Path
from typing import Final

from voxwire.available_memory import available

#: Share of the memory that messages of clients may take, and how little is too little: 16 of the largest.
_SHARE: Final = 4
_LEAST_BYTES: Final = 512 * 1024 * 1024


def message_memory(root: Path = Path("/")) -> int:
    """Bytes for messages that are unfinished or wait: a quarter of the memory, at least 512 MiB."""
    return max(_LEAST_BYTES, available(root) // _SHARE)
