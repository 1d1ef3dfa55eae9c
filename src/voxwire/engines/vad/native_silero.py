"""Silero VAD v6.2 by the native kernel of voxwire-speedups (ADR 40). Importing this fails where that is not installed.

The package has no weights and no coefficients: it is given those of `weights` and of `voxwire.audio.resample`, once.
"""

from collections.abc import Sequence
from typing import cast

import numpy as np
from voxwire_speedups import INTERFACE, Network, State, variants
from voxwire_speedups import Tape as NativeTape

from voxwire.audio.convert import to_pcm
from voxwire.audio.pcm import SPEECH_RATE, AudioFormat
from voxwire.audio.resample import polyphase
from voxwire.audio.tape import Tape
from voxwire.audio.tapes import KNOWN_INTERFACE
from voxwire.engines.vad.kernels import KERNEL_TITLES
from voxwire.engines.vad.weights import Values, Weights, load_weights, lstm_matrices
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.vad import VadCapabilities

if INTERFACE != KNOWN_INTERFACE:
    raise ImportError(f"voxwire-speedups has interface {INTERFACE}, and this Voxwire knows {KNOWN_INTERFACE}")

_Filter = tuple[int, int, Values, bytes | None]


def best_kernel() -> str:
    """What the processor runs, as people know it: AVX-512 and the like."""
    return KERNEL_TITLES[variants()[0]]


class NativeSilero:
    """The detector; implements `VadEngine` and `ScoresTapes`. Holds weights only, so one serves the whole process."""

    def __init__(self, variant: str = "", weights: Weights | None = None) -> None:
        """`variant` is one of `voxwire_speedups.variants()`, or the best of them. Raises ValueError for another one,
        and ConfigurationError when the weights are unusable."""
        weights = load_weights() if weights is None else weights
        self._network = Network(*network_parts(weights), variant)
        label = f"Silero VAD v6.2, native ({KERNEL_TITLES[self._network.variant]})"
        self._capabilities = VadCapabilities(
            info=EngineInfo(name="silero", label=label, licence="MIT (code and weights)")
        )

    @property
    def capabilities(self) -> VadCapabilities:
        return self._capabilities

    async def start(self) -> None:
        """Nothing: the weights were packed when it was made."""

    async def close(self) -> None:
        """Nothing to free."""

    def new_state(self) -> State:
        return State()

    def score(self, states: Sequence[State], windows: Sequence[bytes]) -> list[float]:
        """Speech probability of each window; `states` may name a conversation several times, in order. Raises
        ValueError for a window of another size."""
        scores: list[float] = self._network.score(states, windows)
        return scores

    @property
    def tapes(self) -> type[Tape]:
        return cast("type[Tape]", NativeTape)

    def score_tapes(self, states: Sequence[State], tapes: Sequence[Tape], counts: Sequence[int]) -> None:
        """One call for all: windows are cut, resampled and scored, and the scores put. Raises ValueError for other
        counts than are ready."""
        self._network.score_tapes(states, cast("Sequence[NativeTape]", tapes), counts)


def network_parts(weights: Weights) -> tuple[list[Values], list[_Filter]]:
    """What `Network` asks for: 13 matrices, each (inputs, units), and a filter for each format of the wire."""
    matrices = []
    for layer in range(4):
        name = f"_model.encoder.{layer}.reparam_conv"
        taps = weights[f"{name}.weight"].transpose(2, 1, 0)
        matrices += [taps.reshape(-1, taps.shape[-1]), weights[f"{name}.bias"]]
    matrices += lstm_matrices(weights)
    matrices += [weights[f"_model.decoder.decoder.2.{part}"] for part in ("weight", "bias")]
    contiguous = [np.ascontiguousarray(matrix, np.float32) for matrix in matrices]
    return contiguous, [_filter(format) for format in AudioFormat]


def _filter(format: AudioFormat) -> _Filter:
    """How the format becomes 16 kHz: one source of coefficients and of G.711's tables."""
    resampling = polyphase(format.rate, SPEECH_RATE, np.float32)
    decoded = to_pcm(bytes(range(256)), format) if format.sample_bytes == 1 else None
    return resampling.down, resampling.history, resampling.coefficients, decoded
