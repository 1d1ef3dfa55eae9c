"""HTTP by hand, to see exactly what the server answers to exactly what is sent."""

import asyncio
import json
import ssl
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def error(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/json"
        error: dict[str, Any] = json.loads(self.body)["error"]
        assert error.keys() == {"message", "type", "param", "code"}
        return error


async def connect(url: str, tls: ssl.SSLContext | None = None) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    parts = urlsplit(url)
    return await asyncio.open_connection(parts.hostname, parts.port, ssl=tls)


async def request(
    url: str, target: str, headers: dict[str, str] | None = None, *, method: str = "GET", body: bytes = b""
) -> Answer:
    """One request with exactly these headers, plus Host and Connection where they are not given."""
    sent = {"Host": urlsplit(url).netloc, "Connection": "close", **(headers or {})}
    if body:
        sent.setdefault("Content-Length", str(len(body)))
    head = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in sent.items() if value is not None)]
    reader, writer = await connect(url)
    try:
        writer.write("\r\n".join([*head, "", ""]).encode("latin-1") + body)
        return await read_answer(reader, bodiless=method == "HEAD")
    finally:
        writer.close()


async def read_answer(reader: asyncio.StreamReader, *, bodiless: bool = False) -> Answer:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, *lines = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    length = 0 if bodiless else int(headers.get("content-length", "0"))
    return Answer(int(status.split()[1]), headers, await reader.readexactly(length))


async def handshake(url: str, target: str, headers: dict[str, str] | None = None) -> Answer:
    """A WebSocket handshake by hand."""
    return await request(url, target, {**UPGRADE, **(headers or {})})
