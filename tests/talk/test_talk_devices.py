"""Microphone and loudspeaker, with a PortAudio that the tests drive."""

import asyncio
import sys
import types
from collections.abc import Callable
from typing import Any

import pytest

from voxwire.talk import devices
from voxwire.talk.devices import FRAME_BYTES, Loudspeaker, Microphone, portaudio
from voxwire.talk.outcome import UsageError


class Stream:
    """Stands for `RawInputStream` and `RawOutputStream`."""

    def __init__(self, callback: Callable[..., None], **settings: Any) -> None:
        self.callback = callback
        self.settings = settings
        self.running = False
        self.closed = False

    def start(self) -> None:
        self.running = True

    def close(self) -> None:
        self.closed = True

    def pull(self, samples: int) -> bytes:
        """What PortAudio would play next."""
        out = bytearray(samples * 2)
        self.callback(memoryview(out), samples, None, None)
        return bytes(out)


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> types.ModuleType:
    module = types.ModuleType("sounddevice")
    module.streams = []  # type: ignore[attr-defined]

    def make(**settings: Any) -> Stream:
        module.streams.append(Stream(**settings))  # type: ignore[attr-defined]
        return module.streams[-1]  # type: ignore[attr-defined,no-any-return]

    module.RawInputStream = module.RawOutputStream = make  # type: ignore[attr-defined]
    module.PortAudioError = type("PortAudioError", (Exception,), {})  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sounddevice", module)
    return module


class TestPortAudio:
    def test_is_used_when_present(self, sound: types.ModuleType) -> None:
        assert portaudio() is sound

    def test_a_missing_package_is_named(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "sounddevice", None)
        with pytest.raises(UsageError, match=r"pip install 'voxwire\[mic\]'"):
            portaudio()

    def test_a_missing_library_is_named(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
        (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')")
        monkeypatch.delitem(sys.modules, "sounddevice", raising=False)
        monkeypatch.syspath_prepend(tmp_path)
        with pytest.raises(UsageError, match="apt-get install libportaudio2"):
            portaudio()


class TestLoudspeaker:
    async def test_plays_items_in_order_then_silence(self, sound: Any) -> None:
        with Loudspeaker(sound) as speaker:
            (stream,) = sound.streams
            assert (stream.settings["samplerate"], stream.settings["channels"], stream.running) == (24_000, 1, True)
            speaker.play("a", b"\1\1\2\2")
            speaker.play("a", b"\3\3")
            speaker.play("b", b"\4\4")
            assert stream.pull(2) == b"\1\1\2\2"
            assert stream.pull(4) == b"\3\3\4\4\0\0\0\0"
        assert stream.closed

    async def test_drained_when_all_was_heard(self, sound: Any) -> None:
        with Loudspeaker(sound) as speaker:
            await speaker.drained()
            speaker.play("a", bytes(480))
            waiting = asyncio.create_task(speaker.drained())
            sound.streams[0].pull(120)
            await asyncio.sleep(0)
            assert not waiting.done()
            await asyncio.to_thread(sound.streams[0].pull, 120)
            await waiting

    async def test_interrupting_says_how_much_was_heard(self, sound: Any) -> None:
        with Loudspeaker(sound) as speaker:
            assert speaker.interrupt() is None
            speaker.play("a", bytes(48 * 100))
            sound.streams[0].pull(24 * 100)
            speaker.play("b", bytes(48 * 300))
            sound.streams[0].pull(24 * 120)
            assert speaker.interrupt() == ("b", 120)
            assert sound.streams[0].pull(1) == b"\0\0"
            assert speaker.interrupt() is None
            await speaker.drained()

    async def test_a_microphone_hears_it_a_little_longer(self, sound: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        now = 100.0
        monkeypatch.setattr(devices.time, "monotonic", lambda: now)
        with Loudspeaker(sound) as speaker:
            assert not speaker.audible
            speaker.play("a", bytes(480))
            assert speaker.audible
            sound.streams[0].pull(240)
            await speaker.drained()
            assert speaker.audible, "the room still rings"
            now += devices.ECHO_S + 0.001
            assert not speaker.audible

    async def test_a_refusal_is_one_sentence(self, sound: Any) -> None:
        def refuse(**settings: Any) -> None:
            raise sound.PortAudioError("Error querying device -1")

        sound.RawOutputStream = sound.RawInputStream = refuse
        with pytest.raises(UsageError, match="loudspeaker cannot be used: Error querying device -1"):
            Loudspeaker(sound)
        with pytest.raises(UsageError, match="microphone cannot be used: Error querying device -1"):
            Microphone(sound)


class TestMicrophone:
    async def test_gives_frames_in_order(self, sound: Any) -> None:
        with Microphone(sound) as microphone:
            (stream,) = sound.streams
            for n in (1, 2):
                await asyncio.to_thread(stream.callback, bytes([n]) * FRAME_BYTES, FRAME_BYTES // 2, None, None)
            assert [(await anext(microphone))[0] for _ in range(2)] == [1, 2]
        assert stream.closed

    async def test_loses_the_oldest_when_the_network_is_slow(self, sound: Any) -> None:
        with Microphone(sound) as microphone:
            for n in range(devices.MICROPHONE_FRAMES + 5):
                sound.streams[0].callback(bytes([n]) * FRAME_BYTES, FRAME_BYTES // 2, None, None)
            await asyncio.sleep(0)
            assert (await anext(microphone))[0] == 5
