"""Kokoro's files on disk: the model, the styles of its voices, and its symbols where they are its own."""

import json
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voxwire.errors import ConfigurationError

#: Numbers of a style, and the fewest texts' lengths that a voice must have one for.
_WIDTH: Final = 256

Styles = dict[str, NDArray[np.float32]]


def kokoro_model(path: Path) -> Path:
    """The model, of its path or of the folder that has one. Raises ConfigurationError."""
    if not path.is_dir():
        return path
    found = sorted([*path.glob("*.onnx"), *path.glob("onnx/*.onnx")])
    if len(found) != 1:
        have = f"has {len(found)} of them: name one" if found else "has none"
        raise ConfigurationError(f"A model of Kokoro is a file that ends in .onnx, and {path} {have}.")
    return found[0]


def kokoro_styles(model: Path) -> Styles:
    """The styles of the voices beside a model, one for each number of symbols: by voice, arrays of (texts, 256).

    They lie in `*.npz`, in `voices*.bin` of the same kind, or each in a file of its own, `voices/NAME.bin`, in the
    folder of the model or the one above. Raises ConfigurationError when there are none.
    """
    styles: Styles = {}
    folders = [model.parent, model.parent.parent] if model.parent.name == "onnx" else [model.parent]
    for folder in folders:
        for file in sorted([*folder.glob("*.npz"), *folder.glob("voices*.bin"), *folder.glob("voices/*.bin")]):
            styles |= _archive(file) if zipfile.is_zipfile(file) else {file.stem: _shaped(file, _raw(file))}
    if not styles:
        raise ConfigurationError(
            f"Kokoro needs its voices beside {model}: voices-v1.0.bin, or a folder voices with a file for each."
        )
    return styles


def kokoro_symbols(model: Path) -> dict[str, int] | None:
    """The numbers of a model's symbols, from `vocab.json`, `config.json` or `tokenizer.json`; None without any."""
    folders = [model.parent, model.parent.parent] if model.parent.name == "onnx" else [model.parent]
    for folder in folders:
        for name in ("vocab.json", "config.json", "tokenizer.json"):
            if (file := folder / name).is_file():
                try:
                    content = json.loads(file.read_bytes())
                except ValueError as error:
                    raise ConfigurationError(f"{file} is no JSON.") from error
                if symbols := _symbols(content):
                    return symbols
    return None


def _symbols(content: Any) -> dict[str, int] | None:
    if not isinstance(content, dict):
        return None
    found = content.get("vocab") or (content.get("model") or {}).get("vocab")
    if not isinstance(found, dict) or not all(type(number) is int for number in found.values()):
        return None
    return found


def _archive(file: Path) -> Styles:
    try:
        with np.load(file, allow_pickle=False) as voices:
            return {name: _shaped(file, voices[name]) for name in voices.files}
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ConfigurationError(f"The voices of Kokoro in {file} cannot be read.") from error


def _raw(file: Path) -> NDArray[np.float32]:
    if file.stat().st_size % (4 * _WIDTH):
        raise ConfigurationError(f"{file} is no voice of Kokoro: its size is not that of styles of {_WIDTH} numbers.")
    return np.fromfile(file, "<f4")


def _shaped(file: Path, styles: NDArray[Any]) -> NDArray[np.float32]:
    if not styles.size or styles.size % _WIDTH or styles.dtype.kind != "f":
        raise ConfigurationError(f"{file} has a voice that is none of Kokoro.")
    return np.asarray(styles, np.float32).reshape(-1, _WIDTH)
