"""The committed attack on a real server, for some seconds; `make soak` and `bench/hostile.py` take their time."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.engines
@pytest.mark.slow
@pytest.mark.timeout(120)
def test_hostile_clients_break_nothing() -> None:
    command = [sys.executable, "bench/hostile.py", "--seconds", "5", "--attackers", "2"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "nothing broke" in result.stdout
