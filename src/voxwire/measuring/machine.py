"""What a machine has, and which profile fits it."""

import os
import shutil
import subprocess
from typing import Final, NamedTuple

from voxwire.available_memory import available

_GIB: Final = 1024**3
#: What the engines of a profile hold together, language model included (docs/profiles.md), and room to work.
_LAPTOP_BYTES: Final = 4 * _GIB
_LAPTOP_CORES: Final = 2
_GPU_BYTES: Final = 12 * _GIB
#: `nvidia-smi` waits for a driver that hangs.
_ASKING_S: Final = 5.0


class Machine(NamedTuple):
    """`gpu_bytes` is the memory of the largest GPU, 0 without one."""

    cores: int
    memory_bytes: int
    gpu_bytes: int

    def __str__(self) -> str:
        gpu = f"a GPU of {self.gpu_bytes / _GIB:.0f} GiB" if self.gpu_bytes else "no GPU"
        cores = "1 core" if self.cores == 1 else f"{self.cores} cores"
        return f"{cores}, {self.memory_bytes / _GIB:.0f} GiB, {gpu}"


def this_machine() -> Machine:
    """What this process may use of the machine that it runs on."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(cores, available(), _gpu_bytes())


def _gpu_bytes() -> int:
    program = shutil.which("nvidia-smi")
    if program is None:
        return 0
    asking = [program, "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        found = subprocess.run(asking, capture_output=True, text=True, timeout=_ASKING_S, check=True).stdout
        return max((int(line) * 1024**2 for line in found.split()), default=0)
    except (OSError, ValueError, subprocess.SubprocessError):  # no driver, or none that answers: no GPU for us
        return 0


def fitting_profile(machine: Machine) -> tuple[str, str]:
    """The largest profile that needs nobody else's server, and why it fits."""
    if machine.gpu_bytes >= _GPU_BYTES:
        return "gpu", f"the GPU has {machine.gpu_bytes / _GIB:.0f} GiB, and {_GPU_BYTES // _GIB} are enough"
    if machine.memory_bytes < _LAPTOP_BYTES:
        return "embedded", f"`laptop` wants {_LAPTOP_BYTES // _GIB} GiB of memory"
    if machine.cores < _LAPTOP_CORES:
        return "embedded", f"`laptop` wants {_LAPTOP_CORES} cores"
    return "laptop", f"{_LAPTOP_CORES} cores and {_LAPTOP_BYTES // _GIB} GiB are enough"
