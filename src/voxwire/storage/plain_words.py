"""What can be wrong with a database, in plain words: errors of drivers become `StorageError`."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from voxwire.errors import StorageError, StorageTrouble
from voxwire.storage.store_address import StoreAddress

_LOCKED = "Another program holds a lock on it; end that program, or try again later."
_FULL = "There is no room left on its disk; make some. Nothing was stored."
_CORRUPT = (
    "It is damaged, or no database; it was left as it is. Put a backup in its place, or move the file away to begin "
    "with an empty one (docs/storage.md)."
)
_NO_ACCESS = "This user may not read and write it; check the owner and mode of the file and its folder."

#: By SQLite's primary result codes (sqlite.org/rescode.html).
_SQLITE: dict[int, tuple[StorageTrouble, str]] = {
    sqlite3.SQLITE_PERM: ("refused", _NO_ACCESS),
    sqlite3.SQLITE_BUSY: ("locked", _LOCKED),
    sqlite3.SQLITE_LOCKED: ("locked", _LOCKED),
    sqlite3.SQLITE_READONLY: ("refused", _NO_ACCESS),
    sqlite3.SQLITE_IOERR: ("full", "Its disk fails, or is full; look at the disk."),
    sqlite3.SQLITE_CORRUPT: ("corrupt", _CORRUPT),
    sqlite3.SQLITE_FULL: ("full", _FULL),
    sqlite3.SQLITE_CANTOPEN: ("refused", _NO_ACCESS),
    sqlite3.SQLITE_NOTADB: ("corrupt", _CORRUPT),
}

_UNREACHABLE = "The server does not answer; check that it runs, and the address in storage.url."
#: By beginnings of SQLSTATE codes (PostgreSQL's manual, appendix A).
_POSTGRESQL: dict[str, tuple[StorageTrouble, str]] = {
    "08": ("unreachable", _UNREACHABLE),
    "28": ("refused", "The server refuses the user or the password in storage.url."),
    "3D": ("refused", "The server has no database of this name; make it with createdb."),
    "42501": ("refused", "The user in storage.url may not do this; make it the owner of the database."),
    "53100": ("full", _FULL),
    "53": ("unreachable", "The server has no connection or memory left for us."),
    "55P03": ("locked", _LOCKED),
    "57": ("unreachable", "The server is going down or starting."),
}


@contextmanager
def in_plain_words(address: StoreAddress) -> Iterator[None]:
    """Errors of the database, raised in this block, as StorageError. A broken constraint (`IntegrityError`) is not
    one: who asks for something knows what that means."""
    try:
        yield
    except IntegrityError:
        raise
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        # From None: drivers repeat values.
        raise storage_error(address, error) from None


def storage_error(address: StoreAddress, error: Exception) -> StorageError:
    """The same, where it is no exception of a block."""
    trouble, advice = _understood(address, error)
    return StorageError(trouble, f"The database {address.shown} cannot be used. {advice}")


def _understood(address: StoreAddress, error: Exception) -> tuple[StorageTrouble, str]:
    for cause in _causes(error):
        code = getattr(cause, "sqlite_errorcode", None)
        if code == sqlite3.SQLITE_CANTOPEN and address.file is not None and os.path.isdir(address.file):
            return "refused", "It is a folder; name a file in it."
        if isinstance(code, int) and code & 0xFF in _SQLITE:
            return _SQLITE[code & 0xFF]
        state = getattr(cause, "sqlstate", None)
        if isinstance(state, str):
            for length in (5, 2):
                if state[:length] in _POSTGRESQL:
                    return _POSTGRESQL[state[:length]]
        if isinstance(cause, OSError) and address.file is not None:
            return "refused", f"{cause.strerror or cause}."
        if isinstance(cause, OSError | TimeoutError):
            return "unreachable", _UNREACHABLE
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return "unreachable", _UNREACHABLE
    return "failed", f"This is a fault of ours ({type(error).__name__})."


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        inner = getattr(error, "orig", None)
        error = inner if isinstance(inner, BaseException) else error.__cause__
