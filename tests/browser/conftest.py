"""A real Chromium with a microphone that plays a file."""

import contextlib
import shutil
import wave
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from browser_support import ROOT, Launch, Recording
from playwright.async_api import Browser, async_playwright

HERE = Path(__file__).parent

#: Pages may sound without a click.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
)
#: Pages get the microphone without a question, and it is a file.
FAKE_MICROPHONE = (
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--use-file-for-fake-audio-capture={}",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("browser")
            item.add_marker("engines")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Debian's Chromium."""
    return shutil.which("chromium") or pytest.fail("Chromium is missing. Run ./test as root, or install chromium.")


@pytest.fixture
def launch(chromium: str) -> Launch:
    """`async with launch(recording) as browser`: a fresh browser whose microphone plays it; without one it has none."""

    @contextlib.asynccontextmanager
    async def launched(recording: Path | None = None, *flags: str) -> AsyncIterator[Browser]:
        fake = [flag.format(recording) for flag in FAKE_MICROPHONE] if recording else []
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *fake, *flags])
            try:
                yield browser
            finally:
                await browser.close()

    return launched


@pytest.fixture
def recording(tmp_path: Path) -> Recording:
    """`recording("what_time_is_it", 3.0, …)`: names of clips in tests/fixtures, and seconds of silence.

    The microphone plays it in a loop, so end it with more silence than the test lasts.
    """

    def recorded(*parts: str | float) -> Path:
        path = tmp_path / "microphone.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(48_000)  # Chromium takes no other
            for part in parts:
                file.writeframes(_clip(part) if isinstance(part, str) else bytes(2 * int(48_000 * part)))
        return path

    return recorded


def _clip(name: str) -> bytes:
    with wave.open(str(ROOT / "tests" / "fixtures" / f"{name}_24k.wav")) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)
    at_double_rate = np.interp(np.arange(2 * len(samples)) / 2, np.arange(len(samples)), samples)
    return at_double_rate.astype("<i2").tobytes()
