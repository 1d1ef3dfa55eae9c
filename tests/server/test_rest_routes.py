"""REST routes of a declaration: who may, what they may say, and how they are told what is wrong."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Any
from urllib.parse import quote

import pytest
from echo_service import EchoService
from http_client import Answer, connect, read_answer, request
from pydantic import Field

from voxwire.auth import NetworkPolicy, check_permission
from voxwire.config import ResourceName
from voxwire.errors import RequestRefused
from voxwire.runtime import AccessRole, Permission, Principal
from voxwire.server.app import create_app
from voxwire.server.middleware import MAX_BODY_BYTES
from voxwire.server.net.run import running
from voxwire.server.rest import ListOf, ListQuery, RestCall, RestModel, RestReply, RestRoute, json_body, list_page
from voxwire.server.rest.rest_serving import rest_routes
from voxwire.testing.live_server import settings_for_tests
from voxwire.transports.request import Request

JSON = {"Content-Type": "application/json"}


class Shade(RestModel):
    depth: int
    tags: tuple[str, ...] = ()


class Colour(RestModel):
    name: ResourceName
    red: Annotated[int, Field(ge=0, le=255)] = 0
    shade: Shade | None = None
    notes: Annotated[dict[str, Any], Field(default_factory=dict)]


class Colours:
    """What is made is kept; `touched` counts handlers that ran."""

    def __init__(self) -> None:
        self.made: dict[str, Colour] = {}
        self.touched = 0

    async def list(self, call: RestCall[ListQuery]) -> ListOf[Colour]:
        return list_page(sorted(self.made.values(), key=lambda one: one.name), call.query, lambda one: one.name)

    async def create(self, call: RestCall[None], body: Colour) -> RestReply:
        self.touched += 1
        self.made[body.name] = body
        return RestReply(content=body, headers={"etag": '"1"'})

    async def show(self, call: RestCall[None]) -> Colour:
        self.touched += 1
        return self.made[call.names["name"]]

    async def delete(self, call: RestCall[None]) -> None:
        self.touched += 1
        del self.made[call.names["name"]]

    def declarations(self) -> Sequence[RestRoute]:
        read, manage = Permission.READ_USAGE, Permission.MANAGE_DEPLOYMENTS
        return [
            RestRoute("GET", "/t/colours", read, "List", self.list, query=ListQuery, answer=ListOf[Colour]),
            RestRoute("POST", "/t/colours", manage, "Make", self.create, body=Colour, answer=Colour, status=201),
            RestRoute("GET", "/t/colours/{name}", read, "Show", self.show, answer=Colour),
            RestRoute("DELETE", "/t/colours/{name}", manage, "Delete", self.delete),
        ]


async def admit(request: Request, permission: Permission) -> Principal:
    """The key is the role."""
    key = request.headers.get("api-key")
    if key is None:
        raise RequestRefused(401, "An API key is needed.", code="missing_api_key")
    principal = Principal(id="tester", roles=frozenset({AccessRole(key)}))
    check_permission(principal, permission)
    return principal


class Server:
    def __init__(self, url: str, colours: Colours) -> None:
        self.url = url
        self.colours = colours

    async def ask(
        self,
        method: str,
        target: str,
        body: Any = None,
        key: str | None = "owner",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        sent = {**JSON, **(headers or {})} if body is not None else {**(headers or {})}
        if key is not None:
            sent["api-key"] = key
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return await request(self.url, target, sent, method=method, body=data)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    colours = Colours()
    settings = settings_for_tests(auth={"allowed_origins": ["https://app.example"]})
    app = create_app(settings, EchoService())
    policy = NetworkPolicy(keyed=lambda: True, allowed_origins=settings.auth.allowed_origins)
    app.router.routes.extend(rest_routes(colours.declarations(), admit, policy))
    async with running(app, settings) as url:
        yield Server(url, colours)


class TestWhoMay:
    async def test_without_a_credential_nobody(self, server: Server) -> None:
        answer = await server.ask("GET", "/t/colours", key=None)
        assert (answer.status, answer.error["code"]) == (401, "missing_api_key")

    async def test_the_role_that_is_missing_is_named(self, server: Server) -> None:
        answer = await server.ask("POST", "/t/colours", {"name": "red"}, key="reader")
        assert answer.status == 403
        assert answer.error["code"] == "permission_denied"
        assert "manage-deployments" in answer.error["message"]
        assert "contributor, owner" in answer.error["message"]
        assert not server.colours.touched

    async def test_with_it_things_change(self, server: Server) -> None:
        answer = await server.ask("POST", "/t/colours", {"name": "red", "red": 255}, key="contributor")
        assert answer.status == 201
        assert json.loads(answer.body) == {"name": "red", "red": 255, "shade": None, "notes": {}}
        assert answer.headers["etag"] == '"1"'
        assert answer.headers["cache-control"] == "no-store"
        assert (await server.ask("GET", "/t/colours/red", key="reader")).status == 200
        gone = await server.ask("DELETE", "/t/colours/red")
        assert (gone.status, gone.body) == (204, b"")

    async def test_a_role_is_asked_for_before_the_body_is_read(self, server: Server) -> None:
        answer = await server.ask("POST", "/t/colours", b"{", key="user")
        assert answer.status == 403


class TestPages:
    """A browser sends what pages of strangers tell it to."""

    @pytest.mark.parametrize(
        "origin", ["https://evil.example", "null", "http://127.0.0.1:1", "https://app.example.evil"]
    )
    async def test_of_a_foreign_origin_change_nothing(self, server: Server, origin: str) -> None:
        answer = await server.ask("POST", "/t/colours", {"name": "red"}, headers={"Origin": origin})
        assert (answer.status, answer.error["code"]) == (403, "origin_not_allowed")
        assert not server.colours.touched

    async def test_of_this_server_and_of_those_listed_may(self, server: Server) -> None:
        for origin in (server.url, "https://app.example"):
            assert (await server.ask("POST", "/t/colours", {"name": "red"}, headers={"Origin": origin})).status == 201


class TestBody:
    @pytest.mark.parametrize(
        ("body", "param", "code"),
        [
            ({}, "name", "missing_required_parameter"),
            ({"name": "red", "rde": 1}, "rde", "unknown_parameter"),
            ({"name": "red", "red": 256}, "red", "invalid_value"),
            ({"name": "red", "red": "much"}, "red", "invalid_type"),
            ({"name": "red", "shade": {"depth": 1, "tags": ["a", 2]}}, "shade.tags.1", "invalid_type"),
            ({"name": "red", "shade": {"depth": 1, "width": 1}}, "shade.width", "unknown_parameter"),
            ([], None, "invalid_json"),
            (b"{", None, "invalid_json"),
            (b'{"name": "a", "name": "b"}', None, "invalid_json"),
            (b'{"name": "a", "red": NaN}', None, "invalid_json"),
            (b'{"name": "\xff"}', None, "invalid_json"),
            (b"[" * 100_000, None, "invalid_json"),
            ({"name": "a", "notes": {"x": "\ud800"}}, "notes", "invalid_value"),
            ({"name": "a", "notes": {"\0": 1}}, "notes", "invalid_value"),
            ({"name": "a", "\ud800": 1}, None, "invalid_value"),
            (b'{"name": "a", "notes": {"x": 1e400}}', "notes", "invalid_value"),
            (b'{"name": "a", "notes": {"x": ' + b"[" * 300 + b"]" * 300 + b"}}", "notes", "invalid_value"),
        ],
        ids=lambda value: str(value)[:30],
    )
    async def test_what_is_wrong_is_named(self, server: Server, body: Any, param: str | None, code: str) -> None:
        answer = await server.ask("POST", "/t/colours", body)
        assert (answer.status, answer.error["param"], answer.error["code"]) == (400, param, code)
        assert not server.colours.touched

    async def test_a_large_one_is_read_as_well(self, server: Server) -> None:
        shade = {"depth": 1, "tags": ["t" * 100] * 5000}
        assert (await server.ask("POST", "/t/colours", {"name": "red", "shade": shade})).status == 201
        wrong = await server.ask("POST", "/t/colours", {"name": "red", "shade": {**shade, "x": 1}})
        assert wrong.error["param"] == "shade.x"

    @pytest.mark.parametrize(
        "headers",
        [{"Content-Type": "text/plain"}, {"Content-Type": ""}, {"Content-Encoding": "gzip"}],
        ids=["text", "none", "gzip"],
    )
    async def test_only_json(self, server: Server, headers: dict[str, str]) -> None:
        answer = await server.ask("POST", "/t/colours", {"name": "red"}, headers=headers)
        assert (answer.status, answer.error["code"]) == (415, "unsupported_media_type")

    async def test_one_of_undeclared_length_is_bounded(self, server: Server) -> None:
        reader, writer = await connect(server.url)
        head = "POST /t/colours HTTP/1.1\r\nHost: localhost\r\napi-key: owner\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
        piece = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
        writer.write(piece * (MAX_BODY_BYTES // 0x10000 + 1))
        answer = await read_answer(reader)
        writer.close()
        assert (answer.status, answer.error["code"]) == (413, "request_too_large")
        assert not server.colours.touched

    async def test_one_in_pieces_is_read(self, server: Server) -> None:
        reader, writer = await connect(server.url)
        head = "POST /t/colours HTTP/1.1\r\nHost: localhost\r\napi-key: owner\r\nContent-Type: application/json\r\n"
        writer.write(f'{head}Transfer-Encoding: chunked\r\n\r\n8\r\n{{"name":\r\n6\r\n"red"}}\r\n0\r\n\r\n'.encode())
        assert (await read_answer(reader)).status == 201
        writer.close()

    async def test_a_slow_one_is_not_waited_for(self, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(json_body, "BODY_TIMEOUT_S", 0.05)
        reader, writer = await connect(server.url)
        head = "POST /t/colours HTTP/1.1\r\nHost: localhost\r\napi-key: owner\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: 20\r\n\r\n{{".encode())
        answer = await read_answer(reader)
        assert (answer.status, answer.error["code"]) == (408, "request_timeout")
        assert await asyncio.wait_for(reader.read(), 3) == b""  # nothing holds the connection any more
        writer.close()


#: What somebody may try to smuggle in under a name.
HOSTILE = [
    "../etc/passwd", "..", ".hidden", "a/b", "a\\b", "x'; DROP TABLE deployment;--", 'x" OR 1=1', "a\r\nX-Evil: 1",
    "a\x00b", "a b", "gpt-4\u043e", "\uff47pt", "gpt\u200b", "é", "", "a" * 65, "-rf", "%2e%2e", "$(id)", "a\n",
]  # fmt: skip


class TestNames:
    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    async def test_hostile_ones_are_refused_in_a_body(self, server: Server, name: str) -> None:
        answer = await server.ask("POST", "/t/colours", {"name": name})
        assert (answer.status, answer.error["param"], answer.error["code"]) == (400, "name", "invalid_value")
        assert not server.colours.made

    @pytest.mark.parametrize("name", HOSTILE, ids=ascii)
    async def test_hostile_ones_are_refused_in_a_path(self, server: Server, name: str) -> None:
        answer = await server.ask("DELETE", f"/t/colours/{quote(name, safe='')}")
        assert answer.status in (400, 404, 405)  # with a slash, another path
        assert not server.colours.touched
        assert "x-evil" not in answer.headers


class TestLists:
    async def test_come_in_pages(self, server: Server) -> None:
        for name in ("c", "a", "b"):
            await server.ask("POST", "/t/colours", {"name": name})
        first = json.loads((await server.ask("GET", "/t/colours?limit=2")).body)
        assert [one["name"] for one in first["data"]] == ["a", "b"]
        assert (first["object"], first["has_more"], first["last_id"]) == ("list", True, "b")
        rest = json.loads((await server.ask("GET", f"/t/colours?limit=2&after={first['last_id']}")).body)
        assert [one["name"] for one in rest["data"]] == ["c"]
        assert not rest["has_more"]

    @pytest.mark.parametrize(
        "query", ["limit=0", "limit=1001", "limit=x", "lmit=1", "after=%2F", "limit=1&limit=2", "after=%00", "%00=1"]
    )
    async def test_what_is_wrong_in_a_query_is_refused(self, server: Server, query: str) -> None:
        answer = await server.ask("GET", f"/t/colours?{query}")
        assert answer.status == 400

    async def test_what_azures_clients_send_everywhere_is_no_mistake(self, server: Server) -> None:
        assert (await server.ask("GET", "/t/colours?api-version=2024-10-01")).status == 200
        assert (await server.ask("GET", "/t/colours/x?x-ms-client-request-id=1")).status == 500  # there is no x


async def test_methods_that_are_possible_are_listed(server: Server) -> None:
    answer = await server.ask("PUT", "/t/colours")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")


async def test_a_client_that_leaves_in_mid_body_changes_nothing(server: Server) -> None:
    reader, writer = await connect(server.url)
    head = "POST /t/colours HTTP/1.1\r\nHost: localhost\r\napi-key: owner\r\nContent-Type: application/json\r\n"
    writer.write(f'{head}Content-Length: 100\r\n\r\n{{"name":'.encode())
    await writer.drain()
    writer.close()
    await asyncio.wait_for(reader.read(), 5)
    assert (await server.ask("GET", "/t/colours")).status == 200
    assert not server.colours.touched
