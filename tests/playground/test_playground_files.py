"""The playground's files: all there, and complete once installed from a wheel."""

import gzip
import hashlib
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

from voxwire.playground import StaticFile, static_files

ROOT = Path(__file__).parents[2]
#: What a browser downloads before the page works, compressed (issue: 150 kB).
MOST_BYTES = 150_000
#: Each page and the module that it begins with.
PAGES = {"index.html": "js/main.js", "manage.html": "js/manage/main.js"}


def imports(name: str, source: str, *, later: bool) -> list[str]:
    """The modules that a module imports, as paths of the playground; `later`: also those that it loads when needed."""
    found = re.findall(r'(?:^|[\s}])from\s+"(\.[^"]+)"|^import\s+"(\.[^"]+)"', source, re.MULTILINE)
    paths = [a or b for a, b in found]
    if later:
        paths += re.findall(r'\bimport\("(\.[^"]+)"\)', source)
    return [_joined(PurePosixPath(name).parent, path) for path in paths]


def _joined(folder: PurePosixPath, relative: str) -> str:
    parts: list[str] = list(folder.parts)
    for part in PurePosixPath(relative).parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def reachable(page: str = "index.html", *, later: bool = True) -> set[str]:
    """Everything that a page loads; without `later`, only what it is not ready without."""
    files = static_files()
    html = files[page].content.decode()
    waiting = [link.removeprefix("playground/") for link in re.findall(r'(?:src|href)="(playground/[^"]+)"', html)]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        found.add(name)
        if name.endswith(".js"):
            waiting += imports(name, _code(files[name]), later=later)
    return found


def _code(file: StaticFile) -> str:
    return re.sub(r"/\*.*?\*/", "", file.content.decode(), flags=re.DOTALL)


def entries() -> set[str]:
    """What `rt-client` exports to everybody, as paths of the playground."""
    exports = json.loads((ROOT / "clients" / "javascript" / "package.json").read_text(encoding="utf-8"))["exports"]
    modules = [entry["default"] for entry in exports.values() if isinstance(entry, dict)]
    return {module.replace("./src/", "rt-client/") for module in modules}


@pytest.mark.parametrize(("page", "main"), PAGES.items())
def test_everything_that_a_page_loads_is_there(page: str, main: str) -> None:
    names = reachable(page)
    assert main in names
    assert names <= static_files().keys()


def test_every_file_belongs_to_a_page() -> None:
    loaded = {name for page in PAGES for name in reachable(page)}
    own = {name for name in static_files() if not name.startswith("rt-client/")}
    assert own - loaded == PAGES.keys()
    assert any(name.startswith("rt-client/") for name in loaded)


def test_of_rt_client_the_page_names_only_what_it_exports() -> None:
    """Its modules import the entries that every page may import, and take types from there, too."""
    named: dict[str, set[str]] = {}
    for name, file in static_files().items():
        if not name.startswith("rt-client/"):
            for module in re.findall(r"""["'`][^"'`\s]*(rt-client/[^"'`]+)["'`]""", file.content.decode()):
                named.setdefault(module, set()).add(name)
    assert "rt-client/low-level.js" in named
    assert {module: names for module, names in named.items() if module not in entries()} == {}


@pytest.mark.parametrize("page", PAGES)
def test_nothing_is_loaded_from_elsewhere_or_inline(page: str) -> None:
    html = static_files()[page].content.decode()
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', html)
    assert "<style" not in html
    assert not re.search(r"<script(?![^>]*\ssrc=)", html)
    assert not re.search(r"\s(on[a-z]+|style)=", html)


@pytest.mark.parametrize("page", PAGES)
def test_first_load_is_small(page: str) -> None:
    files = static_files()
    total = len(files[page].gzipped) + sum(len(files[name].gzipped) for name in reachable(page))
    print(f"{page}: {total} bytes compressed, {len(reachable(page)) + 1} files")
    assert total < MOST_BYTES


def test_compressed_is_the_same_content() -> None:
    for file in static_files().values():
        assert gzip.decompress(file.gzipped) == file.content


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    subprocess.run([*command, "--no-build-isolation"], check=True)
    [built] = folder.glob("*.whl")
    return built


#: Serves the package in the working directory on fake engines, and prints where it is from and what it served.
SERVE = """
import asyncio, hashlib, sys, urllib.request
sys.path.insert(0, ".")
from voxwire.playground import static_files
from voxwire.testing.live_server import served

async def main():
    async with served() as url:
        for name in static_files():
            body = (await asyncio.to_thread(urllib.request.urlopen, f"{url}/playground/{name}")).read()
            print(name, hashlib.sha256(body).hexdigest())

print(sys.modules["voxwire"].__file__)
asyncio.run(main())
"""


def test_a_wheel_serves_all_of_it(wheel: Path, tmp_path: Path) -> None:
    """Unpacked far from the checkout, and without Node on the path."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path)
    found = subprocess.run(
        [sys.executable, "-c", SERVE], check=True, capture_output=True, text=True, cwd=tmp_path, env={"PATH": ""}
    )
    origin, *lines = found.stdout.splitlines()
    assert Path(origin).resolve().is_relative_to(tmp_path.resolve())
    expected = {name: hashlib.sha256(file.content).hexdigest() for name, file in static_files().items()}
    assert dict(line.split(" ") for line in lines) == expected


@pytest.mark.parametrize(("page", "main"), PAGES.items())
def test_what_a_page_needs_to_be_ready_is_announced(page: str, main: str) -> None:
    """Otherwise the browser finds modules one import after another: six round trips instead of three.

    Of `rt-client` the entry is announced; what is behind it is found there, while the page's own modules come.
    """
    html = static_files()[page].content.decode()
    announced = re.findall(r'<link rel="modulepreload" href="playground/([^"]+)"', html)
    modules = {name for name in reachable(page, later=False) if name.endswith(".js")} - {main}
    own = {name for name in modules if name.startswith("js/")}
    assert announced == sorted(own | (modules & entries()))
    # The rest of them would only delay these.
    assert reachable(page) - modules > {main}
