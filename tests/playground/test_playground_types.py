"""The page's modules are typed (JSDoc), checked as strictly as TypeScript can."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "javascript"
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


@pytest.mark.clients
def test_types(tmp_path: Path) -> None:
    """As the server serves them: the client's modules beside the page's."""
    shutil.copytree(ROOT / "src" / "voxwire" / "playground" / "static" / "js", tmp_path / "js")
    shutil.copytree(CLIENT / "src", tmp_path / "rt-client")
    (tmp_path / "node_modules").symlink_to(CLIENT / "node_modules")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS, "include": ["js"]}))
    checked = subprocess.run(
        [CLIENT / "node_modules" / ".bin" / "tsc", "-p", tmp_path], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
