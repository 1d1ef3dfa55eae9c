"""The models that deployments can be made of: profiles, models of the catalogue, engines that need no model."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from voxwire import __version__
from voxwire.catalogue import CatalogueEntry, Store, load_catalogue
from voxwire.config import BUILT_IN_PROFILES, DeploymentSettings, Settings
from voxwire.engines.registry import missing_packages
from voxwire.errors import ConfigurationError
from voxwire.interfaces.engine import EngineKind
from voxwire.server.profiles import Profiles

#: Engines that are models of somebody else, at an address.
_AT_AN_ADDRESS: Final = frozenset({"chat", "relay", "transcriptions", "realtime-transcription", "speech"})
#: Profiles of which a part is somewhere else.
_REMOTE_PROFILES: Final = frozenset({"remote", "relay"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """What a deployment may name as its `model`, or as an engine.

    `kind` is that of the engine that opens it, or `profile`: a set of engines. `runs` is where. `ready` None: that is
    known when it is tried. `why` says what is missing, and what to type.
    """

    id: str
    source: Literal["profile", "catalogue", "engine"]
    kind: EngineKind | Literal["profile"]
    version: str | None
    about: str | None = None
    engines: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    voices: tuple[str, ...] = ()
    licence: str | None = None
    bytes: int | None = None
    runs: Literal["here", "at an address"] = "here"
    ready: bool | None = None
    why: str | None = None


def all_models(settings: Settings) -> list[Model]:
    """All of them, by id. Reads files of models that were not read yet: for a thread. Raises ConfigurationError for an
    entry of the catalogue that cannot be read."""
    finder = _Finder(settings)
    return sorted([*finder.entries(), *finder.profiles(), *finder.engines()], key=lambda model: model.id)


class _Finder:
    """What there is, looked up once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._catalogue = load_catalogue()
        self._store = Store()
        self._lacks = missing_packages()

    def entries(self) -> Iterator[Model]:
        for entry in self._catalogue.values():
            why = self._why_not(entry)
            yield Model(
                id=entry.name,
                source="catalogue",
                kind=entry.kind,
                version=entry.version,
                about=entry.about,
                engines=entry.engines,
                languages=entry.languages,
                voices=entry.voices,
                licence=entry.licence,
                bytes=entry.size,
                ready=why is None,
                why=why,
            )

    def _why_not(self, entry: CatalogueEntry) -> str | None:
        """What keeps every engine from opening a model."""
        lacks = [self._lacks[entry.kind, one] for one in entry.engines if (entry.kind, one) in self._lacks]
        if not lacks:
            return f"None of its engines is installed: {', '.join(entry.engines)}."
        if None not in lacks:
            return lacks[0]
        return None if self._store.has(entry) else f"Not here yet. Type: voxwire models pull {entry.name}"

    def profiles(self) -> Iterator[Model]:
        profiles = Profiles(self._settings)
        for name in (*BUILT_IN_PROFILES, *self._settings.profiles):
            why = None
            engines: tuple[str, ...] = ()
            if name == "ollama":  # to look for one would ask the network
                yield Model(id=name, source="profile", kind="profile", version=__version__)
                continue
            try:
                stages = profiles.stages(DeploymentSettings(profile=name))
            except ConfigurationError as error:
                why = str(error)
            else:
                engines = tuple(dict.fromkeys(stage.name for stage in stages.values()))
                lacks = [self._lacks.get((kind, stage.name)) for kind, stage in stages.items()]
                wanted = [self._catalogue.get(str(stage.options.get("model"))) for stage in stages.values()]
                lacks += [self._why_not(entry) for entry in wanted if entry is not None]
                why = next((lack for lack in lacks if lack), None)
            yield Model(
                id=name,
                source="profile",
                kind="profile",
                version=__version__,
                engines=engines,
                runs="at an address" if name in _REMOTE_PROFILES else "here",
                ready=why is None,
                why=why,
            )

    def engines(self) -> Iterator[Model]:
        """Engines that need no model of the catalogue. `KIND.NAME`: a profile may have the same name."""
        opening = {engine for entry in self._catalogue.values() for engine in entry.engines}
        for (kind, name), why in self._lacks.items():
            if name not in opening and kind != "vad":
                yield Model(
                    id=f"{kind}.{name}",
                    source="engine",
                    kind=kind,
                    version=None,
                    engines=(name,),
                    runs="at an address" if name in _AT_AN_ADDRESS else "here",
                    ready=False if why else None,
                    why=why,
                )
