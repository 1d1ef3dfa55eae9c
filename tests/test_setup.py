"""`scripts/setup`: what it says when the packages cannot be had."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
#: Stands for the interpreter of an environment whose pip fails with the words of a file.
PYTHON = """#!/bin/sh
[ "$1" = -m ] || exit 0
cat words
exit 1
"""
UNREACHABLE = """Traceback (most recent call last):
  File "connection.py", line 174, in _new_conn
urllib3.exceptions.NewConnectionError: Failed to establish a new connection: [Errno 111] Connection refused
"""
BROKEN = "ERROR: No matching distribution found for msgspec>=0.20\n"


@pytest.fixture
def setup(tmp_path: Path) -> Path:
    """A checkout whose environment exists and is empty."""
    for name in ("scripts/setup", "pyproject.toml", "clients/python/pyproject.toml"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    binaries = tmp_path / ".venv" / "bin"
    binaries.mkdir(parents=True)
    for name in ("python", "pip"):
        (binaries / name).write_text(PYTHON)
        (binaries / name).chmod(0o755)
    return tmp_path


def prepared(setup: Path, words: str) -> subprocess.CompletedProcess[str]:
    (setup / "words").write_text(words)
    return subprocess.run(
        ["scripts/setup", "demo"], cwd=setup, env={**os.environ, "CI": ""}, capture_output=True, text=True, check=False
    )


def test_no_way_to_the_packages_is_two_sentences(setup: Path) -> None:
    done = prepared(setup, UNREACHABLE)
    assert done.returncode == 1
    assert "cannot be reached" in done.stderr
    assert "HTTPS_PROXY" in done.stderr
    assert "Traceback" not in done.stderr


def test_other_faults_are_shown_as_they_are(setup: Path) -> None:
    done = prepared(setup, BROKEN)
    assert done.returncode == 1
    assert BROKEN in done.stderr


@pytest.mark.parametrize(("ci", "code"), [("", 0), ("true", 1)])
def test_missing_services_are_named_with_what_to_type(setup: Path, ci: str, code: int) -> None:
    """By whom is not root; under CI nothing may be missing."""
    tools = setup / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "mktemp", "rm", "printf", "initdb"):
        (tools / name).symlink_to(shutil.which(name) or "/bin/true")
    for name, words in (("id", "echo 1000"), ("apt-get", "exit 9")):
        (tools / name).write_text(f"#!/bin/sh\n{words}\n")
        (tools / name).chmod(0o755)
    environment = {**os.environ, "CI": ci, "PATH": str(tools)}
    done = subprocess.run(
        ["scripts/setup", "services"], cwd=setup, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert "sudo apt-get update && sudo apt-get install -y redis-server\n" in done.stderr


#: Stands for the interpreter of an environment in which everything can be installed, and headers lie in `include`.
WILLING = """#!/bin/sh
case "$*" in
    *sysconfig*) echo include ;;
    *install*) echo "$*" >>installed ;;
esac
"""


@pytest.mark.parametrize(("compiler", "headers"), [(True, True), (True, False), (False, True)])
@pytest.mark.parametrize("ci", ["", "true"])
def test_the_native_kernel_is_built_where_it_can_be(setup: Path, compiler: bool, headers: bool, ci: str) -> None:
    """Elsewhere one line says that NumPy does its work; under CI nothing may be missing."""
    (setup / ".venv/bin/python").write_text(WILLING)
    shutil.copytree(ROOT / "speedups", setup / "speedups", ignore=shutil.ignore_patterns("build", "*.egg-info", "*.so"))
    if headers:
        (setup / "include").mkdir()
        (setup / "include/Python.h").write_text("int version;\n")
    tools = setup / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "mktemp", "rm", "cat", "cksum", "grep", "sleep", "tail", "uname"):
        (tools / name).symlink_to(shutil.which(name) or "/bin/true")
    if compiler:
        (tools / "cc").symlink_to(shutil.which("cc") or "/bin/false")
    environment = {**os.environ, "CI": ci, "PATH": str(tools), "CC": ""}

    def run() -> tuple[int, list[str], list[str]]:
        done = subprocess.run(
            ["scripts/setup", "demo"], cwd=setup, env=environment, capture_output=True, text=True, check=False
        )
        log = setup / "installed"
        lines = [line for line in done.stderr.splitlines() if "speech" in line]
        return done.returncode, lines, log.read_text().splitlines() if log.is_file() else []

    code, lines, installed = run()
    can_be_built = compiler and headers and shutil.which("cc") is not None
    assert len(lines) == 1
    assert ("NumPy detects speech" in lines[0]) is not can_be_built
    assert any("./speedups" in line for line in installed) is can_be_built
    assert code == 0 or (ci == "true" and not can_be_built)
    if can_be_built:
        assert run()[2] == installed, "it is built once"
        (setup / "speedups/native/kernel.inc").write_text("changed")
        assert len(run()[2]) == len(installed) + 1, "and again when it has changed"
