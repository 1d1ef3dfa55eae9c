"""The folder of models on this machine: one folder for each, whole and verified, or not there.

A stamp beside the files says which content was verified, and how the files looked then (size, time). A model whose
files look the same is not read again, so that a server starts at once.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

import msgspec

from voxwire.catalogue.entry import CatalogueEntry, ModelFile

#: Where models lie, if not in the cache of the user.
STORE_VARIABLE: Final = "VOXWIRE_MODELS"
_STAMP: Final = ".voxwire.json"


class _Seen(msgspec.Struct, frozen=True):
    """A file as it was verified: its hash, and what would change if somebody changed it."""

    sha256: str
    size: int
    modified_ns: int


class Store:
    """Models below a folder. `root` None: that of `VOXWIRE_MODELS`, or `~/.cache/voxwire/models`."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or _default_root()

    def folder(self, name: str) -> Path:
        """Where a model of this name lies, or would lie."""
        return self.root / name

    def has(self, entry: CatalogueEntry) -> bool:
        """Whether the model is there, whole and as the catalogue says. Reads files that have changed since, and all
        of them the first time."""
        folder = self.folder(entry.name)
        stamp = _read_stamp(folder)
        if all(_unchanged(folder, file, stamp.get(file.name)) for file in entry.files):
            return True
        if not all(matches(folder / file.name, file) for file in entry.files):
            return False
        self.stamp(entry, folder)
        return True

    def unfinished(self, name: str) -> Path:
        """Where a model of this name is put together, on the same disk."""
        return self.root / ".unfinished" / name

    def install(self, entry: CatalogueEntry, files: Path) -> None:
        """Move the verified files of a model to its place; what was there before goes. Raises OSError."""
        self.stamp(entry, files)
        place, old = self.folder(entry.name), files.with_name("old")
        if place.exists():
            place.replace(old)
        files.replace(place)
        shutil.rmtree(old, ignore_errors=True)

    def remove(self, name: str) -> bool:
        """Delete a model, and what has come of one that is not whole. Whether there was anything. Raises OSError."""
        places = [place for place in (self.folder(name), self.unfinished(name)) if place.exists()]
        for place in places:
            shutil.rmtree(place)
        return bool(places)

    def others(self, known: Collection[str]) -> tuple[str, ...]:
        """Names of the models here that are not among the known ones: of a catalogue of before, or of another user."""
        if not self.root.is_dir():
            return ()
        return tuple(sorted({folder.parent.name for folder in self.root.glob(f"*/{_STAMP}")} - set(known)))

    @contextlib.contextmanager
    def alone(self, name: str, waiting: Callable[[], None]) -> Iterator[None]:
        """Nobody else of this machine fetches or removes the model meanwhile. `waiting` is called where somebody does,
        and has to end first. The lock ends with its process, however that ends. Raises OSError."""
        place = self.unfinished(name)
        place.parent.mkdir(parents=True, exist_ok=True)
        with place.with_name(f"{name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                waiting()
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def stamp(self, entry: CatalogueEntry, folder: Path) -> None:
        """Note that the files in `folder` were verified. Where that cannot be written, they are read again later."""
        seen = {file.name: _look(folder / file.name, file.sha256) for file in entry.files}
        try:
            (folder / _STAMP).write_bytes(msgspec.json.encode(seen))
        except PermissionError:
            return


def matches(path: Path, file: ModelFile) -> bool:
    """Whether a file on disk has this content. Reads it, if its size is right."""
    try:
        if path.stat().st_size != file.size:
            return False
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest() == file.sha256
    except OSError:
        return False


def _default_root() -> Path:
    if given := os.environ.get(STORE_VARIABLE):
        return Path(given).expanduser()
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "voxwire" / "models"


def _read_stamp(folder: Path) -> dict[str, _Seen]:
    try:
        return msgspec.json.decode((folder / _STAMP).read_bytes(), type=dict[str, _Seen])
    except (OSError, msgspec.MsgspecError):
        return {}


def _look(path: Path, sha256: str) -> _Seen:
    status = path.stat()
    return _Seen(sha256=sha256, size=status.st_size, modified_ns=status.st_mtime_ns)


def _unchanged(folder: Path, file: ModelFile, seen: _Seen | None) -> bool:
    try:
        return seen is not None and seen == _look(folder / file.name, file.sha256)
    except OSError:
        return False
