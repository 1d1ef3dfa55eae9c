"""Node, and clients installed by npm: their programs, and suites of their own."""

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from client_environment import HERE, run_command

NPM = HERE / "npm"
#: The system's Node, unless ./test has put another one beside this interpreter.
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])


def packages(folder: Path) -> Path:
    """Where the packages of a folder are installed, once they all are."""
    modules = folder / "node_modules"
    if not (modules / ".voxwire").exists():  # written when everything is there
        name = folder.relative_to(HERE.parents[1])
        pytest.fail(f"The npm packages of {name} are missing. Run ./test, or make test-clients.")
    return modules


def _command(name: str) -> str:
    return shutil.which(name, path=PATH) or pytest.fail(f"{name} is missing. Run ./test, which installs it.")


def package_version(package: str, folder: Path = NPM) -> str:
    """The version of an npm package as installed in a folder with a package.json."""
    return str(json.loads((packages(folder) / package / "package.json").read_text(encoding="utf-8"))["version"])


async def run_node(program: Path, *arguments: str, variables: dict[str, str]) -> Any:
    """What a program prints as JSON, run with the packages of its folder."""
    packages(program.parent)
    return json.loads(await run_command(_command("node"), program, *arguments, variables={"PATH": PATH, **variables}))


async def run_script(script: str, folder: Path) -> None:
    """Run a script of the package.json in a folder. It must succeed."""
    packages(folder)
    await run_command(_command("npm"), "--prefix", folder, "run", "--silent", script, variables={"PATH": PATH})
