"""Talk, and interrupt: microphone in, loudspeaker out. Ctrl-C ends the conversation.

When the user begins to speak, playback stops, and the service is told how much of its answer was heard.
Use headphones, or the service hears itself.
"""

import asyncio
import contextlib
from typing import Any

from connection import RATE, connected, run
from rtclient import InputAudioTranscription, ItemTruncateMessage, RTAudioContent, RTClient, RTInputAudioItem, ServerVAD

try:
    import sounddevice
except (ImportError, OSError) as error:  # the package, or the PortAudio library under it
    raise SystemExit(f"{error}. Type: pip install sounddevice; on Debian also: apt-get install libportaudio2") from None

BLOCK = RATE // 50


class Loudspeaker:
    """Plays what is queued, and knows how much of the newest answer was played."""

    def __init__(self) -> None:
        self.waiting = bytearray()
        self.content: RTAudioContent | None = None
        self.played = 0

    def callback(self, block: memoryview, frames: int, time: object, status: object) -> None:
        sound = bytes(self.waiting[: len(block)])
        del self.waiting[: len(block)]
        block[:] = sound.ljust(len(block), b"\0")
        self.played += len(sound)

    async def play(self, content: RTAudioContent) -> None:
        self.content, self.played = content, 0
        async for chunk in content.audio_chunks():
            if self.content is content:
                self.waiting += chunk

    async def stop(self, client: RTClient) -> None:
        content, self.content = self.content, None
        if content is not None and self.waiting:
            self.waiting.clear()
            heard_ms = self.played * 1000 // (2 * RATE)
            await client.send(
                ItemTruncateMessage(item_id=content.item_id, content_index=content.content_index, audio_end_ms=heard_ms)
            )


class Microphone:
    """Sends what the user says, as it is said."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.blocks = asyncio.Queue[bytes]()

    def callback(self, block: object, frames: int, time: object, status: object) -> None:
        self.loop.call_soon_threadsafe(self.blocks.put_nowait, bytes(block))  # type: ignore[call-overload]

    async def listen(self, client: RTClient) -> None:
        while True:
            await client.send_audio(await self.blocks.get())


async def show_question(item: RTInputAudioItem) -> None:
    await item
    print(f"You: {item.transcript}")


async def show_answer(content: RTAudioContent) -> None:
    print(f"Assistant: {''.join([piece async for piece in content.transcript_chunks()])}")


async def converse(client: RTClient, loudspeaker: Loudspeaker, tasks: asyncio.TaskGroup) -> None:
    async for event in client.events():
        if event.type == "input_audio":
            await loudspeaker.stop(client)
            tasks.create_task(show_question(event))
            continue
        async for item in event:
            if item.type == "message":
                async for content in item:
                    if content.type == "audio":
                        tasks.create_task(loudspeaker.play(content))
                        tasks.create_task(show_answer(content))


def sound(loudspeaker: Loudspeaker, microphone: Microphone) -> contextlib.ExitStack:
    """Both devices, running until they are closed."""
    devices = contextlib.ExitStack()
    shape: dict[str, Any] = {"samplerate": RATE, "blocksize": BLOCK, "channels": 1, "dtype": "int16"}
    try:
        devices.enter_context(sounddevice.RawOutputStream(**shape, callback=loudspeaker.callback))
        devices.enter_context(sounddevice.RawInputStream(**shape, callback=microphone.callback))
    except sounddevice.PortAudioError as error:
        devices.close()
        raise SystemExit(f"No microphone or no loudspeaker: {error}") from None
    return devices


async def main() -> None:
    loudspeaker, microphone = Loudspeaker(), Microphone()
    async with connected() as client:
        await client.configure(
            instructions="Be brief and friendly.",
            turn_detection=ServerVAD(),
            input_audio_transcription=InputAudioTranscription(model="whisper-1"),
        )
        with sound(loudspeaker, microphone):
            print("Speak. Ctrl-C ends the conversation.")
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(microphone.listen(client))
                await converse(client, loudspeaker, tasks)


run(main)
