"""Keys of engines that stand in the environment of the server go where the operator has them go.

An engine with an address and no `api_key` takes the key of the environment (`VOXWIRE_LLM_API_KEY` and the like). Who
may make deployments, but no keys, could so have it sent to themselves: where they name an address that the settings
file does not, the engine is written with a key of its own, or with none.
"""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from voxwire.config import DeploymentSettings, EngineSettings, Settings, addresses
from voxwire.server.profiles import Stages


def trusted_addresses(settings: Settings, stored: DeploymentSettings) -> frozenset[str]:
    """Addresses that may have keys of the environment: those of the settings file, and of a stored deployment those
    that have them already."""
    tables = (*settings.deployments.values(), *settings.profiles.values())
    file = [settings.llm, settings.turn, *(engine for table in tables for engine in _engines(table))]
    kept = (one for one in _engines(stored) if "api_key" not in one.options)
    return addresses([one.options for one in (*file, *kept) if one is not None])


def with_keys_of_its_own(settings: DeploymentSettings, stages: Stages, trusted: frozenset[str]) -> DeploymentSettings:
    """The settings of a deployment, so that its engines at other addresses take no key of the environment; `stages`
    are all of its engines."""
    llm_key = settings.llm.options.get("api_key", "") if settings.llm else ""
    own: dict[str, Any] = {}
    for kind, engine in stages.items():
        named: EngineSettings | None = getattr(settings, kind)
        if named is not None:
            marked = _with_key(named, trusted)
        elif not addresses(engine.options) <= trusted:  # a profile has made it of the address of the language engine
            marked = engine.model_copy(update={"options": {**engine.options, "api_key": llm_key}})
        else:
            continue
        if marked != named:
            own[kind] = marked
    return settings.model_copy(update=own) if own else settings


def _with_key(engine: EngineSettings, trusted: frozenset[str]) -> EngineSettings:
    """With an empty key where it has none and another address."""
    update: dict[str, Any] = {"otherwise": tuple(_with_key(other, trusted) for other in engine.otherwise)}
    if not addresses(engine.options) <= trusted:
        update["options"] = {"api_key": "", **engine.options}
    return engine.model_copy(update=update)


def _engines(table: BaseModel) -> Iterator[EngineSettings]:
    for kind in ("stt", "llm", "tts", "turn"):
        engine: EngineSettings | None = getattr(table, kind)
        if engine is not None:
            yield engine
            yield from engine.otherwise
