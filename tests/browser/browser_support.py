"""What tests of pages share besides fixtures: the types of those, and a server of files."""

import contextlib
import functools
import http.server
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from pathlib import Path

from playwright.async_api import Browser

ROOT = Path(__file__).parents[2]

#: What the fixtures `launch` and `recording` are.
Launch = Callable[..., AbstractAsyncContextManager[Browser]]
Recording = Callable[..., Path]


class _Files(http.server.SimpleHTTPRequestHandler):
    """A folder, with headers of one's own."""

    def __init__(self, *args: object, headers: Mapping[str, str], **options: object) -> None:
        self._headers = headers
        super().__init__(*args, **options)  # type: ignore[arg-type]

    def end_headers(self) -> None:
        for name, value in self._headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """The browser's own messages tell more."""


@contextlib.contextmanager
def static_server(folder: Path, headers: Mapping[str, str]) -> Iterator[str]:
    """Serve the files of a folder; yields the address."""
    handler = functools.partial(_Files, directory=str(folder), headers=headers)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="static files")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
