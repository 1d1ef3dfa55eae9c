"""The `onnx-asr` engine and its options."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from voxwire.engines.declared_options import declared, require
from voxwire.engines.stt.native.engine import NativeOptions, NativeStt
from voxwire.interfaces.engine import EngineInfo


class OnnxAsrOptions(NativeOptions):
    """See `docs/engines/onnx-asr.md`."""

    kind: str | None = None
    """What the library calls the type of the model. None: what `config.json` in the folder says."""
    device: Literal["cpu", "cuda", "coreml"] = "cpu"
    partial_s: Annotated[float, Field(ge=0.1, le=10)] = 0.5
    """Audio between two readings while somebody speaks."""


def engine(options: Mapping[str, Any]) -> NativeStt:
    """The engine. Raises ConfigurationError, and ModuleNotFoundError when the library is not installed."""
    chosen = declared("onnx-asr", OnnxAsrOptions, options)
    require("onnx_asr", "onnxruntime")
    return NativeStt(
        EngineInfo(name="onnx-asr", label=f"onnx-asr with {chosen.model_name}", licence="MIT; the model its own"),
        "voxwire.engines.stt.onnx_asr.worker:service",
        chosen,
        library={"kind": chosen.kind, "device": chosen.device, "partial_s": chosen.partial_s},
    )
