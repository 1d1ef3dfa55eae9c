"""llama.cpp's own server, in a child process: a wrong model file ends the process that reads it.

Nothing is said over the worker's socket but where the server listens: answers go over HTTP. A stream stands for an
answer in the making, so that it ends when this process does.
"""

import os
import secrets
from typing import Any, Final

import msgspec

from voxwire.available_memory import available
from voxwire.engines.worker.child import Outlet
from voxwire.errors import ConfigurationError

_GIB: Final = 1024**3
#: What llama.cpp's log may say: errors alone, for with more it repeats what was said.
_ERRORS: Final = 1
#: Read when the library is loaded. Its threads wait for each other a thousand times a second. On two busy cores 24
#: tokens took 12 s of processor when they spun meanwhile, and 1 s when they slept. Where it ends the process, it would
#: look for a debugger for some seconds.
_ENVIRONMENT: Final = {"OMP_WAIT_POLICY": "passive", "GGML_NO_BACKTRACE": "1"}


class LlamaSettings(msgspec.Struct, kw_only=True):
    """What the server is made with. `context_tokens` are those of one place; `needs_bytes` is the memory for the model
    and for all places, about."""

    path: str
    name: str
    template: str
    context_tokens: int
    parallel: int
    threads: int
    gpu_layers: int
    cache_mib: int
    needs_bytes: int


class Served(msgspec.Struct):
    """Where the server listens, on the loopback, and the key that it asks for."""

    address: str
    key: str


class LlamaService:
    """Holds the server as long as the process lives."""

    requests: msgspec.msgpack.Decoder[Any] = msgspec.msgpack.Decoder()

    def __init__(self, options: dict[str, Any]) -> None:
        settings = msgspec.convert(options, LlamaSettings)
        self._key = secrets.token_urlsafe(32)
        self._server = _serve(settings, self._key)
        # What llama.cpp reports later may quote what somebody said.
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 1)
            os.dup2(nowhere.fileno(), 2)

    def describe(self) -> Served:
        return Served(address=self._server.listening_address, key=self._key)

    def open(self, outlet: Outlet) -> "HeldPlace":
        return HeldPlace()


class HeldPlace:
    """A stream's task, which has nothing to do."""

    def receive(self, request: Any) -> None: ...

    def close(self) -> None: ...


def _serve(settings: LlamaSettings, key: str) -> Any:
    """Load the model. Raises ConfigurationError; llama.cpp may end the process instead."""
    os.environ |= _ENVIRONMENT
    import xllamacpp

    if not _has_graphics_card(xllamacpp):
        _check_memory(settings)
    parameters = xllamacpp.CommonParams()
    parameters.model.path = settings.path
    parameters.model_alias = {settings.name}
    parameters.hostnames = ["127.0.0.1"]  # a list: `hostname` is silently no setting
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.ui = False
    parameters.verbosity = _ERRORS
    parameters.n_parallel = settings.parallel
    parameters.n_ctx = settings.context_tokens * settings.parallel
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = settings.threads
    parameters.n_gpu_layers = settings.gpu_layers
    parameters.cache_ram_mib = settings.cache_mib
    parameters.use_jinja = True
    if settings.template:
        parameters.chat_template = settings.template
    try:
        return xllamacpp.Server(parameters)
    except RuntimeError:
        raise ConfigurationError(
            f"llama.cpp cannot serve the model {settings.path}; its own words stand in the log above."
        ) from None


def _has_graphics_card(xllamacpp: Any) -> bool:
    cpu = xllamacpp.ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_CPU
    return any(device["type"] != cpu for device in xllamacpp.get_device_info())


def _check_memory(settings: LlamaSettings) -> None:
    """Raises ConfigurationError for a model that cannot fit: the system would read it from disk for every token."""
    there_is = available()
    if there_is and settings.needs_bytes > there_is:
        raise ConfigurationError(
            f"The model {settings.path} does not fit: with {settings.parallel} conversations of "
            f"{settings.context_tokens} tokens it needs {settings.needs_bytes / _GIB:.1f} GiB of memory, and there are "
            f"{there_is / _GIB:.1f}. Take a smaller one, or lower context_tokens or parallel."
        )
