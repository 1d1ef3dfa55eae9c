"""A real moderation endpoint, in both shapes: it flags texts with a word in them, and misbehaves when told to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any


class ModerationServer:
    """`asked` are the texts that came. `way` is how it answers: `well`, `slow`, `broken` (500), `huge`, `garbage`."""

    def __init__(self, bad: str = "poison") -> None:
        self.url = ""
        self.asked: list[str] = []
        self.way = "well"
        self.delay_s = 0.0
        self._bad = bad

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ModerationServer"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(
                int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-l")
            )
            body = json.loads(await reader.readexactly(length))
            is_openai = head.split()[1].endswith("/moderations")
            text = body["input" if is_openai else "text"]
            self.asked.append(text)
            await asyncio.sleep(self.delay_s)
            if self.way == "slow":
                await asyncio.sleep(3600)
            answer = self._answer(self._bad in text, is_openai)
            status = "500 Oops" if self.way == "broken" else "200 OK"
            writer.write(f"HTTP/1.1 {status}\r\ncontent-length: {len(answer)}\r\nconnection: close\r\n\r\n".encode())
            writer.write(answer)
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _answer(self, flagged: bool, is_openai: bool) -> bytes:
        if self.way == "huge":
            return b'{"flagged": false, "categories": ["' + b"x" * 3_000_000 + b'"]}'
        if self.way == "garbage":
            return b"<html>"
        if is_openai:
            result: dict[str, Any] = {"flagged": flagged, "categories": {"violence": flagged, "hate": False}}
            return json.dumps({"id": "modr-1", "model": "m", "results": [result]}).encode()
        return json.dumps({"flagged": flagged, "categories": ["threat"] if flagged else []}).encode()
