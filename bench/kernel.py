"""What a window of speech detection costs: NumPy and each native kernel of this processor, from audio at 24 kHz on.

.venv/bin/python bench/kernel.py [ROUNDS]

Processor time in µs for one window, the median of interleaved rounds (15, if left out).
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is imported, as `voxwire serve` does

import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Final

import numpy as np
from voxwire_speedups import Network, State, variants

from voxwire.audio.pcm import AudioFormat
from voxwire.audio.windows import WindowResampler
from voxwire.engines.vad.native_silero import network_parts
from voxwire.engines.vad.silero import SileroVad
from voxwire.engines.vad.weights import load_weights

_BATCHES: Final = (1, 4, 8, 32, 64, 128)
_WINDOWS: Final = 512
"""Scored in one measurement."""

Pass = Callable[[list[bytes]], object]


def numpy_pass(batch: int) -> Pass:
    engine, resampler = SileroVad(), WindowResampler(AudioFormat.PCM16)
    states = [engine.new_state() for _ in range(batch)]
    return lambda stretches: engine.score(states, resampler(stretches))


def native_pass(network: Network, batch: int) -> Pass:
    states, formats = [State() for _ in range(batch)], bytes(batch)
    return lambda stretches: network.score(states, stretches, formats)


def cost(one_pass: Pass, stretches: list[bytes]) -> float:
    """Microseconds of processor time for each window."""
    passes = max(1, _WINDOWS // len(stretches))
    begun = time.thread_time()
    for _ in range(passes):
        one_pass(stretches)
    return (time.thread_time() - begun) / passes / len(stretches) * 1e6


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    size = WindowResampler(AudioFormat.PCM16).stretch_bytes
    noise = np.random.default_rng(0).normal(0, 3_000, (max(_BATCHES), size // 2)).clip(-32768, 32767).astype("<i2")
    audio = [row.tobytes() for row in noise]
    parts = network_parts(load_weights())
    networks = {variant: Network(*parts, variant) for variant in variants()}
    contestants = {("numpy", batch): numpy_pass(batch) for batch in _BATCHES}
    for variant, network in networks.items():
        contestants |= {(variant, batch): native_pass(network, batch) for batch in _BATCHES}
    spent: dict[tuple[str, int], list[float]] = {who: [] for who in contestants}
    for _ in range(rounds):
        for (name, batch), one_pass in contestants.items():
            spent[name, batch].append(cost(one_pass, audio[:batch]))
    print("| kernel | " + " | ".join(map(str, _BATCHES)) + " |")
    print("| --- |" + " ---: |" * len(_BATCHES))
    for name in ("numpy", *networks):
        print(f"| {name} | " + " | ".join(f"{median(spent[name, batch]):.1f}" for batch in _BATCHES) + " |")


if __name__ == "__main__":
    main()
