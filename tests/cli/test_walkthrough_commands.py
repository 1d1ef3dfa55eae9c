"""The commands of docs/walkthrough.md, typed one after the other into a shell beside a real server."""

import json
import os
import re
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest

from voxwire.testing.live_server import serve_process

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "walkthrough.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```sh\n(.+?)^```$", PAGE, re.MULTILINE | re.DOTALL)
#: Where the page has the id of a session that a list shows.
SESSION = "SESSION"
#: The server has within a second what the commands have written.
ASK_THE_SERVER = """python - <<'EOF' || true
import os
from urllib.request import Request, urlopen
url = os.environ["AZURE_OPENAI_ENDPOINT"] + "/v1/models"
print(urlopen(Request(url, headers={"api-key": os.environ["AZURE_OPENAI_API_KEY"]})).read())
EOF"""

pytestmark = [pytest.mark.timeout(180), pytest.mark.engines]


class Shell:
    """A terminal: what is exported stays."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self._state = folder / "exported"
        tools = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        known = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "OPENAI_"))}
        self._environment = {**known, **environment, "PATH": tools}

    def type(self, commands: str) -> str:
        """What they print. They must succeed."""
        before = f". {self._state}\n" if self._state.exists() else ""
        script = f"set -euo pipefail\n{before}{commands}\nexport -p > {self._state}\n"
        done = subprocess.run(
            ["bash", "-c", script], cwd=ROOT, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{commands}\n{done.stdout}{done.stderr}"
        return done.stdout

    def type_until(self, commands: str, wanted: str) -> str:
        """The same, again while the store does not have yet what has just ended."""
        until = time.monotonic() + 30
        while not re.search(wanted, printed := self.type(commands)):
            assert time.monotonic() < until, printed
        return printed


def test_every_command_of_the_page(tmp_path: Path) -> None:
    start, deployment, keys, keyless, with_key, usage, sessions, delete, tidy = BLOCKS
    store = {"VOXWIRE_STORAGE__URL": f"sqlite:///{tmp_path}/voxwire.db"}
    assert start.split()[:2] == ["voxwire", "serve"]
    with serve_process(*start.split()[2:], environment=store) as server:
        shell = Shell(tmp_path, {**server.environment, **store})
        shell.type(deployment)
        shell.type(keys)
        shell.type_until(ASK_THE_SERVER, "my-gpt4o")
        assert "Received text delta" in shell.type(keyless)
        spoken = shell.type(with_key.replace("answer.wav", str(tmp_path / "answer.wav")))
        assert spoken.count("84") >= 2
        shell.type_until(usage, r"my-gpt4o +3 ")
        listing, rest = sessions.split("\n", 1)
        shell.type_until(listing, r"(?s)ended.*ended.*ended")
        newest = json.loads(shell.type(f"{listing} --json"))[0]["id"]
        export = rest.replace("conversation.wav", str(tmp_path / "conversation.wav")).replace(SESSION, newest)
        assert "That is 84" in shell.type(export)
        with wave.open(str(tmp_path / "conversation.wav")) as sound:
            assert sound.getnchannels() == 2
        shell.type(delete.replace(SESSION, newest))
        assert newest not in shell.type(listing)
        shell.type(tidy)
        assert "my-gpt4o" not in shell.type("voxwire deployments list")
