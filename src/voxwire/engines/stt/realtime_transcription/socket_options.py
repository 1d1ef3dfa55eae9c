"""What an operator can set for the `realtime-transcription` engine."""

import os
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pydantic import Field

from voxwire.engines.declared_options import declared
from voxwire.engines.remote.endpoint_options import EndpointOptions
from voxwire.errors import ConfigurationError

_SECRET: Final = re.compile(r"key|token|secret|password|sig", re.IGNORECASE)
#: The rate that each dialect expects, samples a second.
_RATES: Final = {"ga": 24_000, "vllm": 16_000}


class SocketOptions(EndpointOptions):
    """See `docs/engines/realtime-transcription.md` for each of them."""

    SCHEMES: ClassVar[tuple[str, ...]] = ("ws", "wss", "http", "https")
    ENDING: ClassVar[str] = ""
    EXAMPLE: ClassVar[str] = "ws://127.0.0.1:8000/v1"
    KEY_VARIABLE: ClassVar[str] = "VOXWIRE_STT_API_KEY"

    model: str
    dialect: Literal["ga", "vllm"] = "ga"
    """`ga`: transcription sessions of the Realtime API. `vllm`: the socket of vLLM."""
    rate: Literal[16_000, 24_000] | None = None
    """Samples a second of what is sent. None: 24 kHz in `ga`, 16 kHz in `vllm`."""
    languages: tuple[str, ...] = ()
    """ISO-639-1 codes that the model understands. Empty: the endpoint is asked for whatever a session wants."""
    logprobs: bool = False
    """Ask for the probabilities of tokens, where somebody reads them; `ga` alone has them."""
    word_times: bool = False
    """Ask for the times of words, where somebody reads them; another Voxwire alone has them."""
    parallel: Annotated[int, Field(ge=1)] = 32
    """Sockets at a time; further utterances wait in turn."""
    timeout_s: Annotated[float, Field(gt=0, le=86_400)] = 20.0
    """From the end of the audio to the words, and from one piece of them to the next."""
    check: bool = True
    """Open a socket at the start."""

    @classmethod
    def _takes_a_query(cls) -> bool:
        return True

    @property
    def samples_a_second(self) -> int:
        return self.rate or _RATES[self.dialect]

    @property
    def url(self) -> str:
        """The address of the socket."""
        parts = urlsplit(self.base_url)
        scheme = {"http": "ws", "https": "wss"}.get(parts.scheme, parts.scheme)
        path = parts.path if parts.path.rstrip("/").endswith("/realtime") else f"{parts.path.rstrip('/')}/realtime"
        query = parse_qsl(parts.query, keep_blank_values=True)
        if self.dialect == "ga" and not {"intent", "model", "deployment"} & {name for name, _ in query}:
            query.append(("intent", "transcription"))
        return urlunsplit((scheme, parts.netloc, path, urlencode(query), ""))


def read_socket_options(options: Mapping[str, Any]) -> SocketOptions:
    """Check the options. Raises ConfigurationError with one sentence, which never repeats a value."""
    given = dict(options)
    given.setdefault("api_key", os.environ.get(SocketOptions.KEY_VARIABLE))
    chosen = declared("realtime-transcription", SocketOptions, given)
    if any(_SECRET.search(name) for name, _ in parse_qsl(urlsplit(chosen.base_url).query)):
        raise ConfigurationError(
            f"realtime-transcription: base_url must not carry a key; set {SocketOptions.KEY_VARIABLE} instead."
        )
    return chosen
