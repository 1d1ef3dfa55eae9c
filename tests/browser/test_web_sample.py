"""examples/web as its users run it, in a real browser, on a real server."""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from browser_support import ROOT, Launch, Recording, static_server
from playwright.async_api import Page, expect

from voxwire.engines import registry
from voxwire.engines.vad.silero import SileroVad
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.live_server import ServeProcess, serve_process, served_in_thread

SAMPLE = ROOT / "examples" / "web"
KEY = "key-of-the-web-sample"
DEPLOYMENT = "gpt-4o-realtime-preview"
#: The system's Node, or the one that ./test put beside this interpreter.
PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
ENVIRONMENT = {**os.environ, "PATH": PATH, "NO_COLOR": "1"}
#: What careful sites send with a page: no scripts, styles or worklets but files of their own.
STRICT = {"content-security-policy": "default-src 'self'; connect-src ws://127.0.0.1:*; img-src data:"}
#: Root mean square; the analyser shows 0 in silence.
AUDIBLE = 0.005
#: The recogniser works as fast as it works on a machine that does other things too.
PATIENCE_MS = 30_000

pytestmark = pytest.mark.timeout(180)


def tool(name: str, folder: Path | None = None) -> str:
    """Path of a command of Node's, or of a package of the sample."""
    if not (SAMPLE / "node_modules").exists():
        pytest.fail("The npm packages of examples/web are missing. Run ./test, which installs them.")
    return shutil.which(name, path=folder or PATH) or pytest.fail(f"{name} is missing. Run ./test, which installs it.")


