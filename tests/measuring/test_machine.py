"""What a machine has, and which profile fits it."""

from pathlib import Path

import pytest

from voxwire.measuring.machine import Machine, fitting_profile, this_machine

GIB = 1024**3


@pytest.mark.parametrize(
    ("machine", "profile"),
    [
        (Machine(1, 8 * GIB, 0), "embedded"),
        (Machine(8, 2 * GIB, 0), "embedded"),
        (Machine(2, 4 * GIB, 0), "laptop"),
        (Machine(16, 64 * GIB, 4 * GIB), "laptop"),
        (Machine(8, 32 * GIB, 24 * GIB), "gpu"),
    ],
)
def test_what_fits(machine: Machine, profile: str) -> None:
    assert fitting_profile(machine)[0] == profile


def test_in_words() -> None:
    assert str(Machine(2, 8 * GIB, 0)) == "2 cores, 8 GiB, no GPU"
    assert str(Machine(1, 8 * GIB, 24 * GIB)) == "1 core, 8 GiB, a GPU of 24 GiB"


@pytest.mark.parametrize(
    ("program", "gpu"),
    [("echo 8192; echo 24576", 24 * GIB), ("exit 9", 0), ("echo no devices were found", 0)],
)
def test_the_largest_gpu(program: str, gpu: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "nvidia-smi"
    script.write_text(f"#!/bin/sh\n{program}\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    machine = this_machine()
    assert machine.gpu_bytes == gpu
    assert machine.cores >= 1
    assert machine.memory_bytes > GIB


def test_without_its_program_there_is_no_gpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert this_machine().gpu_bytes == 0
