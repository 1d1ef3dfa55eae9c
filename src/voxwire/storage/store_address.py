"""Where the database is, as the settings say it."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit, urlunsplit

from voxwire.config import StorageSettings


@dataclass(frozen=True, slots=True)
class StoreAddress:
    """A database: an SQLite `file`, or a PostgreSQL `url`. `shown` has no secret in it and may be printed."""

    shown: str
    file: Path | None = None
    url: str = ""
    """As SQLAlchemy wants it. It may hold a password."""

    def __repr__(self) -> str:
        return f"StoreAddress({self.shown!r})"


def store_address(settings: StorageSettings) -> StoreAddress:
    """The address that the settings name, or the user's own file."""
    if settings.url is None:
        return _file(data_folder() / "voxwire.db")
    url = settings.url.get_secret_value()
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return _file(Path(unquote(parts.path[1:])).expanduser())
    # libpq's word for it, which everybody's URLs have; asyncpg's is another.
    query = [("ssl" if name == "sslmode" else name, value) for name, value in parse_qsl(parts.query)]
    shown = f"postgresql://{parts.netloc.rpartition('@')[2]}{parts.path}"
    address = urlunsplit(("postgresql+asyncpg", parts.netloc, parts.path, urlencode(query), ""))
    return StoreAddress(shown, url=address)


def data_folder() -> Path:
    """Where this system keeps a user's data of Voxwire."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "voxwire"


def _file(file: Path) -> StoreAddress:
    file = file.absolute()
    return StoreAddress(str(file), file)