@contextmanager
def developed(tmp_path: Path) -> Iterator[str]:
    """What `npm run dev` runs, on a free port; yields the address that it prints."""
    command = [tool("vite", SAMPLE / "node_modules" / ".bin"), "--host", "127.0.0.1", "--port", "0"]
    with subprocess.Popen(command, cwd=SAMPLE, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            printed = ""
            for line in process.stdout:
                printed += line
                if found := re.search(r"http://127\.0\.0\.1:\d+", line):
                    yield found[0]
                    return
            pytest.fail(printed)
        finally:
            process.terminate()


@contextmanager
def built(tmp_path: Path) -> Iterator[str]:
    """`npm run build`, which checks the types too, published where the rules are strict."""
    folder = tmp_path / "dist"
    command = [tool("npm"), "run", "build", "--", "--outDir", str(folder), "--emptyOutDir"]
    build = subprocess.run(
        command, cwd=SAMPLE, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
    )
    assert build.returncode == 0, build.stdout + build.stderr
    with static_server(folder, STRICT) as url:
        yield url


@pytest.fixture(scope="module")
def server() -> Iterator[ServeProcess]:
    """`voxwire serve` with a key, on the embedded engines."""
    with serve_process(environment={"VOXWIRE_AUTH__API_KEYS": KEY}) as server:
        yield server


async def start(page: Page, address: str, server_url: str, key: str = KEY) -> None:
    """Open the page, fill it in, press Record."""
    await page.goto(address)
    await page.get_by_label("Endpoint").fill(server_url)
    await page.get_by_label("Key").fill(key)
    await page.get_by_label("Deployment").fill(DEPLOYMENT)
    await page.get_by_role("button", name="Record").click()


async def expect_ready(page: Page) -> None:
    """The page can record again."""
    await expect(page.get_by_role("button", name="Record")).to_be_enabled(timeout=PATIENCE_MS)
    await expect(page.get_by_role("button", name="Stop")).to_be_disabled()
    await expect(page.get_by_label("Endpoint")).to_be_editable()


async def wait_for_level(page: Page, least: float, most: float) -> None:
    """Until the sample's meter shows it, which has it from the analyser behind the player."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        await page.evaluate(
            """([least, most]) => new Promise((resolve) => {
                const look = () => {
                    const { value } = document.getElementById("heard");
                    if (value >= least && value <= most) resolve();
                    else requestAnimationFrame(look);
                };
                look();
            })""",
            [least, most],
        )


async def wait_for_sound(page: Page) -> None:
    await wait_for_level(page, AUDIBLE, 1.0)


async def wait_for_silence(page: Page) -> None:
    await wait_for_level(page, 0.0, 0.0)


@pytest.mark.parametrize("published", [developed, built])
async def test_a_spoken_question_is_answered(
    published: Any, server: ServeProcess, launch: Launch, recording: Recording, tmp_path: Path
) -> None:
    # Asked again if need be: what the browser makes of the sound, echo and noise suppressed, differs each time.
    spoken = recording(1.0, "what_is_twelve_times_seven", 9.0)
    with published(tmp_path) as address:
        async with launch(spoken) as browser:
            page = await browser.new_page()
            await start(page, address, server.url)
            # The answer may be over before all of its text was looked at.
            heard = asyncio.create_task(wait_for_sound(page))
            log = page.get_by_role("log")
            for text in ("<< Session Started >>", "<< Speech Started >>", "User: what is twelve times seven", "84"):
                await expect(log).to_contain_text(text, ignore_case=True, timeout=PATIENCE_MS)
            await heard
            await expect(page.get_by_role("button", name="Record")).to_be_disabled()
            await page.get_by_role("button", name="Stop").click()
            await expect_ready(page)
            await expect(page.get_by_role("alert")).to_be_hidden()
            await page.get_by_role("button", name="Clear all").click()
            await expect(log).to_be_empty()


async def test_speaking_again_interrupts(launch: Launch, recording: Recording, tmp_path: Path) -> None:
    engines: dict[str, Any] = {
        "stt": registry.load("stt", "pocketsphinx", {}),
        "llm": registry.load("llm", "offline-assistant", {}),
        "tts": FakeTts(pace=1.0, char_ms=300.0),  # in no hurry, so that there is something to interrupt
    }
    service = fake_service(fake_deployment(name=DEPLOYMENT, **engines), vad=SileroVad())
    # Again and again: a busy machine may not have begun to answer when it is asked for the second time.
    spoken = recording(0.5, "tell_me_a_story_about_a_dragon", 8.0)
    with served_in_thread(service) as server_url, developed(tmp_path) as address:
        async with launch(spoken) as browser:
            page = await browser.new_page()
            sent: list[dict[str, Any]] = []
            page.on("websocket", lambda socket: socket.on("framesent", lambda text: sent.append(json.loads(text))))
            await start(page, address, server_url)
            await wait_for_sound(page)
            await expect(page.get_by_role("log")).to_contain_text("[interrupted]", timeout=PATIENCE_MS)
            await wait_for_silence(page)
            truncations = [event for event in sent if event.get("type") == "conversation.item.truncate"]
            assert truncations[0]["content_index"] == 0
            # Between the two questions there are eight seconds: of recognition, and of the answer.
            assert 500 < truncations[0]["audio_end_ms"] < 9000
            await wait_for_sound(page)
            await expect(page.get_by_role("alert")).to_be_hidden()


async def test_what_is_filled_in_wrong(
    server: ServeProcess, launch: Launch, recording: Recording, tmp_path: Path
) -> None:
    right = {"Endpoint": server.url, "Key": KEY, "Deployment": DEPLOYMENT}
    with developed(tmp_path) as address:
        async with launch(recording(60.0)) as browser:
            page = await browser.new_page()
            await start(page, address, server.url)
            await page.get_by_role("button", name="Stop").click(timeout=PATIENCE_MS)
            for label, wrong in {"Endpoint": "http://127.0.0.1:1", "Key": "wrong", "Deployment": "unknown"}.items():
                await expect_ready(page)
                await page.get_by_label(label).fill(wrong)
                await page.get_by_role("button", name="Record").click()
                await expect(page.get_by_role("alert")).to_contain_text("No connection", timeout=PATIENCE_MS)
                await expect_ready(page)
                await page.get_by_label(label).fill(right[label])
            # And with all of it right it works again, without a reload.
            await page.get_by_role("button", name="Record").click()
            await expect(page.get_by_role("button", name="Stop")).to_be_enabled(timeout=PATIENCE_MS)
            await expect(page.get_by_role("log")).to_contain_text("<< Session Started >>")
            await expect(page.get_by_role("alert")).to_be_hidden()


async def test_a_microphone_that_is_unplugged(
    server: ServeProcess, launch: Launch, recording: Recording, tmp_path: Path
) -> None:
    keep_tracks = """
        const open = MediaDevices.prototype.getUserMedia;
        MediaDevices.prototype.getUserMedia = async function (constraints) {
            return (globalThis.stream = await open.call(this, constraints));
        };
    """
    with developed(tmp_path) as address:
        async with launch(recording(60.0)) as browser:
            page = await browser.new_page()
            await page.add_init_script(keep_tracks)
            await start(page, address, server.url)
            await expect(page.get_by_role("button", name="Stop")).to_be_enabled(timeout=PATIENCE_MS)
            await page.evaluate("stream.getAudioTracks()[0].dispatchEvent(new Event('ended'))")
            await expect(page.get_by_role("alert")).to_contain_text("microphone is gone")
            await expect_ready(page)
            await expect(page.get_by_role("alert")).to_contain_text("microphone is gone")


async def test_no_microphone(server: ServeProcess, launch: Launch, tmp_path: Path) -> None:
    with developed(tmp_path) as address:
        async with launch() as browser:
            page = await browser.new_page()
            await start(page, address, server.url)
            await expect(page.get_by_role("alert")).to_contain_text("microphone", timeout=PATIENCE_MS)
            await expect_ready(page)


async def test_a_server_that_ends(launch: Launch, recording: Recording, tmp_path: Path) -> None:
    with developed(tmp_path) as address:
        async with launch(recording(60.0)) as browser:
            page = await browser.new_page()
            with serve_process() as server:
                await start(page, address, server.url, key="")
                await expect(page.get_by_role("log")).to_contain_text("<< Session Started >>", timeout=PATIENCE_MS)
            await expect(page.get_by_role("alert")).to_contain_text("closed the connection", timeout=PATIENCE_MS)
            await expect_ready(page)
