"""The table of roles and routes in docs/keys.md: a server is asked each route with a key of each role.

`python tests/server/admin/permission_matrix.py --write` puts it there.
"""

import asyncio
import os
import re
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2] / "shared")]

from echo_service import EchoService
from http_client import UPGRADE, request
from starlette.routing import Route

from voxwire.auth.management import KeyBook
from voxwire.config import Settings
from voxwire.runtime import AccessRole
from voxwire.server.app import create_app
from voxwire.server.net.run import running
from voxwire.storage.database import Database
from voxwire.testing.live_server import settings_for_tests

PAGE = Path(__file__).parents[3] / "docs" / "keys.md"
MARKS = "<!-- permissions: made by tests/server/admin/permission_matrix.py -->\n", "<!-- permissions: end -->\n"
#: Where WebSockets are opened, with a deployment that is there.
WEBSOCKETS = {
    "/v1/realtime": "/v1/realtime?model=gpt-realtime",
    "/openai/v1/realtime": "/openai/v1/realtime?model=gpt-realtime",
    "/openai/realtime": "/openai/realtime?api-version=2024-10-01-preview&deployment=gpt-realtime",
    "/openai/deployments/{deployment}/realtime": "/openai/deployments/gpt-realtime/realtime",
    "/voice-live/realtime": "/voice-live/realtime?api-version=2026-07-15&model=gpt-realtime",
}
NOBODY = "no key"


@dataclass(frozen=True, slots=True)
class Asked:
    """A route, and who may have it."""

    method: str
    path: str
    may: tuple[str, ...]


async def ask_all(settings: Settings) -> list[Asked]:
    """Ask a real server, on the database of these settings, which is empty."""
    database = Database(settings.storage)
    keys: dict[str, str | None] = {NOBODY: None}
    for role in AccessRole:
        issued = await KeyBook(database).create(project="local", name=role.value, roles=[role], by="test")
        keys[role.value] = issued.secret
    await database.close()
    app = create_app(settings, EchoService())
    async with running(app, settings) as url:
        asked = [await _ask_websocket(url, path, target, keys) for path, target in WEBSOCKETS.items()]
        for method, path in routes_of(app.routes):
            asked.append(await _ask(url, method, path, keys))
    return asked


def routes_of(routes: Iterable[Any]) -> list[tuple[str, str]]:
    """Method and path of each route, without HEAD and OPTIONS."""
    found = [(method, route) for route in routes if isinstance(route, Route) for method in sorted(route.methods or ())]
    return [(method, route.path) for method, route in found if method not in ("HEAD", "OPTIONS")]


async def _ask(url: str, method: str, path: str, keys: dict[str, str | None]) -> Asked:
    target = re.sub(r"\{[^}]*\}", "nothing-of-this-name", path)
    may = []
    for who, key in keys.items():
        headers = {"Content-Type": "application/json", **({"api-key": key} if key else {})}
        # Nobody's body: who may is told so, and nothing is changed.
        body = b'{"nothing": 1}' if method != "GET" else b""
        answer = await request(url, target, headers, method=method, body=body)
        if _let_in(answer.status, answer.error["code"] if answer.status in (401, 403) else None):
            may.append(who)
    return Asked(method, path, tuple(may))


async def _ask_websocket(url: str, path: str, target: str, keys: dict[str, str | None]) -> Asked:
    may = []
    for who, key in keys.items():
        answer = await request(url, target, {**UPGRADE, **({"api-key": key} if key else {})})
        if _let_in(answer.status, answer.error["code"] if answer.status != 101 else None):
            may.append(who)
    return Asked("WebSocket", path, tuple(may))


def _let_in(status: int, code: str | None) -> bool:
    """Whether an answer is that of somebody who may."""
    if status == 401:
        assert code == "missing_api_key", code
    elif status == 403:
        assert code == "permission_denied", code
    else:
        assert status < 500, status
        return True
    return False


def table(asked: list[Asked]) -> str:
    """The table, as Markdown."""
    columns = [NOBODY, *(role.value for role in AccessRole)]
    lines = [f"| route | {' | '.join(columns)} |", f"| --- | {' | '.join('---' for _ in columns)} |"]
    for one in asked:
        marks = ("yes" if who in one.may else "-" for who in columns)
        lines.append(f"| `{one.method} {one.path}` | {' | '.join(marks)} |")
    return "\n".join(lines) + "\n"


def written(page: str, made: str) -> str:
    """The page with this table."""
    before, _, rest = page.partition(MARKS[0])
    return f"{before}{MARKS[0]}{made}{MARKS[1]}{rest.partition(MARKS[1])[2]}"


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ["VOXWIRE_STORAGE__URL"] = f"sqlite:///{folder}/voxwire.db"
        made = table(asyncio.run(ask_all(settings_for_tests())))
    if "--write" in sys.argv:
        PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), made), encoding="utf-8")
    print(made)
