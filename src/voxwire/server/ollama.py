"""A running Ollama: where it is, which of its models answers, and what that can do."""

import os
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2

from voxwire.errors import ConfigurationError

_PORT: Final = 11434
#: It answers at once, or something is wrong.
_PATIENCE_S: Final = 5.0
#: Capabilities in Ollama's words, and in ours.
_CAN: Final = {"tools": "calls functions", "vision": "sees pictures", "thinking": "thinks"}


@dataclass(frozen=True)
class Ollama:
    """What was found. `speaks`: it has an address for speech, too; `others` are further models that answer."""

    address: str
    model: str
    can: tuple[str, ...]
    others: tuple[str, ...]
    speaks: bool

    @property
    def options(self) -> dict[str, Any]:
        """For the engine `chat`."""
        return {"base_url": f"{self.address}/v1", "model": self.model, "images": "vision" in self.can}

    def __str__(self) -> str:
        can = ", ".join(_CAN[one] for one in self.can if one in _CAN) or "writes text"
        more = f" It has {', '.join(self.others)}, too: choose with --model." if self.others else ""
        speech = " It can speak, too: see docs/engines/speech.md." if self.speaks else ""
        return f"Ollama at {self.address} answers with {self.model} ({can}).{more}{speech}"


def find_ollama(model: str | None = None) -> Ollama:
    """Ask the Ollama of this machine, or that of `OLLAMA_HOST`. `model` None: the first one that can write.

    Raises ConfigurationError, with the command that mends it.
    """
    address = ollama_address()
    try:
        with httpx2.Client(base_url=address, timeout=_PATIENCE_S) as client:
            listed = [str(one["name"]) for one in client.get("/api/tags").raise_for_status().json()["models"]]
            found = {name: _capabilities(client, name) for name in listed if model in (None, name, name.split(":")[0])}
            speaks = client.post("/v1/audio/speech", json={}).status_code not in (404, 405)
    except (httpx2.HTTPError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"The profile ollama finds no Ollama at {address} ({type(error).__name__}). Start it with: ollama serve. "
            "If it is elsewhere, OLLAMA_HOST says where."
        ) from None
    writers = [name for name, can in found.items() if "completion" in can]
    if not writers:
        wanted = model or "llama3.2"
        raise ConfigurationError(f"Ollama has no model {wanted} that writes. Fetch one with: ollama pull {wanted}")
    return Ollama(address, writers[0], found[writers[0]], tuple(writers[1:]), speaks)


def ollama_address() -> str:
    """The address that `OLLAMA_HOST` means, which may leave out each part of it. Raises ConfigurationError."""
    host = os.environ.get("OLLAMA_HOST", "").strip()
    try:
        parts = urlsplit(host if "://" in host else f"//{host}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        raise ConfigurationError("OLLAMA_HOST is no address such as 127.0.0.1:11434.") from None
    if name in ("", "0.0.0.0", "::"):  # where it listens everywhere, it is here
        name = "127.0.0.1"
    usual = {"https": 443, "http": 80}.get(parts.scheme, _PORT)
    return f"{parts.scheme or 'http'}://{f'[{name}]' if ':' in name else name}:{port or usual}"


def _capabilities(client: httpx2.Client, name: str) -> tuple[str, ...]:
    """What a model can do. Old versions do not say it; then it writes, unless its name says that it embeds."""
    answer = client.post("/api/show", json={"model": name}).raise_for_status().json()
    said = answer.get("capabilities")
    if isinstance(said, list):
        return tuple(map(str, said))
    return () if "embed" in name else ("completion",)
