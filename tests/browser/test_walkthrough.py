"""docs/walkthrough.md in a browser: a deployment, keys, the real quickstart, usage, a stored conversation, its end.

With VOXWIRE_WRITE_SCREENSHOTS=1 the pictures of the page are written anew; look at them.
"""

import asyncio
import os
import re
import sys
import wave
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser_support import ROOT, Launch
from playwright.async_api import Locator, Page, expect
from test_manage import create_key, faults, next_step, row, start_wizard

from voxwire.testing.live_server import ServeProcess, serve_process

IMAGES = ROOT / "docs" / "images"
EXAMPLES = ROOT / "examples"
QUESTION = EXAMPLES / "audio" / "what_is_twelve_times_seven.wav"
PATIENCE_MS = 30_000
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1180, "height": 860}

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServeProcess]:
    """The command of the page, on a store of its own."""
    store = {"VOXWIRE_STORAGE__URL": f"sqlite:///{tmp_path}/voxwire.db"}
    with serve_process("--dev-identity", environment=store) as started:
        yield started


async def picture(page: Page, name: str) -> None:
    """Where pictures are written, in both schemes; no key is shown in them."""
    if os.environ.get("VOXWIRE_WRITE_SCREENSHOTS"):
        await expect(page.locator("#toast")).to_be_hidden()
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            await page.screenshot(path=IMAGES / f"walkthrough-{name}-{scheme}.png", animations="disabled")
        await page.emulate_media(color_scheme="light")


