"""What is stored of a session, between its bytes and the database: compressed, and encrypted with the project's key."""

import zlib
from typing import Final

from voxwire.errors import StorageError
from voxwire.storage.master_key import Cipher

#: The quickest: most of what is said twice stands close together.
_LEVEL: Final = 1


def header_place(session_id: str) -> str:
    """Where the header of a session is kept."""
    return f"session/{session_id}"


def chunk_place(session_id: str, number: int, column: str) -> str:
    """Where one column of a chunk is kept."""
    return f"session_chunk/{session_id}/{number}/{column}"


def seal(cipher: Cipher, plain: bytes, place: str) -> bytes:
    """Compress and encrypt."""
    return cipher.seal(zlib.compress(plain, _LEVEL), place)


def unseal(cipher: Cipher, sealed: bytes, place: str) -> bytes:
    """The same back. Raises StorageError."""
    try:
        return zlib.decompress(cipher.open(sealed, place))
    except zlib.error:
        raise StorageError("corrupt", f"What is stored at {place} cannot be read: it was changed.") from None
