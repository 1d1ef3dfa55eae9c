"""The benchmark is a folder of programs, not a package: what it consists of is found by name."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[2] / "bench"))
