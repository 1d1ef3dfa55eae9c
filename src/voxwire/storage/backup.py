"""A copy of an SQLite database that servers go on using meanwhile."""

import os
import sqlite3
from pathlib import Path

from voxwire.errors import StorageError
from voxwire.storage.store_address import StoreAddress


def back_up(address: StoreAddress, target: Path) -> None:
    """Write a copy to `target`, for its owner alone. A file that is there stays as it is. Blocks. Raises
    StorageError."""
    if address.file is None:
        raise StorageError("refused", f"{address.shown} is a PostgreSQL database: type pg_dump with its address.")
    if not address.file.exists():
        raise StorageError("refused", f"There is no database {address.shown}: nothing is stored yet.")
    try:
        os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        raise StorageError("refused", f"There is a file {target} already; name another one.") from None
    except OSError as error:
        raise StorageError("refused", f"Cannot write {target}: {error.strerror}.") from None
    source, copy = sqlite3.connect(address.file), sqlite3.connect(target)
    try:
        source.backup(copy)
    except sqlite3.Error as error:
        target.unlink()
        raise StorageError("failed", f"The database {address.shown} cannot be copied: {error}.") from None
    finally:
        copy.close()
        source.close()
