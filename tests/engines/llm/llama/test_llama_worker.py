"""What the child makes llama.cpp's server with; the library is replaced by one that only takes notes."""

import os
import sys
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from voxwire.engines.llm.llama.worker import LlamaSettings, _serve

SETTINGS = LlamaSettings(
    path="/models/m.gguf",
    name="m",
    template="",
    context_tokens=1_000,
    parallel=3,
    threads=2,
    gpu_layers=-1,
    cache_mib=64,
    needs_bytes=1,
)


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """`made` are the parameters, `waits` how threads were told to wait by then."""
    noted = SimpleNamespace(waits=None, made=None)

    def parameters() -> Any:
        noted.waits = os.environ.get("OMP_WAIT_POLICY")
        return SimpleNamespace(model=SimpleNamespace(), cpuparams=SimpleNamespace(), cpuparams_batch=SimpleNamespace())

    def server(made: Any) -> Any:
        noted.made = made
        return SimpleNamespace(listening_address="http://127.0.0.1:1")

    cpu = SimpleNamespace(GGML_BACKEND_DEVICE_TYPE_CPU="cpu")
    noted.xllamacpp = SimpleNamespace(
        CommonParams=parameters, Server=server, ggml_backend_dev_type=cpu, get_device_info=lambda: [{"type": "cpu"}]
    )
    monkeypatch.setitem(sys.modules, "xllamacpp", noted.xllamacpp)
    monkeypatch.setattr(os, "environ", os.environ.copy())
    return noted


def test_threads_sleep_while_they_wait(library: SimpleNamespace) -> None:
    """Spinning took ten times the processor on two cores that others used, and was ten times as slow."""
    _serve(SETTINGS, "key")
    assert library.waits == "passive"


def test_the_loopback_a_key_and_room_for_all(library: SimpleNamespace) -> None:
    _serve(SETTINGS, "key")
    made = library.made
    assert (made.hostnames, made.port, made.api_keys, made.ui) == (["127.0.0.1"], 0, ["key"], False)
    assert (made.n_parallel, made.n_ctx, made.cache_ram_mib) == (3, 3_000, 64)
    assert made.cpuparams.n_threads == made.cpuparams_batch.n_threads == 2
    assert made.verbosity <= 1, "more repeats what was said"


def test_a_graphics_card_has_memory_of_its_own(library: SimpleNamespace) -> None:
    library.xllamacpp.get_device_info = lambda: [{"type": "gpu"}]
    _serve(msgspec.structs.replace(SETTINGS, needs_bytes=1 << 60), "key")
    assert library.made is not None
