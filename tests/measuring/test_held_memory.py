"""Memory of this process and of those that it started."""

import subprocess
import sys

import pytest

from voxwire.measuring import held_memory
from voxwire.measuring.held_memory import held_bytes

_MIB = 1024 * 1024
_CHILD = """
import sys
held = bytearray(64 * 1024 * 1024)
held[::4096] = b"x" * len(held[::4096])
print(flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize("system", ["linux", "darwin"])
def test_what_a_child_holds_counts(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", system)
    before = held_bytes()
    assert before > 8 * _MIB
    with subprocess.Popen([sys.executable, "-c", _CHILD], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        during = held_bytes()
        child.kill()
    assert during - before > 60 * _MIB
    assert held_bytes() - before < 30 * _MIB


def test_a_process_that_has_just_ended_holds_nothing() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
    assert held_memory._proportional(ended.pid) == 0
