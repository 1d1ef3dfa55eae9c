"""Silero VAD v6.2 as one NumPy pass over the windows of many conversations (ADR 5).

A window of 512 samples at 16 kHz, with the 64 samples before it, becomes four spectra of 129 bins;
four convolutions turn them into 128 features, and an LSTM cell, which remembers the conversation,
into one probability. All but the LSTM's own step is one batch whatever conversation a window
belongs to; windows of the same conversation then take their LSTM steps one after the other.

This is the reference. `native_silero` computes the same in less than half the time, where the package
voxwire-speedups is installed.

BLAS must run in one thread: products this small only lose by sharing them, and a pool of threads
would fight with the other processes of the machine. Set OPENBLAS_NUM_THREADS=1 before NumPy is
imported, as `voxwire serve` does.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from voxwire.engines.options import check_names, text
from voxwire.engines.vad.kernels import KERNEL_TITLES
from voxwire.engines.vad.weights import LSTM_UNITS, Weights, load_weights, lstm_matrices
from voxwire.errors import ConfigurationError
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.vad import VadCapabilities, VadEngine

Floats = NDArray[np.float32]

_WINDOW: Final = 512
_CONTEXT: Final = 64
#: Context, window and as many mirrored samples: what the four frames need.
_SIGNAL: Final = _CONTEXT + _WINDOW + _CONTEXT
_FRAME: Final = 256
_HOP: Final = 128
_FRAMES: Final = 4
#: Columns of a block of the LSTM's weights, and blocks of one gate.
_BLOCK: Final = 64
_GATE: Final = LSTM_UNITS // _BLOCK
_SILENT_WINDOW: Final = bytes(2 * _WINDOW)
_SILENT_CONTEXT: Final = bytes(2 * _CONTEXT)
_ZERO: Final = np.float32(0)
_HALF: Final = np.float32(0.5)


#: What to do where the native kernel is missing.
INSTALL_SPEEDUPS: Final = "pip install 'voxwire[speedups]'"

_CAPABILITIES: Final = VadCapabilities(
    info=EngineInfo(name="silero", label="Silero VAD v6.2, in NumPy", licence="MIT (code and weights)")
)


def engine(options: Mapping[str, Any]) -> VadEngine:
    """The `silero` engine. Option `kernel`: `native`, which is the package voxwire-speedups, one of its KERNEL_TITLES,
    `numpy`, or `auto`: native where it is installed. Raises ConfigurationError, also when its weights are unusable."""
    check_names("Silero", options, ("kernel",))
    kernel = text("Silero", options, "kernel", "auto")
    if kernel not in ("auto", "native", "numpy", *KERNEL_TITLES):
        names = ", ".join(KERNEL_TITLES)
        raise ConfigurationError(f"The option kernel of Silero is auto, native, numpy or a native kernel: {names}.")
    if kernel == "numpy":
        return SileroVad()
    try:
        from voxwire.engines.vad.native_silero import NativeSilero
    except ImportError as error:
        if kernel == "auto":
            return SileroVad()
        raise ConfigurationError(
            f"The native kernel of Silero is missing: {error}. Type: {INSTALL_SPEEDUPS}"
        ) from error
    if kernel in ("auto", "native"):
        return NativeSilero()
    try:
        return NativeSilero(kernel)
    except ValueError as error:
        raise ConfigurationError(f"The option kernel of Silero: this processor does not run {kernel}.") from error


class SileroState:
    """What the network remembers of one conversation: the last samples, and the LSTM's two vectors.

    Kept as bytes, which join to a batch and come out of it in half the time that small arrays take.
    """

    __slots__ = ("context", "memory")

    def __init__(self) -> None:
        self.context = _SILENT_CONTEXT
        self.memory = bytes(2 * LSTM_UNITS * 4)


class SileroVad:
    """The detector; implements `VadEngine`. Holds weights only, so one serves the whole process."""

    def __init__(self, weights: Weights | None = None) -> None:
        weights = load_weights() if weights is None else weights
        self._spectra = _Spectra()
        self._layers = [_Convolution(weights, layer, stride) for layer, stride in enumerate((1, 2, 2, 1))]
        self._lstm = _Lstm(weights)
        self._output = weights["_model.decoder.decoder.2.weight"].ravel()
        self._output_bias = float(weights["_model.decoder.decoder.2.bias"].ravel()[0])
        self._silence = self._encode(np.zeros((1, _SIGNAL), np.float32))

    @property
    def capabilities(self) -> VadCapabilities:
        return _CAPABILITIES

    async def start(self) -> None:
        """Nothing: the weights were read when it was made."""

    async def close(self) -> None:
        """Nothing to free."""

    def new_state(self) -> SileroState:
        return SileroState()

    def score(self, states: Sequence[SileroState], windows: Sequence[bytes]) -> list[float]:
        """Speech probability of each window; `states` may name a conversation several times, in order."""
        features = np.repeat(self._silence, len(windows), axis=0)
        loud, pieces = _heard(states, windows)
        if loud:
            features[loud] = self._encode(_signal(pieces))
        hidden = self._lstm(states, features)
        logits = np.maximum(hidden, 0) @ self._output + self._output_bias
        scores: list[float] = (1 / (1 + np.exp(-logits))).tolist()
        return scores

    def _encode(self, signal: Floats) -> Floats:
        """(rows, 640) samples to (rows, 128) features."""
        features = self._spectra(signal)
        for layer in self._layers:
            features = layer(features)
        last: Floats = features[0]
        return last


def _heard(states: Sequence[SileroState], windows: Sequence[bytes]) -> tuple[list[int], list[bytes]]:
    """Rows that are not digital silence, and their contexts and windows.

    A muted microphone sends zeros, whose features are a constant: only the LSTM has to see them.
    """
    loud: list[int] = []
    pieces: list[bytes] = []
    for row, (state, window) in enumerate(zip(states, windows, strict=True)):
        if window != _SILENT_WINDOW or state.context != _SILENT_CONTEXT:
            loud.append(row)
            pieces += (state.context, window)
            state.context = window[-len(_SILENT_CONTEXT) :]
    return loud, pieces


def _signal(pieces: Sequence[bytes]) -> Floats:
    """Context and window of each row, and 64 samples mirrored at the end, scaled to +-1."""
    samples = np.frombuffer(b"".join(pieces), "<i2").reshape(-1, _CONTEXT + _WINDOW)
    signal = np.empty((len(samples), _SIGNAL), np.float32)
    np.multiply(samples, np.float32(1 / 32768), out=signal[:, :-_CONTEXT])
    signal[:, -_CONTEXT:] = signal[:, -_CONTEXT - 2 : -2 * _CONTEXT - 2 : -1]
    return signal


class _Spectra:
    """Magnitudes of the four frames of a signal: a Fourier transform under a periodic Hann window.

    Window and cosines are even around the middle of a frame and the sines odd, so sample `n` and
    sample `256 - n` share their coefficient: adding and subtracting them first halves the
    products; 32 windows take 160 us this way and 270 us by `rfft` and `abs`. Sample 0 has weight 0.
    """

    def __init__(self) -> None:
        n = np.arange(1, _HOP + 1)
        hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / _FRAME)
        hann[-1] /= 2  # the middle sample is added to itself
        angle = 2 * np.pi * np.outer(n, np.arange(_HOP + 1)) / _FRAME
        self._cosines = (hann[:, np.newaxis] * np.cos(angle)).astype(np.float32)
        self._sines = (hann[:, np.newaxis] * np.sin(angle)).astype(np.float32)

    def __call__(self, signal: Floats) -> Floats:
        """(rows, 640) samples to (4, rows, 129) magnitudes: time first, as the layers want it."""
        row_step, step = signal.strides
        frames: Floats = np.ndarray(
            (_FRAMES, len(signal), _FRAME), np.float32, signal, strides=(_HOP * step, row_step, step)
        )
        ahead, behind = frames[..., 1 : _HOP + 1], frames[..., : _HOP - 1 : -1]
        real = _product(np.add(ahead, behind, order="C"), self._cosines)
        imaginary = _product(np.subtract(ahead, behind, order="C"), self._sines)
        np.multiply(real, real, out=real)
        np.multiply(imaginary, imaginary, out=imaginary)
        real += imaginary
        return np.sqrt(real, out=real)


class _Convolution:
    """One encoder layer: three taps over time, zeros beyond both ends, then ReLU.

    With time first, each tap is one product of neighbouring frames; what would meet the zeros is
    left out, which is a fifth of the work of these layers.
    """

    def __init__(self, weights: Weights, layer: int, stride: int) -> None:
        name = f"_model.encoder.{layer}.reparam_conv"
        self._earlier, self._here, self._later = np.ascontiguousarray(weights[f"{name}.weight"].transpose(2, 1, 0))
        self._bias = weights[f"{name}.bias"]
        self._stride = stride

    def __call__(self, features: Floats) -> Floats:
        """(frames, rows, inputs) to (frames / stride, rows, outputs)."""
        stride = self._stride
        out = _product(features[::stride], self._here)
        if len(out) > 1:
            out[1:] += _product(features[stride - 1 : -1 : stride], self._earlier)
        if len(features) > 1:
            later = _product(features[1::stride], self._later)
            out[: len(later)] += later
        out += self._bias
        return np.maximum(out, _ZERO, out=out)


def _product(frames: Floats, matrix: Floats) -> Floats:
    """(frames, rows, inputs) times (inputs, outputs), as one product."""
    count, rows, inputs = frames.shape
    product: Floats = frames.reshape(count * rows, inputs) @ matrix
    return product.reshape(count, rows, -1)


class _Lstm:
    """The recurrent cell. One `tanh` serves its four gates (`lstm_matrices`).

    The 512 columns of the weights are cut into 8 blocks of 64: BLAS multiplies small matrices in place
    and copies large ones first, which made a step of 32 rows take 305 us against 227.
    """

    def __init__(self, weights: Weights) -> None:
        from_input, from_hidden, bias = lstm_matrices(weights)
        self._from_input = _in_blocks(from_input)
        self._from_hidden = _in_blocks(from_hidden)
        self._bias = _in_blocks(bias[np.newaxis])

    def __call__(self, states: Sequence[SileroState], features: Floats) -> Floats:
        """(rows, 128) features to (rows, 128) hidden values; the states' memories move on."""
        inputs = np.matmul(features, self._from_input)
        inputs += self._bias
        rounds = _rounds(states)
        if len(rounds) == 1:
            return self._step(states, inputs)
        hidden = np.empty_like(features)
        for rows in rounds:
            hidden[rows] = self._step([states[row] for row in rows], inputs[:, rows])
        return hidden

    def _step(self, states: Sequence[SileroState], inputs: Floats) -> Floats:
        """One step of conversations that are all different. Works in place: half the time of plain formulas."""
        memory: Floats = np.frombuffer(bytearray(b"".join([state.memory for state in states])), np.float32)
        memory = memory.reshape(-1, 2, LSTM_UNITS)
        hidden, cell = memory[:, 0], _blocks_of(memory[:, 1])
        gates: Floats = np.matmul(hidden, self._from_hidden)
        gates += inputs
        np.tanh(gates, out=gates)
        sigmoids = gates[: 3 * _GATE]
        sigmoids *= _HALF
        sigmoids += _HALF
        take, keep, show, candidate = (gates[start : start + _GATE] for start in range(0, 4 * _GATE, _GATE))
        keep *= cell
        take *= candidate
        keep += take
        cell[...] = keep
        show *= np.tanh(keep, out=keep)
        _blocks_of(hidden)[...] = show
        for state, values in zip(states, memory, strict=True):
            state.memory = values.tobytes()
        return hidden


def _in_blocks(matrix: Floats) -> Floats:
    """(inputs, 512) to (8, inputs, 64)."""
    return np.ascontiguousarray(_blocks_of(matrix), np.float32)


def _blocks_of(rows: Floats) -> Floats:
    """(rows, n * 64) as (n, rows, 64), without a copy."""
    blocks: Floats = rows.reshape(len(rows), -1, _BLOCK).swapaxes(0, 1)
    return blocks


def _rounds(states: Sequence[SileroState]) -> list[list[int]]:
    """Row numbers by turn: the first row of every state, then the second rows, and so on."""
    rounds: list[list[int]] = []
    turns: dict[int, int] = {}
    for row, state in enumerate(states):
        turn = turns[id(state)] = turns.get(id(state), -1) + 1
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(row)
    return rounds
