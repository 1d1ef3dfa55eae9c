"""What is under the GPL is loaded by worker processes, and by no other (ADR 28)."""

import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[3] / "src"

#: Imports every module that is not a worker's own, and makes each voice; then looks at what this process has loaded.
_PROGRAM = """
import pathlib, pkgutil, sys
import voxwire
from importlib import import_module

for module in pkgutil.walk_packages(voxwire.__path__, "voxwire."):
    last = module.name.rpartition(".")[2]
    if last not in ("worker", "__main__") and not module.name.startswith("voxwire.testing"):
        import_module(module.name)
from voxwire.engines.registry import load
for name, options in {"piper": {}, "kokoro": {"model": "x"}, "sherpa-onnx": {"model": "x"}, "espeak": {}}.items():
    load("tts", name, options)
loaded = [name for name in sys.modules if name.partition(".")[0] in ("piper", "espeakng_loader", "phonemizer")]
maps = pathlib.Path("/proc/self/maps")
mapped = maps.read_text() if maps.exists() else ""
print(loaded, "espeak" in mapped.lower())
"""


@pytest.mark.engines
def test_the_servers_process_loads_nothing_of_it() -> None:
    run = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, text=True, timeout=50, check=False)
    assert run.stdout.strip() == "[] False", run.stderr


def test_only_workers_import_it() -> None:
    importers = {
        str(path.relative_to(SOURCES / "voxwire"))
        for path in SOURCES.rglob("*.py")
        if any(
            line.strip().startswith(("import piper", "from piper", "import espeakng_loader", "from espeakng_loader"))
            for line in path.read_text(encoding="utf-8").splitlines()
        )
    }
    assert importers == {"engines/tts/piper/worker.py", "engines/tts/espeak/library.py"}
