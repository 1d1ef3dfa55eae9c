"""Frames of the microphone, marked where they leave the audio thread and looked at where they arrive.

A relay in front of a server tells of each WebSocket message of the browser.
"""

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

from websockets.frames import DATA_OPCODES, Frame
from websockets.http11 import Request
from websockets.server import ServerProtocol

#: Gets the payload of a message, and when it was here: `time.time()`, the clock of JavaScript's `Date.now()`.
Listener = Callable[[bytes, float], None]


#: Loaded into every audio thread before its own modules, which are as they are. A page's policy has to allow it.
_MARK = """
{
  const mark = `
    let frames = 0;
    const post = MessagePort.prototype.postMessage;
    MessagePort.prototype.postMessage = function (message, ...rest) {
      if (message instanceof Uint8Array) {
        const view = new DataView(message.buffer);
        MARK;
        frames++;
      }
      return post.call(this, message, ...rest);
    };`;
  const { addModule } = AudioWorklet.prototype;
  AudioWorklet.prototype.addModule = async function (url) {
    await addModule.call(this, URL.createObjectURL(new Blob([mark], { type: "text/javascript" })));
    return addModule.call(this, url);
  };
}
"""


def marking(statement: str) -> str:
    """A script for a page: `statement` writes into each frame of PCM16, through `view`; `frames` counts them."""
    return _MARK.replace("MARK", statement)


def appended(message: bytes) -> bytes | None:
    """The audio of an `input_audio_buffer.append`; None of another event."""
    event = json.loads(message)
    return base64.b64decode(event["audio"]) if event["type"] == "input_audio_buffer.append" else None


@contextlib.asynccontextmanager
async def tapped(url: str, listener: Listener) -> AsyncIterator[str]:
    """Relay TCP connections, HTTP and WebSocket, to the server at `url`; yields the relay's address."""
    target = urlsplit(url)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        from_server, to_server = await asyncio.open_connection(target.hostname, target.port)
        # Reads along; what it would answer is not sent.
        protocol = ServerProtocol()
        is_websocket = True

        def read_along(data: bytes, at: float) -> None:
            nonlocal is_websocket
            if not is_websocket:
                return
            protocol.receive_data(data)
            for event in protocol.events_received():
                if isinstance(event, Request):
                    is_websocket = "Upgrade" in event.headers
                elif isinstance(event, Frame) and event.opcode in DATA_OPCODES:
                    listener(bytes(event.data), at)
            if is_websocket and protocol.parser_exc:
                raise protocol.parser_exc

        try:
            async with asyncio.TaskGroup() as both:
                both.create_task(_forward(reader, to_server, read_along))
                both.create_task(_forward(from_server, writer))
        finally:
            to_server.close()
            writer.close()

    server = await asyncio.start_server(relay, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def _forward(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener: Listener | None = None
) -> None:
    # A browser that closes resets what is still on its way.
    with contextlib.suppress(OSError):
        while data := await reader.read(65536):
            if listener:
                listener(data, time.time())
            writer.write(data)
            await writer.drain()
        writer.write_eof()
