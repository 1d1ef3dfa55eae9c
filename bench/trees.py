"""Source trees that are compared: each with its own `.venv`, in which its own Voxwire is installed."""

import subprocess
from pathlib import Path
from typing import NamedTuple

from servers import SCRIPTS, tree_python


class Tree(NamedTuple):
    """A tree that can be measured, and which revision it is; `+` stands for changes that are not committed."""

    path: Path
    revision: str


def open_tree(text: str) -> Tree:
    """ValueError says why there is nothing to measure in it."""
    path = Path(text).expanduser().resolve()
    python = tree_python(path)
    script = path / "bench" / SCRIPTS["voxwire"][0]
    for needed in (python, script):
        if not needed.exists():
            raise ValueError(f"{text} is no tree of Voxwire that can be measured: {needed} is missing. Run make setup.")
    asked = [str(python), "-c", "import voxwire; print(voxwire.__file__)"]
    answer = subprocess.run(asked, cwd="/", capture_output=True, text=True, check=False)
    if answer.returncode:
        raise ValueError(f"{text}: Voxwire is not installed in its .venv. Run make setup in it.")
    installed = Path(answer.stdout.strip())
    if path not in installed.parents:
        raise ValueError(f"{text}: its .venv has Voxwire of {installed.parent}, which would be measured instead.")
    return Tree(path, _revision(path))


def _revision(path: Path) -> str:
    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(path), *words], capture_output=True, text=True, check=False).stdout

    return git("rev-parse", "--short", "HEAD").strip() + ("+" if git("status", "--porcelain") else "") or "-"
