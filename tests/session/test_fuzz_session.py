"""A short run of the fuzz target; `make fuzz` throws 100,000 frames."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_few_thousand_frames_break_nothing() -> None:
    command = [sys.executable, "-m", "fuzz", "--frames", "3000", "--seed", "20261122"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=55, check=False)
    assert result.returncode == 0, result.stderr[-4000:]
    assert "nothing broke in 12 connections" in result.stdout
