"""The Python quickstarts as users run them: in a process, by their variables."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from client_environment import ROOT, Address
from realtime_flows import speech

QUICKSTARTS = ROOT / "examples" / "quickstart" / "python"
QUESTION = ROOT / "examples" / "audio" / "what_is_twelve_times_seven.wav"
DEPLOYMENT = "gpt-4o-realtime-preview"


def environment(server: Address, **more: str) -> dict[str, str]:
    """The variables by which a quickstart finds a server."""
    names = {"AZURE_OPENAI_ENDPOINT": server.url, "AZURE_OPENAI_DEPLOYMENT_NAME": DEPLOYMENT}
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AZURE_")}
    return inherited | names | {"OPENAI_API_VERSION": "2024-10-01-preview", "PYTHONUNBUFFERED": "1"} | more


async def run_program(variables: dict[str, str], *command: object, typed: str = "") -> str:
    """What a quickstart prints that must succeed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *map(str, command),
        cwd=QUICKSTARTS,
        env=variables,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        printed, _ = await asyncio.wait_for(process.communicate(typed.encode()), 40)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


async def talk(variables: dict[str, str], folder: Path) -> str:
    """What `microphone.py` prints for one question: devices that play a recording and swallow what they are given, and
    Ctrl-C at the end."""
    (folder / "speech.pcm").write_bytes(speech("what_is_twelve_times_seven"))
    (folder / "sounddevice.py").write_text(DEVICES)
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "microphone.py",
        cwd=QUICKSTARTS,
        env=variables | {"PYTHONPATH": path},
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout is not None
        printed = ""
        async with asyncio.timeout(40):
            while not ("You:" in printed and "Assistant:" in printed):
                line = await process.stdout.readline()
                assert line, printed
                printed += line.decode()
            process.send_signal(signal.SIGINT)
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return printed


DEVICES = '''"""Audio devices without hardware: the microphone hears a recording once, then silence."""

import pathlib
import threading
import time


class PortAudioError(Exception):
    pass


class _Stream:
    def __init__(self, samplerate, blocksize, channels, dtype, callback):
        self.pause, self.size, self.callback = blocksize / samplerate, 2 * blocksize, callback
        self.closed = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *exc):
        self.closed.set()
        self.thread.join()


class RawInputStream(_Stream):
    def run(self):
        speech = (pathlib.Path(__file__).parent / "speech.pcm").read_bytes()
        while not self.closed.wait(self.pause):
            block, speech = speech[: self.size], speech[self.size :]
            self.callback(block.ljust(self.size, b"\\0"), self.size // 2, None, None)


class RawOutputStream(_Stream):
    def run(self):
        while not self.closed.wait(self.pause):
            self.callback(memoryview(bytearray(self.size)), self.size // 2, None, None)
'''
