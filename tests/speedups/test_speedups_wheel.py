"""The wheel of voxwire-speedups: one for every supported Python, and what it says where nothing was compiled."""

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHONS = ("3.11", "3.12", "3.13")

#: A network of zeros, which knows nothing: every score is one half. Needs no package but the one that is tried.
PROGRAM = """
import sys
from array import array
from voxwire_speedups import Network, State, variants
sizes = [3*129*128, 128, 3*128*64, 64, 3*64*64, 64, 3*64*128, 128, 128*512, 128*512, 512, 128, 1]
matrices = [array("f", bytes(4 * size)) for size in sizes]
for variant in variants():
    network = Network(matrices, [(3, 47, array("f", bytes(400)), None)], variant)
    states = [State() for _ in range(5)]
    assert network.score(states, [b"\\x01\\x00" * 512] * 5) == [0.5] * 5
    assert states[0].context == b"\\x01\\x00" * 64
print("%d.%d" % sys.version_info[:2], *variants())
"""


def build(folder: Path, **environment: str) -> Path:
    """A wheel by the setuptools that is installed, of a copy: building leaves files beside the sources."""
    source, into = folder / "speedups", folder / "wheel"
    shutil.copytree(ROOT / "speedups", source, ignore=shutil.ignore_patterns("build", "*.egg-info", "*.so"))
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-build-isolation"]
    subprocess.run(
        [*command, "--no-deps", "--wheel-dir", into, source], check=True, env={**os.environ, **environment}, timeout=55
    )
    (wheel,) = into.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


def interpreters() -> Iterator[Path]:
    """One of each supported version that this machine has; that of the tests is among them."""
    yield Path(sys.executable)
    for version in PYTHONS:
        found = [Path(path) for path in (shutil.which(f"python{version}"),) if path]
        found += sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python{version}"))
        yield from (path for path in found if works(path))


def works(interpreter: Path) -> bool:
    """A name may stand for a version that is not there."""
    return subprocess.run([interpreter, "-c", ""], capture_output=True, check=False).returncode == 0


def unpacked(wheel: Path, into: Path) -> Path:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(into)
    return into


def test_one_wheel_for_all_versions(wheel: Path) -> None:
    assert wheel.name.startswith("voxwire_speedups-0.1.0-cp311-abi3-")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert {"voxwire_speedups/_native.abi3.so", "voxwire_speedups/_native.pyi", "voxwire_speedups/py.typed"} < {*names}
    assert any(name.endswith("/LICENSE") for name in names)


def test_it_uses_the_stable_interface_alone(wheel: Path) -> None:
    audit = [Path(sys.executable).with_name("abi3audit"), "--strict", "--summary", wheel]
    subprocess.run(audit, check=True, capture_output=True)


def test_it_runs_on_every_python_that_is_here(wheel: Path, tmp_path: Path) -> None:
    packages = unpacked(wheel, tmp_path)
    told = [
        subprocess.run(
            [interpreter, "-S", "-c", PROGRAM],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONPATH": str(packages), "PATH": os.environ["PATH"]},
        ).stdout.split()
        for interpreter in interpreters()
    ]
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in {version for version, *_ in told}
    assert {version for version, *_ in told} <= set(PYTHONS)
    assert len({tuple(kernels) for _, *kernels in told}) == 1


def test_without_a_compiler_it_installs_and_says_what_to_do(tmp_path: Path) -> None:
    wheel = build(tmp_path, CC="/bin/false")
    packages = unpacked(wheel, tmp_path / "packages")
    assert not list(packages.glob("**/*.so"))
    tried = subprocess.run(
        [sys.executable, "-S", "-c", "import voxwire_speedups"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(packages)},
    )
    assert tried.returncode == 1
    assert "no C compiler was found. Install GCC or Clang" in tried.stderr
