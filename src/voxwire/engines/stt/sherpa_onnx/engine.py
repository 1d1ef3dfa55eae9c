"""The `sherpa-onnx` engine and its options."""

from collections.abc import Mapping
from typing import Any, Literal

from voxwire.engines.declared_options import declared, require
from voxwire.engines.stt.native.engine import NativeOptions, NativeStt
from voxwire.interfaces.engine import EngineInfo


class SherpaOptions(NativeOptions):
    """See `docs/engines/sherpa-onnx.md`."""

    precision: Literal["int8", "float"] = "int8"
    """Which of the files is taken, where a folder has both."""
    device: Literal["cpu", "cuda", "coreml"] = "cpu"
    decoding: Literal["greedy_search", "modified_beam_search"] = "greedy_search"
    """The second is slower and listens for the phrases and the prompt of the session. Transducers alone have it."""


def engine(options: Mapping[str, Any]) -> NativeStt:
    """The engine. Raises ConfigurationError, and ModuleNotFoundError when the library is not installed."""
    chosen = declared("sherpa-onnx", SherpaOptions, options)
    require("sherpa_onnx")
    return NativeStt(
        EngineInfo(
            name="sherpa-onnx", label=f"sherpa-onnx with {chosen.model_name}", licence="Apache-2.0; the model its own"
        ),
        "voxwire.engines.stt.sherpa_onnx.worker:service",
        chosen,
        library={"precision": chosen.precision, "device": chosen.device, "decoding": chosen.decoding},
    )
