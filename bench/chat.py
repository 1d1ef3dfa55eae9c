"""(f): what the `chat` engine costs.

The time from asking to the first token, in turns with a client that is nothing but a socket, against one endpoint; and
processor time at ten thousand deltas a second.
"""

import asyncio
import statistics
import time
from contextlib import aclosing
from typing import Any

from chat_endpoint import DELTAS
from servers import Server
from voxwire.engines.llm.chat.chat_options import VOICE_PREAMBLE
from voxwire.engines.llm.chat.engine import ChatEngine, engine
from voxwire.events.items import InputText, MessageItem, Role
from voxwire.interfaces.llm import LlmRequest, LlmText

_ITEM = MessageItem(role=Role.USER, content=(InputText(text="What is twelve times seven?"),))
_REQUEST = LlmRequest(instructions="Be kind.", items=(_ITEM,))
_BODY = b'{"model":"m","stream":true,"messages":[{"role":"system","content":"%s"}]}' % VOICE_PREAMBLE.encode()


class _RawClient:
    """Writes a request and waits for the first delta: the least that anybody can do."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self.writer = writer

    async def first_token_ms(self) -> float:
        began = time.perf_counter()
        head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: bench\r\nContent-Length: %d\r\n\r\n" % len(_BODY)
        self.writer.write(head + _BODY)
        await self._reader.readuntil(b'"content":')
        took = time.perf_counter() - began
        await self._reader.readuntil(b"\r\n0\r\n\r\n")
        return took * 1000


async def _first_token_ms(chat: ChatEngine) -> float:
    began, took = time.perf_counter(), 0.0
    async with aclosing(chat.respond(_REQUEST)) as answer:
        async for event in answer:
            if not took and isinstance(event, LlmText):
                took = time.perf_counter() - began
    return took * 1000


async def measure_chat(rounds: int) -> dict[str, Any]:
    """Medians over a hundred questions a round, in turns; and the share of a core at ten thousand deltas a second."""
    raw_times: list[float] = []
    our_times: list[float] = []
    with Server("chat") as server:
        chat = engine({"base_url": f"http://127.0.0.1:{server.port}/v1", "model": "m"})
        raw = _RawClient(*await asyncio.open_connection("127.0.0.1", server.port))
        for _ in range(rounds * 100):
            raw_times.append(await raw.first_token_ms())
            our_times.append(await _first_token_ms(chat))
        raw.writer.close()
        await chat.close()
        paced = engine({"base_url": f"http://127.0.0.1:{server.port}/v1/paced", "model": "m"})
        shares = [await _share_of_a_core(paced) for _ in range(rounds)]
        await paced.close()
    return {
        "f_raw_ms": statistics.median(raw_times),
        "f_chat_ms": statistics.median(our_times),
        "f_added_ms": statistics.median(our_times) - statistics.median(raw_times),
        "f_core_share": statistics.median(shares),
    }


async def _share_of_a_core(chat: ChatEngine) -> float:
    began, cpu, deltas = time.perf_counter(), time.process_time(), 0
    async with aclosing(chat.respond(_REQUEST)) as answer:
        async for event in answer:
            deltas += isinstance(event, LlmText)
    assert deltas == DELTAS
    # Per second of ten thousand deltas, however long the endpoint took to send them.
    assert time.perf_counter() - began < 60
    return (time.process_time() - cpu) / (deltas / 10_000)
