"""The page's modules: typed (JSDoc) as strictly as TypeScript checks, and tested without a page."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
CLIENT = ROOT / "clients" / "javascript"
#: The system's Node, unless ./test has put another one beside this interpreter.
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
OPTIONS = {
    "allowJs": True,
    "checkJs": True,
    "strict": True,
    "noUncheckedIndexedAccess": True,
    "noImplicitReturns": True,
    "noFallthroughCasesInSwitch": True,
    "noEmit": True,
    "target": "ES2023",
    "lib": ["ES2023", "DOM", "DOM.Iterable"],
    "module": "ESNext",
    "moduleResolution": "Bundler",
    "types": ["node"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The modules as the server serves them: the client's beside the page's."""
    shutil.copytree(ROOT / "src" / "voxwire" / "playground" / "static" / "js", tmp_path / "js")
    shutil.copytree(CLIENT / "src", tmp_path / "rt-client")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    return tmp_path


def run(*command: str | Path, folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PATH": PATH}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.clients
def test_types(folder: Path) -> None:
    compiler = CLIENT / "node_modules" / ".bin" / "tsc"
    if not compiler.exists():
        pytest.fail("The npm packages of clients/javascript are missing. Run ./test, which installs them.")
    (folder / "node_modules").symlink_to(CLIENT / "node_modules")
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS, "include": ["js"]}))
    run(compiler, "-p", folder, folder=folder)


@pytest.mark.clients
@pytest.mark.parametrize("tests", ["page.test.js", "manage.test.js"])
def test_modules(folder: Path, tests: str) -> None:
    node = shutil.which("node", path=PATH) or pytest.fail("node is missing. Run ./test, which installs it.")
    shutil.copy(HERE / tests, folder)
    run(node, "--test", tests, folder=folder)
