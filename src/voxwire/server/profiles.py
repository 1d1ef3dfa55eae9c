"""Profiles: which engines a deployment starts from. One word instead of a table for each stage.

What a deployment names itself comes first, then the `llm` and the `turn` of all deployments, then its profile. A
profile of the user's own (`[profiles.NAME]`) has what it names, and for the rest what the one has that it is `like`.
"""

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import SecretStr

from voxwire import __version__
from voxwire.catalogue import load_catalogue
from voxwire.config import DeploymentSettings, EngineSettings, Settings
from voxwire.errors import ConfigurationError
from voxwire.interfaces.engine import EngineKind
from voxwire.server.ollama import find_ollama, ollama_address

#: Of what was asked for: the version, the model, and the version that it has.
_OTHER_VERSION: Final = "The version {} of {} is not here: it is {}."

logger = logging.getLogger("voxwire.server")

Stages = dict[EngineKind, EngineSettings]

_KINDS: Final[tuple[EngineKind, ...]] = ("stt", "llm", "tts", "turn")


class Profiles:
    """The profiles of these settings. What is asked of others on the network, is asked once."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._built_in: Final[dict[str, Callable[[Stages], Stages]]] = {
            "embedded": _embedded,
            "laptop": _laptop,
            "gpu": _gpu,
            "ollama": self._ollama,
            "remote": _remote,
            "relay": _relay,
        }
        self._found: dict[str, Any] | None = None

    def stages(self, deployment: DeploymentSettings) -> Stages:
        """The engine of each stage of a deployment. Raises ConfigurationError where a profile lacks what it needs."""
        given: Stages = {}
        if self._settings.llm:
            given["llm"] = self._settings.llm
        if self._settings.turn:
            given["turn"] = self._settings.turn
        given |= _named(deployment)
        if deployment.model is not None and not self.is_profile(deployment.model):
            given |= _with_model(deployment.model, deployment.version, given)
        elif deployment.version not in (None, __version__):
            raise ConfigurationError(_OTHER_VERSION.format(deployment.version, deployment.model, __version__))
        return self._profile(self.name(deployment), given)

    def name(self, deployment: DeploymentSettings) -> str:
        """Which profile a deployment starts from."""
        chosen = deployment.model if deployment.model is not None and self.is_profile(deployment.model) else None
        return deployment.profile or chosen or self._settings.profile

    def is_profile(self, name: str) -> bool:
        """Whether there is a profile of this name."""
        return name in self._built_in or name in self._settings.profiles

    def _profile(self, name: str, given: Stages) -> Stages:
        if own := self._settings.profiles.get(name):
            return self._profile(own.like, _named(own) | given)
        return self._built_in[name](given)

    def _ollama(self, given: Stages) -> Stages:
        """An Ollama that runs here writes; ears and voice are those of a laptop."""
        llm = given.get("llm")
        if llm is None or (llm.name == "chat" and "base_url" not in llm.options):
            llm = llm or _engine("chat")
            if self._found is None:
                self._found = _ask_ollama(llm.options.get("model"))
            given = {**given, "llm": llm.model_copy(update={"options": llm.options | self._found})}
        return _laptop(given)


def _ask_ollama(model: str | None) -> dict[str, Any]:
    """What the language engine has to know. Where there is no Ollama yet, answers fail until there is one."""
    try:
        found = find_ollama(model)
    except ConfigurationError as error:
        logger.warning("%s", error)
        return {"base_url": f"{ollama_address()}/v1", "first_model": True}
    logger.info("%s", found)
    return found.options


def _with_model(model: str, version: str | None, given: Stages) -> Stages:
    """The stage that a model is for. Where the language engine is an address, the model is one there. Raises
    ConfigurationError for a model that is not in the catalogue, or is not of this version."""
    llm, entries = given.get("llm"), load_catalogue()
    if llm is not None and (model not in entries or llm.name not in entries[model].engines):
        if version is not None:
            raise ConfigurationError(f"The model {model!r} is at an address, and has no version: leave that out.")
        return {"llm": llm.model_copy(update={"options": {**llm.options, "model": model}})}
    entry = entries.find(model, nor=", and no such profile")
    if version not in (None, entry.version):
        raise ConfigurationError(_OTHER_VERSION.format(version, model, entry.version))
    named = given.get(entry.kind)
    if named is None:
        return {entry.kind: _engine(entry.engines[0], model=model)}
    if named.name not in entry.engines:
        raise ConfigurationError(f"The engine {named.name!r} cannot open {model}: {', '.join(entry.engines)} can.")
    return {entry.kind: named.model_copy(update={"options": {**named.options, "model": model}})}


def _named(stages: object) -> Stages:
    return {kind: engine for kind in _KINDS if (engine := getattr(stages, kind)) is not None}


def _engine(name: str, **options: Any) -> EngineSettings:
    return EngineSettings(name=name, options=options)


def _embedded(given: Stages) -> Stages:
    """Needs no download and no account, and is a demonstration."""
    return {"stt": _engine("pocketsphinx"), "llm": _engine("offline-assistant"), "tts": _engine("embedded"), **given}


def _laptop(given: Stages) -> Stages:
    """Ears and voice that two cores can follow. The model is the user's choice: rules answer until one is named."""
    return {
        "stt": _engine("whisper", model="whisper-tiny.en"),
        "llm": _engine("offline-assistant"),
        "tts": _engine("piper", model="piper-en-us-joe-medium"),
        "turn": _engine("smart-turn"),
        **given,
    }


