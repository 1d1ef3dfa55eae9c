"""Engines by name, found through entry points, so that a package of its own can add one.

An entry point of the groups `voxwire.engines.stt`, `.llm`, `.tts`, `.vad` and `.turn` names a function that takes the
options of the deployment (a mapping) and returns the engine. It is imported only when asked for, so
an engine whose libraries are missing does not disturb the others.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution, entry_points
from typing import Any, Final, Literal, cast, get_args, overload

from voxwire.errors import ConfigurationError, PackagesMissing
from voxwire.interfaces.engine import ENGINE_TITLES, EngineKind
from voxwire.interfaces.llm import LlmEngine
from voxwire.interfaces.stt import SttEngine
from voxwire.interfaces.tts import TtsEngine
from voxwire.interfaces.turn import TurnEngine
from voxwire.interfaces.vad import VadEngine

KINDS: Final[tuple[EngineKind, ...]] = get_args(EngineKind)
AnyEngine = VadEngine | SttEngine | LlmEngine | TtsEngine | TurnEngine

_GROUP: Final = "voxwire.engines."


def names(kind: EngineKind) -> tuple[str, ...]:
    """Every engine of this kind that some installed package offers, sorted; it may lack its libraries."""
    return tuple(sorted({point.name for point in entry_points(group=_GROUP + kind)}))


@overload
def load(kind: Literal["stt"], name: str, options: Mapping[str, Any]) -> SttEngine: ...
@overload
def load(kind: Literal["llm"], name: str, options: Mapping[str, Any]) -> LlmEngine: ...
@overload
def load(kind: Literal["tts"], name: str, options: Mapping[str, Any]) -> TtsEngine: ...
@overload
def load(kind: Literal["vad"], name: str, options: Mapping[str, Any]) -> VadEngine: ...
@overload
def load(kind: Literal["turn"], name: str, options: Mapping[str, Any]) -> TurnEngine: ...
def load(kind: EngineKind, name: str, options: Mapping[str, Any]) -> AnyEngine:
    """Make an engine; it is not started yet.

    Raises ConfigurationError for a name that nobody offers, for a missing library, with what to
    install, and for options that the engine refuses.
    """
    try:
        return make(kind, name, options)
    except ImportError as error:
        raise _missing(kind, _find(kind, name), error) from error


def make(kind: EngineKind, name: str, options: Mapping[str, Any]) -> AnyEngine:
    """The same, for who asks only about the options: a library that is missing here is an ImportError."""
    return cast("AnyEngine", _find(kind, name).load()(options))


def _find(kind: EngineKind, name: str) -> EntryPoint:
    for point in entry_points(group=_GROUP + kind, name=name):
        return point
    offered = ", ".join(repr(other) for other in names(kind)) or "none"
    raise ConfigurationError(f"There is no {ENGINE_TITLES[kind]} named {name!r}. Installed: {offered}.")


def _missing(kind: EngineKind, point: EntryPoint, error: ImportError) -> ConfigurationError:
    what = f"The {ENGINE_TITLES[kind]} {point.name!r} cannot be used here"
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ConfigurationError(f"{what}: {error}.")
    package = error.name.partition(".")[0]
    what = f"{what}: the package {package!r} is missing."
    extra = _extra_with(point.dist, package, point.name) if point.dist else None
    if point.dist and extra:
        return PackagesMissing((what,), {point.dist.name: (extra,)})
    return PackagesMissing((what,), {package: ()})


def missing_packages() -> dict[tuple[EngineKind, str], str | None]:
    """What each engine lacks by the list of installed packages, and what to type; None where nothing is known to be
    missing. Nothing is imported."""
    extras_of = cache(_extras)
    installed = cache(_installed)

    def lack(point: EntryPoint) -> str | None:
        extras = extras_of(point.dist) if point.dist else {}
        named = {package for found in extras.values() for package in found if package == point.name}
        lacking = sorted(package for package in extras.get(point.name) or named if not installed(package))
        if point.dist is None or not lacking:
            return None
        extra = _extra_with(point.dist, lacking[0], point.name)
        return f"Not installed: {', '.join(lacking)}. Type: pip install '{point.dist.name}[{extra}]'"

    return {(kind, point.name): lack(point) for kind in KINDS for point in entry_points(group=_GROUP + kind)}


def _installed(package: str) -> bool:
    try:
        distribution(package)
    except PackageNotFoundError:
        return False
    return True


def _extra_with(distribution: Distribution, package: str, engine: str) -> str | None:
    """The extra of a distribution that brings a package: that of the engine's name, else the smallest with it."""
    extras = _extras(distribution)
    if engine in extras:  # whatever its packages are called: not all have the name that they are imported by
        return engine
    with_it = [extra for extra, packages in extras.items() if _normal(package) in packages]
    return min(with_it, key=lambda extra: len(extras[extra]), default=None)


def _extras(distribution: Distribution) -> dict[str, set[str]]:
    """The packages of each extra, apart from those of the distribution itself."""
    extras: dict[str, set[str]] = {}
    for requirement in distribution.requires or ():
        name = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"""extra\s*==\s*["']([^"']+)""", requirement)
        if name and extra and _normal(name[0]) != _normal(distribution.name):
            extras.setdefault(extra[1], set()).add(_normal(name[0]))
    return extras


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
