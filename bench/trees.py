"""Source trees that are compared: each with its own `.venv`, in which its own Voxwire is installed."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from servers import SCRIPTS, tree_python

#: Where the installed package lies, and what detects speech in it.
_ASK = """
import voxwire
print(voxwire.__file__, flush=True)
from voxwire.config import Settings
from voxwire.engines.registry import load
vad = Settings.model_validate({}).vad
print(load("vad", "silero", vad.options if vad else {}).capabilities.info.label)
"""


class Tree(NamedTuple):
    """A tree that can be measured, and which revision it is; `+` stands for changes that are not committed.

    `detection` is what detects speech there, such as `native (AVX2)`: it is easily not what one meant to measure.
    """

    path: Path
    revision: str
    detection: str


def open_tree(text: str, environment: Mapping[str, str] | None = None) -> Tree:
    """ValueError says why there is nothing to measure in it."""
    path = Path(text).expanduser().resolve()
    python = tree_python(path)
    script = path / "bench" / SCRIPTS["voxwire"][0]
    for needed in (python, script):
        if not needed.exists():
            raise ValueError(f"{text} is no tree of Voxwire that can be measured: {needed} is missing. Run make setup.")
    asked = [str(python), "-c", _ASK]
    variables = {**os.environ, **(environment or {})}
    answer = subprocess.run(asked, cwd="/", env=variables, capture_output=True, text=True, check=False)
    installed, *label = answer.stdout.splitlines() or [""]
    if not installed:
        raise ValueError(f"{text}: Voxwire is not installed in its .venv. Run make setup in it.")
    if path not in Path(installed).parents:
        raise ValueError(f"{text}: its .venv has Voxwire of {installed}, which would be measured instead.")
    if not label:
        raise ValueError(f"{text}: its speech detection cannot be loaded: {answer.stderr.splitlines()[-1]}")
    return Tree(path, _revision(path), label[0].rpartition(", ")[2])


def _revision(path: Path) -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(path), *words], capture_output=True, text=True, check=False).stdout

    return git("rev-parse", "--short", "HEAD").strip() + ("+" if git("status", "--porcelain") else "") or "-"
