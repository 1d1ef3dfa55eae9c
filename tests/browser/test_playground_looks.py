"""How the playground looks and reads: at every width and in both colour schemes, and to a screen reader.

With VOXWIRE_WRITE_SCREENSHOTS=1 the pictures of docs/images are written anew; look at them.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from browser_support import ROOT, Launch, Recording
from playwright.async_api import Page, expect

from voxwire.engines import registry
from voxwire.engines.vad.silero import SileroVad
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.live_server import served_in_thread

IMAGES = ROOT / "docs" / "images"
PATIENCE_MS = 30_000
WIDTHS = {
    "desk": {"width": 1440, "height": 900},
    "tablet": {"width": 900, "height": 1100},
    "phone": {"width": 390, "height": 844},
}
#: The views that are kept as pictures, each in both schemes.
PICTURES = ("talk-desk", "events-desk", "conversation-phone", "latency-phone")
SCHEMES = ("light", "dark")

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """A server that hears what the pictures are to show."""
    deployment = fake_deployment(
        name="gpt-4o-realtime-preview",
        stt=FakeStt(*["What can you do?", "What time is it?"] * len(SCHEMES)),
        llm=registry.load("llm", "offline-assistant", {}),
        tts=registry.load("tts", "embedded", {}),
    )
    with served_in_thread(fake_service(deployment, vad=SileroVad())) as address:
        yield address


@asynccontextmanager
async def conversation(launch: Launch, recording: Recording, url: str, **options: Any) -> AsyncIterator[Page]:
    """A page on which something was asked, interrupted, and asked again."""
    spoken = recording(2.5, "tell_me_a_story_about_a_dragon", 4.0, "what_time_is_it", 120.0)
    async with launch(spoken) as browser:
        page = await (await browser.new_context(**options)).new_page()
        await page.goto(url)
        await page.evaluate("document.getElementById('tools-example').click()")
        await page.get_by_role("button", name="Start listening").click()
        await expect(page.locator(".item .unheard")).not_to_be_empty(timeout=PATIENCE_MS)
        await expect(page.locator('.item[data-role="assistant"] .words').nth(1)).not_to_be_empty(timeout=PATIENCE_MS)
        heard = page.locator('.turn[data-stages$="heard"]')
        await expect(heard).to_have_count(2, timeout=PATIENCE_MS)
        yield page


async def ask_for_weather(page: Page) -> None:
    await page.get_by_label("Type a message").fill("What's the weather like in Oslo?")
    await page.keyboard.press("Enter")
    await expect(page.locator(".card")).to_contain_text("sunny", timeout=PATIENCE_MS)
    await expect(page.locator('.turn[data-stages$="heard"]')).to_have_count(3, timeout=PATIENCE_MS)


async def picture(page: Page, name: str) -> None:
    if os.environ.get("VOXWIRE_WRITE_SCREENSHOTS") and name.rsplit("-", 1)[0] in PICTURES:
        await page.screenshot(path=IMAGES / f"playground-{name}.png", animations="disabled")


async def expect_no_faults(page: Page) -> None:
    """Nothing that axe-core calls serious or critical."""
    found = await Axe().run(page)
    faults = [fault for fault in found.response["violations"] if fault["impact"] in ("serious", "critical")]
    shown = [f"{fault['id']}: {fault['help']}: {node['html'][:200]}" for fault in faults for node in fault["nodes"]]
    assert not shown, "\n".join(shown)


async def expect_to_fit(page: Page) -> None:
    """Nothing sticks out at the side."""
    sizes = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert sizes[0] <= sizes[1]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
async def test_before_a_conversation(width: str, scheme: str, launch: Launch, url: str) -> None:
    async with launch() as browser:
        page = await (await browser.new_context(viewport=WIDTHS[width], color_scheme=scheme)).new_page()
        await page.goto(url)
        await expect(page.get_by_role("button", name="Start listening")).to_be_visible()
        await expect(page.get_by_label("Deployment")).to_have_value("gpt-4o-realtime-preview")
        await expect_to_fit(page)
        await expect_no_faults(page)
        # The system's scrollbars may be white on a dark page, as in Firefox on a light desktop.
        bar = await page.evaluate("getComputedStyle(document.getElementById('setup')).scrollbarColor")
        assert bar.endswith("rgba(0, 0, 0, 0)")


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_in_a_conversation(scheme: str, launch: Launch, recording: Recording, url: str) -> None:
    async with conversation(launch, recording, url, viewport=WIDTHS["desk"], color_scheme=scheme) as page:
        await page.locator(".turn button").last.click()
        await picture(page, f"talk-desk-{scheme}")
        await ask_for_weather(page)
        for width, viewport in WIDTHS.items():
            await page.set_viewport_size(viewport)
            await look_around(page, f"{width}-{scheme}")


async def look_around(page: Page, name: str) -> None:
    """Every view at the present width."""
    for view in ("Conversation", "Setup", "Latency", "Events"):
        button = page.get_by_role("navigation").get_by_role("button", name=view)
        tab = page.get_by_role("tab", name=view)
        if await button.is_visible():
            await button.click()
        elif view in ("Latency", "Events"):
            await tab.click()
        elif view == "Setup":
            continue  # beside the conversation
        if view == "Events":
            event = page.locator('.event[data-type="conversation.item.truncate"] button').first
            if await event.get_attribute("aria-expanded") == "false":
                await event.click()
        await expect_to_fit(page)
        await expect_no_faults(page)
        await picture(page, f"{view.lower()}-{name}")


async def test_by_keyboard_alone(launch: Launch, url: str) -> None:
    """From the address bar to an answer without a mouse; what has the focus can be seen."""
    async with launch() as browser:
        page = await (await browser.new_context(viewport=WIDTHS["desk"])).new_page()
        await page.goto(url)
        await page.keyboard.press("Tab")
        await expect(page.get_by_role("link", name="To the text field")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("Type a message")).to_be_focused()
        await page.keyboard.type("What is two plus two?")
        await page.keyboard.press("Enter")
        await expect(page.locator('.item[data-role="assistant"] .words')).to_contain_text("4", timeout=PATIENCE_MS)
        await page.get_by_role("tab", name="Latency").focus()
        await page.keyboard.press("ArrowRight")
        await expect(page.get_by_role("tab", name="Events")).to_be_focused()
        await expect(page.get_by_role("tabpanel", name="Events")).to_be_visible()
        outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid"


async def test_reduced_motion(launch: Launch, url: str) -> None:
    async with launch() as browser:
        page = await (await browser.new_context(reduced_motion="reduce")).new_page()
        await page.goto(url)
        await expect(page.get_by_role("button", name="Start listening")).to_be_visible()
        moving = await page.evaluate(
            "[...document.querySelectorAll('*')].filter((e) => getComputedStyle(e).transitionDuration !== '0s').length"
        )
        assert moving == 0
