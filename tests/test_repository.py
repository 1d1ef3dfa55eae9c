"""The house is in order: scripts run in any shell, files stay readable, nothing is left lying about."""

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

import voxwire

ROOT = Path(__file__).parent.parent
SCRIPTS = [ROOT / name for name in ("demo", "test", "scripts/setup", ".ci/run")]
SOURCES = sorted((ROOT / "src").glob("**/*.py"))

#: The house's sizes, which CONTRIBUTING.md points to. Most files have one concept in 150 to 400 lines; a few are better
#: whole.
MAX_LINES = 500
#: A screen. Nothing was ever better whole at more.
MAX_FUNCTION_LINES = 60

#: Left-overs, and paths of one person's machine.
UNWANTED = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|(?<![\w.~])/(home|Users|root)/\w")


def tracked() -> Iterator[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    yield from (ROOT / name for name in listing.stdout.split("\0") if name)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_can_be_run(script: Path) -> None:
    assert script.stat().st_mode & 0o111 == 0o111
    shell = "bash" if script.name == "run" else "sh"
    assert shell in script.read_text().splitlines()[0]
    subprocess.run([shell, "-n", script], check=True)


@pytest.mark.parametrize("script", SCRIPTS[:3], ids=lambda path: path.name)
def test_scripts_are_posix(script: Path) -> None:
    bashisms = re.compile(r"\[\[|\bfunction \w|\blocal \w|<<<|<\(|\$'|&>|\bsource\b|\bdeclare\b|==")
    code = [line for line in script.read_text().splitlines() if not line.lstrip().startswith("#")]
    assert not [line for line in code if bashisms.search(line)]


def test_supported_pythons_agree() -> None:
    """The project file, its classifiers and the set-up script name the same versions."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["version"] == voxwire.__version__
    assert project["requires-python"] == ">=3.11,<3.14"
    versions = [line.rpartition(" ")[2] for line in project["classifiers"] if re.search(r"3\.\d+$", line)]
    assert versions == ["3.11", "3.12", "3.13"]
    setup = (ROOT / "scripts/setup").read_text()
    assert "(3, 11) <= sys.version_info[:2] <= (3, 13)" in setup
    assert "python3.13 python3.12 python3.11 python3" in setup


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "src/voxwire")))
def test_files_and_functions_stay_readable(source: Path) -> None:
    content = source.read_text(encoding="utf-8")
    assert content.count("\n") <= MAX_LINES
    for node in ast.walk(ast.parse(content)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno < MAX_FUNCTION_LINES, node.name


def test_nothing_is_left_lying_about() -> None:
    found = []
    for path in tracked():
        if path.suffix in {".wav", ".png", ".gz", ".bin", ".npy"} or not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if UNWANTED.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert not found


def test_no_two_files_of_tests_have_one_name() -> None:
    """They are modules without packages: pytest refuses the second one, and with it all tests."""
    names = [path.name for path in tracked() if path.name.startswith("test_") and path.suffix == ".py"]
    assert len(names) > 300
    assert [name for name in set(names) if names.count(name) > 1] == []