def _gpu(given: Stages) -> Stages:
    """The same with larger models, of which the language model has most of the card."""
    return {
        "stt": _engine("whisper", model="whisper-large-v3-turbo", device="cuda"),
        "llm": _engine("llama", model="qwen3-4b"),
        "tts": _engine("kokoro", model="kokoro-82m"),
        "turn": _engine("smart-turn"),
        **given,
    }


def _remote(given: Stages) -> Stages:
    """One address for all three, as servers have it that speak the API of chat, transcriptions and speech. Its key is
    that of the language engine, unless a variable has another one for the stage."""
    llm = _needed("remote", given, "http://127.0.0.1:8000/v1")
    shared = {name: llm.options[name] for name in ("base_url", "api_key", "headers") if name in llm.options}
    if "api_key" not in shared and (key := os.environ.get("VOXWIRE_LLM_API_KEY")):
        shared["api_key"] = SecretStr(key)

    def stage(name: str, model: str, variable: str) -> EngineSettings:
        own_key = {"api_key": SecretStr(os.environ[variable])} if os.environ.get(variable) else {}
        return _engine(name, model=model, **shared | own_key)

    return {
        "stt": stage("transcriptions", "whisper-1", "VOXWIRE_STT_API_KEY"),
        "tts": stage("speech", "tts-1", "VOXWIRE_TTS_API_KEY"),
        **given,
    }


def _relay(given: Stages) -> Stages:
    """A whole Realtime service that hears and speaks; the other stages serve transcripts and greetings."""
    llm = _needed("relay", given, "wss://api.openai.com/v1/realtime")
    if llm.name == "chat":  # `--llm` is an address, and says nothing of the engine
        options = {"url" if name == "base_url" else name: value for name, value in llm.options.items()}
        given = {**given, "llm": llm.model_copy(update={"name": "relay", "options": options})}
    return _embedded(given)


def _needed(profile: str, given: Mapping[EngineKind, EngineSettings], example: str) -> EngineSettings:
    """The language engine that the settings name. Raises ConfigurationError."""
    if "llm" not in given:
        raise ConfigurationError(
            f"The profile {profile} needs an address: set llm.base_url, or type: "
            f"voxwire serve --profile {profile} --llm {example}"
        )
    return given["llm"]


def answering_model(settings: Settings, deployment: DeploymentSettings) -> str:
    """What answers, in one word: the model of a deployment, that of its language engine, or its profile."""
    llm = deployment.llm or settings.llm
    if deployment.model is None and llm is not None:
        return str(llm.options.get("model") or llm.options.get("base_url") or llm.name)
    return deployment.model or deployment.profile or settings.profile
