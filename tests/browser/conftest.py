"""A real Chromium with a microphone that plays a file, and real servers for its pages."""

import contextlib
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

#: TRANSPORTS section 8. Pages may sound without a click, and get the microphone without a question.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
)

Launch = Callable[..., AbstractAsyncContextManager[Browser]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("clients")
            item.add_marker("engines")


@pytest.fixture(scope="session")
def chromium() -> str:
    """Path of Debian's Chromium."""
    path = shutil.which("chromium")
    assert path, "Chromium is missing: apt-get install chromium"
    return path


@pytest.fixture
def launch(chromium: str) -> Launch:
    """`async with launch(microphone=wav) as browser`; the WAV is 48 kHz, mono, and played again and again."""

    @contextlib.asynccontextmanager
    async def launched(microphone: Path | None = None, *flags: str) -> AsyncIterator[Browser]:
        fake = [f"--use-file-for-fake-audio-capture={microphone}"] if microphone else []
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=chromium, args=[*FLAGS, *fake, *flags])
            try:
                yield browser
            finally:
                await browser.close()

    return launched
