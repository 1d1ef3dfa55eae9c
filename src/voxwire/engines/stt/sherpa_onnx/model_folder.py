"""Which files of a model's folder are which part. The library ends its process over a file that does not fit, so as
much as possible is looked at before."""

from pathlib import Path
from typing import Final, Literal

import msgspec

from voxwire.engines.stt.sherpa_onnx.onnx_metadata import read_metadata
from voxwire.errors import ConfigurationError

ModelKind = Literal["transducer", "paraformer", "zipformer2_ctc", "nemo_ctc", "wenet_ctc", "t_one_ctc"]

#: What the file of a model that is one file says about itself: the name of an entry, and the kind that has it.
_TELLING: Final[dict[str, ModelKind]] = {
    "cache_last_channel_dim1": "nemo_ctc",
    "query_head_dims": "zipformer2_ctc",
    "frame_length_ms": "t_one_ctc",
    "right_context": "wenet_ctc",
}
#: Names of the frames that are read at once; a frame is 10 ms.
_WINDOWS: Final = ("T", "window_size")
_WINDOW_FRAMES: Final = 80


class ModelFolder(msgspec.Struct, frozen=True):
    """A model that the library can open: its kind, its files by the library's names, and the audio that it reads at
    once, in seconds: so much silence has to follow before the last word is read."""

    kind: ModelKind
    files: dict[str, str]
    window_s: float


def find_model(folder: Path, precision: str) -> ModelFolder:
    """Raises ConfigurationError, which says what is missing."""
    if not folder.is_dir():
        raise ConfigurationError(f"The model of sherpa-onnx is a folder; {folder} is none.")
    tokens = folder / "tokens.txt"
    if not tokens.is_file():
        raise ConfigurationError(f"There is no model of sherpa-onnx in {folder}: it has no tokens.txt.")
    encoder, joiner = _part(folder, "encoder", precision), _part(folder, "joiner", precision)
    # Only the decoder of a transducer is small: rounded to 8 bits it costs accuracy and saves nothing.
    decoder = _part(folder, "decoder", "float")
    whole = _part(folder, "model", precision)
    kind: ModelKind
    if encoder and decoder:
        parts = {"encoder": encoder, "decoder": decoder, **({"joiner": joiner} if joiner else {})}
        kind = "transducer" if joiner else "paraformer"
    elif whole:
        parts = {"model": whole}
        kind = _kind_of(whole)
    else:
        raise ConfigurationError(
            f"There is no streaming model in {folder}: it needs encoder, decoder and joiner, encoder and decoder, "
            "or one model, each as .onnx."
        )
    for file in parts.values():
        _metadata(file)
    described = _metadata(next(iter(parts.values())))
    if kind == "transducer" and not any(name in described for name in _WINDOWS):
        raise ConfigurationError(
            f"The model in {folder} does not stream: its encoder does not say how much it reads at once. "
            "Streaming models have `streaming` in their names."
        )
    frames = next((int(described[name]) for name in _WINDOWS if described.get(name, "").isdecimal()), _WINDOW_FRAMES)
    return ModelFolder(kind, {"tokens": str(tokens), **{name: str(file) for name, file in parts.items()}}, frames / 100)


def _part(folder: Path, name: str, precision: str) -> Path | None:
    """The file of a part, of the wanted precision where there are both."""
    found = sorted(folder.glob(f"{name}*.onnx"))
    wanted = [file for file in found if (".int8." in file.name) == (precision == "int8")]
    return next(iter(wanted or found), None)


def _metadata(file: Path) -> dict[str, str]:
    try:
        return read_metadata(file)
    except (ValueError, OSError) as error:
        raise ConfigurationError(f"{file} cannot be read: {error}.") from None


def _kind_of(file: Path) -> ModelKind:
    described = _metadata(file)
    for name, kind in _TELLING.items():
        if name in described:
            return kind
    raise ConfigurationError(f"{file} is no streaming CTC model of a kind that sherpa-onnx knows.")
