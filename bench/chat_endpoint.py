"""The chat endpoint of (f): a canned answer over HTTP, as quickly as a process can give it.

`POST /v1/chat/completions` answers with 20 deltas at once. `POST /v1/paced/chat/completions` streams deltas in steps
of a millisecond for two seconds, ten thousand a second.
"""

import asyncio
import sys

import uvloop

_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
_STEPS, _STEP_S, _PER_STEP = 2_000, 0.001, 10
DELTAS = _STEPS * _PER_STEP


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def _event(delta: bytes, finish: bytes = b"null") -> bytes:
    return _chunk(
        b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"m","choices":'
        b'[{"index":0,"delta":%s,"finish_reason":%s}]}\n\n' % (delta, finish)
    )


_DELTA = _event(b'{"content":" word"}')
_END = _event(b"{}", b'"stop"') + _chunk(b"data: [DONE]\n\n") + b"0\r\n\r\n"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = head.partition(b"content-length:")[2].split(b"\r\n", 1)[0]
            await reader.readexactly(int(length))
            writer.write(_HEAD)
            if b"/paced/" in head:
                await _pace(writer)
            else:
                writer.write(_DELTA * 20)
            writer.write(_END)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _pace(writer: asyncio.StreamWriter) -> None:
    clock = asyncio.get_running_loop()
    began = clock.time()
    for step in range(_STEPS):
        for _ in range(_PER_STEP):
            writer.write(_DELTA)  # each in a chunk of its own, as real servers send them
        await asyncio.sleep(began + (step + 1) * _STEP_S - clock.time())


async def _main() -> None:
    async with await asyncio.start_server(_serve, "127.0.0.1", int(sys.argv[1])) as server:
        await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(_main())
