"""Large blocks go back to the system when they are freed."""

import subprocess
import sys

PROGRAM = """
from pathlib import Path
from voxwire.server.allocator import return_large_blocks

def rss_mib():
    return next(int(line.split()[1]) for line in Path("/proc/self/status").open() if line.startswith("VmRSS:")) / 1024

print(return_large_blocks())
before = rss_mib()
for size in range(20, 1, -1):  # each freed block would raise glibc's own bound, and stay below a later one
    block, small = bytearray(b"x" * (size << 20)), [bytes(1000) for _ in range(1000)]
    del block
print(rss_mib() - before < 15)
"""


def test_freed_blocks_leave_the_process() -> None:
    result = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=50, check=True)
    assert result.stdout.split() == ["True", "True"]
