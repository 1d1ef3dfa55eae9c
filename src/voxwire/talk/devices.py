"""The computer's own microphone and loudspeaker, through PortAudio (the extra `mic`).

Both carry the wire's own PCM16, mono, 24 kHz. PortAudio calls back on a thread of its own, so what
is shared with it stands behind a lock or goes through the event loop.
"""

import asyncio
import threading
import time
from collections import deque
from types import ModuleType
from typing import Any, Self

from voxwire.audio.pcm import PCM_RATE, AudioFormat
from voxwire.talk.outcome import UsageError
from voxwire.talk.question import FRAME_BYTES

FORMAT: dict[str, Any] = {"samplerate": PCM_RATE, "channels": 1, "dtype": "int16", "blocksize": FRAME_BYTES // 2}
#: Frames the microphone may be ahead of the network before the oldest is lost: two seconds.
MICROPHONE_FRAMES = 100
#: A room rings on after the loudspeaker falls silent; a microphone beside it stays off this long.
ECHO_S = 0.3


def portaudio() -> ModuleType:
    """The sounddevice module; raises UsageError saying what to install."""
    try:
        import sounddevice
    except ImportError as error:
        raise UsageError("Sound devices need one more package. Type: pip install 'voxwire[mic]'") from error
    except OSError as error:
        raise UsageError(
            "Sound devices need the PortAudio library. Type: sudo apt-get install libportaudio2"
        ) from error
    module: ModuleType = sounddevice
    return module


class Loudspeaker:
    """Plays the audio of items one after the other. To be made and used in the event loop's thread."""

    def __init__(self, sound: ModuleType) -> None:
        self._loop = asyncio.get_running_loop()
        self._silent = asyncio.Event()
        self._silent.set()
        self._lock = threading.Lock()
        self._pending: deque[tuple[str, bytearray]] = deque()
        self._heard: tuple[str, int] = ("", 0)  # the item that was played last, and how many bytes of it
        self._last_sound = float("-inf")
        try:
            self._stream = sound.RawOutputStream(callback=self._fill, **FORMAT)
            self._stream.start()
        except sound.PortAudioError as error:
            raise UsageError(f"The loudspeaker cannot be used: {error}.") from error

    @property
    def audible(self) -> bool:
        """Whether a microphone beside it would hear it now."""
        return not self._silent.is_set() or time.monotonic() - self._last_sound < ECHO_S

    def play(self, item_id: str, pcm: bytes) -> None:
        with self._lock:
            if self._pending and self._pending[-1][0] == item_id:
                self._pending[-1][1].extend(pcm)
            else:
                self._pending.append((item_id, bytearray(pcm)))
        self._silent.clear()

    def interrupt(self) -> tuple[str, int] | None:
        """Drop what is not yet played; the item that was playing and the milliseconds of it that were heard."""
        with self._lock:
            if not self._pending:
                return None
            item_id = self._pending[0][0]
            self._pending.clear()
            heard = self._heard[1] if self._heard[0] == item_id else 0
        self._silent.set()
        return item_id, int(AudioFormat.PCM16.duration_ms(heard))

    async def drained(self) -> None:
        """Wait until everything has been played."""
        await self._silent.wait()

    def _fill(self, out: Any, frames: int, timing: Any, status: Any) -> None:
        """PortAudio wants the next samples; runs on its thread."""
        size = frames * 2
        chunk = bytearray()
        with self._lock:
            while self._pending and len(chunk) < size:
                item_id, audio = self._pending[0]
                piece = audio[: size - len(chunk)]
                del audio[: len(piece)]
                chunk += piece
                before = self._heard[1] if self._heard[0] == item_id else 0
                self._heard = (item_id, before + len(piece))
                if not audio:
                    self._pending.popleft()
            finished = bool(chunk) and not self._pending
        out[:] = bytes(chunk.ljust(size, b"\0"))
        if chunk:
            self._last_sound = time.monotonic()
        if finished:
            self._loop.call_soon_threadsafe(self._settle)

    def _settle(self) -> None:
        with self._lock:
            if not self._pending:
                self._silent.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stream.close()


class Microphone:
    """Iterating yields frames of `FRAME_BYTES` as they are captured. To be made in the event loop's thread."""

    def __init__(self, sound: ModuleType) -> None:
        self._loop = asyncio.get_running_loop()
        self._frames: asyncio.Queue[bytes] = asyncio.Queue(MICROPHONE_FRAMES)
        try:
            self._stream = sound.RawInputStream(callback=self._captured, **FORMAT)
            self._stream.start()
        except sound.PortAudioError as error:
            raise UsageError(f"The microphone cannot be used: {error}.") from error

    def _captured(self, frame: Any, frames: int, timing: Any, status: Any) -> None:
        """PortAudio captured samples; runs on its thread."""
        self._loop.call_soon_threadsafe(self._keep, bytes(frame))

    def _keep(self, frame: bytes) -> None:
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(frame)

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        return await self._frames.get()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stream.close()