async def program(*command: str | Path, environment: dict[str, str]) -> str:
    """Run one of the examples to its end; what it printed."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("AZURE_", "OPENAI_"))}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *map(str, command),
        env={**known, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


async def lines_of(page: Page) -> dict[str, str]:
    """What a person copies from the page into a shell."""
    text = await page.locator("#environment").inner_text()
    found = (re.fullmatch(r"export (\w+)=(.+)", line) for line in text.split("\n"))
    return {match[1]: match[2] for match in found if match}


async def make_deployment(page: Page) -> None:
    await start_wizard(page)
    await page.get_by_label("Name", exact=True).fill("my-gpt4o")
    await next_step(page)
    await next_step(page)
    await page.get_by_role("radio", name=re.compile("^Words and sound")).check(force=True)
    await page.get_by_label("Days until it is deleted").fill("7")
    await page.locator('[data-field="voice"]').evaluate("(element) => element.scrollIntoView()")
    await picture(page, "wizard")
    await page.get_by_role("button", name="Create").click()
    await expect(row(page, "my-gpt4o")).to_contain_text("ready", timeout=PATIENCE_MS)


async def get_keys(page: Page) -> dict[str, str]:
    await page.get_by_role("link", name="Keys").click()
    await create_key(page, "me", "owner")
    await expect(page.locator("#who")).to_contain_text("owner")
    await create_key(page, "my-app", "user")
    await page.get_by_label("Lines for a program that talks to").select_option("my-gpt4o")
    lines = await lines_of(page)
    secret = lines["AZURE_OPENAI_API_KEY"]
    for place in ("#secret", "#environment"):
        masked = (await page.locator(place).inner_text()).replace(secret, "vw_…")
        await page.locator(place).evaluate("(element, text) => { element.textContent = text; }", masked)
    await picture(page, "keys")
    return lines


async def run_quickstart(server: ServeProcess, lines: dict[str, str], folder: Path) -> None:
    """Without a key, with one, and as a person speaks."""
    keyless = {name: value for name, value in lines.items() if not name.endswith("_API_KEY")}
    quickstart = EXAMPLES / "quickstart" / "python"
    answer = folder / "answer.wav"
    told = await program(quickstart / "text-in-audio-out.py", environment={**server.environment, **keyless})
    assert "Received text delta" in told
    heard = await program(quickstart / "audio-file.py", QUESTION, answer, environment=lines)
    assert "84" in heard
    with wave.open(str(answer)) as sound:
        assert sound.getnframes() > 0
    deployment = ("--url", lines["AZURE_OPENAI_ENDPOINT"], "--deployment", lines["AZURE_OPENAI_DEPLOYMENT_NAME"])
    assert "84" in await program("-m", "voxwire", "talk", *deployment, QUESTION, environment=lines)


async def reload_until(page: Page, wanted: Locator, count: int) -> None:
    """What has just ended is written down a moment later."""
    async with asyncio.timeout(PATIENCE_MS / 1000):
        while await wanted.count() != count:
            await page.reload()
            await expect(page.locator(".view")).to_be_visible()


async def see_usage(page: Page) -> None:
    await page.get_by_role("link", name="Usage").click()
    await expect(page.get_by_role("heading", name="Usage")).to_be_visible()
    await reload_until(page, page.get_by_role("row", name=re.compile(" 3 3 ")), 1)
    await page.get_by_label("By", exact=True).select_option("deployment")
    await expect(page.get_by_role("row", name=re.compile("^my-gpt4o 3 3 "))).to_be_visible()
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Download as CSV").click()
    assert "my-gpt4o,3," in text_of(await (await download.value).path())
    await page.get_by_label("By", exact=True).select_option("day")
    await expect(page.get_by_role("row", name=re.compile(" 3 3 "))).to_be_visible()
    await picture(page, "usage")
    assert await faults(page) == []


async def play_back(page: Page) -> None:
    await page.get_by_role("link", name="Conversations").click()
    await expect(page.get_by_role("heading", name="Conversations")).to_be_visible()
    rows = page.locator(".rows .row")
    await reload_until(page, rows.filter(has_not_text="still running"), 3)
    assert await faults(page) == []
    await page.get_by_label("Words", exact=True).fill("TWELVE times")
    await page.keyboard.press("Enter")
    await expect(rows).to_have_count(2)
    await rows.first.get_by_role("link").click()
    line = page.locator('.said-line[data-role="assistant"]')
    await expect(line).to_contain_text("84")
    await expect(line).to_contain_text("Answered after")
    sound = page.locator("audio")
    await expect(sound).to_be_visible()
    assert await faults(page) == []
    await page.set_viewport_size(PHONE)
    assert await faults(page) == []
    await page.set_viewport_size(DESK)
    # Heard from the answer on; the line in its bar follows.
    await line.get_by_role("button", name=re.compile("^Play from")).click()
    await expect(line).to_have_attribute("data-now", "", timeout=PATIENCE_MS)
    cursor = line.locator(".cursor")
    await expect(cursor).to_have_attribute("visibility", "visible")
    await sound.evaluate("(audio) => audio.pause()")
    await picture(page, "conversation")
    began = float(await cursor.get_attribute("x1") or "nan")
    await sound.evaluate("(audio) => audio.play()")
    await expect(cursor).not_to_have_attribute("x1", str(began))


async def export_and_delete(page: Page) -> None:
    async with page.expect_download() as download:
        await page.get_by_role("button", name="Export WAV").click()
    with wave.open(str(await (await download.value).path())) as sound:
        assert sound.getnchannels() == 2
        assert sound.getnframes() > sound.getframerate()
    await page.get_by_role("button", name="Delete").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await expect(page.get_by_role("heading", name="Conversations")).to_be_visible()
    await expect(page.locator(".rows .row")).to_have_count(2)


async def test_from_a_name_to_a_conversation_that_is_deleted(
    launch: Launch, server: ServeProcess, tmp_path: Path
) -> None:
    async with launch() as browser:
        page = await (await browser.new_context(viewport=DESK)).new_page()  # type: ignore[arg-type]
        faults_seen: list[str] = []
        page.on("pageerror", lambda error: faults_seen.append(str(error)))
        await page.goto(server.url)
        await page.get_by_role("link", name="Manage").click()
        await make_deployment(page)
        lines = await get_keys(page)
        await run_quickstart(server, lines, tmp_path)
        await see_usage(page)
        await play_back(page)
        await export_and_delete(page)
        assert faults_seen == []
