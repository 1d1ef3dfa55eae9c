"""The page that manages the server, in a real browser on a real server: what people do with it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from browser_support import Launch
from playwright.async_api import Page, expect

from voxwire.testing.live_server import served_in_thread

PATIENCE_MS = 30_000
WIDTHS = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}

pytestmark = pytest.mark.timeout(120)

Open = Callable[..., AbstractAsyncContextManager[Page]]


@pytest.fixture
def url() -> Iterator[str]:
    """A server on fake engines with an empty store."""
    with served_in_thread() as address:
        yield address


@pytest.fixture
def managed(launch: Launch) -> Open:
    """`async with managed(url) as page`: the page; the browser must find nothing to complain about but `expected`."""

    @asynccontextmanager
    async def open_page(url: str, expected: str = "$^", **options: Any) -> AsyncIterator[Page]:
        async with launch() as browser:
            context = await browser.new_context(**{"viewport": WIDTHS["desk"], **options})
            page = await context.new_page()
            complaints: list[str] = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda one: complaints.append(one.text) if one.type in ("error", "warning") else None)
            await page.goto(f"{url}/manage")
            yield page
            assert not [complaint for complaint in complaints if not re.search(expected, complaint)]

    return open_page


def row(page: Page, name: str) -> Any:
    return page.locator(f'.row[data-name="{name}"]')


async def next_step(page: Page) -> None:
    await page.get_by_role("button", name="Next").click()


async def start_wizard(page: Page) -> None:
    await page.get_by_role("link", name="New deployment").click()
    await expect(page.get_by_role("heading", name="New deployment")).to_be_visible()


async def create_deployment(page: Page, name: str) -> None:
    """With the wizard, as it offers itself."""
    await start_wizard(page)
    await page.get_by_label("Name", exact=True).fill(name)
    await next_step(page)
    await next_step(page)
    await page.get_by_role("button", name="Create").click()
    await expect(row(page, name)).to_be_visible()


async def create_key(page: Page, name: str, role: str) -> str:
    """The key itself."""
    form = page.locator("details", has_text="New key")
    if await form.get_attribute("open") is None:
        await form.locator("summary").click()
    await form.get_by_label("Name", exact=True).fill(name)
    await form.get_by_role("radio", name=re.compile(f"^{role}")).check(force=True)
    await form.get_by_role("button", name="Create key").click()
    await expect(page.get_by_role("heading", name=f"The key {name}")).to_be_visible()
    return await page.locator("#secret").inner_text()


async def faults(page: Page) -> list[str]:
    """What axe-core calls serious or critical, and whether something sticks out at the side."""
    found = await Axe().run(page)
    bad = [fault for fault in found.response["violations"] if fault["impact"] in ("serious", "critical")]
    shown = [f"{fault['id']}: {node['html'][:200]}" for fault in bad for node in fault["nodes"]]
    width, room = await page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    return shown if width <= room else [*shown, f"{width} px wide in {room} px"]


async def test_a_deployment_is_made_changed_named_and_deleted(managed: Open, url: str) -> None:
    async with managed(url) as page:
        await start_wizard(page)
        await page.get_by_label("Name", exact=True).fill("my gpt")
        await next_step(page)
        await expect(page.get_by_text("Give a name of letters")).to_be_visible()
        await page.get_by_label("Name", exact=True).fill("my-gpt4o")
        await expect(page.locator(".example")).to_contain_text("deployment=my-gpt4o")
        await next_step(page)
        await page.get_by_role("radio", name=re.compile("^embedded")).check(force=True)
        await next_step(page)
        await page.get_by_label("Instructions").fill("Be brief.")
        await page.get_by_role("radio", name=re.compile("^Words and sound")).check(force=True)
        await page.get_by_label("Days until it is deleted").fill("7")
        await page.get_by_label("Responses a minute").fill("60")
        await page.get_by_role("button", name="Create").click()
        made = row(page, "my-gpt4o")
        await expect(made).to_contain_text("keeps words and sound, 7 days")
        await expect(made).to_contain_text("ready", timeout=PATIENCE_MS)

        await made.get_by_role("link", name="Edit my-gpt4o").click()
        await next_step(page)
        await expect(page.get_by_label("Instructions")).to_have_value("Be brief.")
        await expect(page.get_by_label("Responses a minute")).to_have_value("60")
        await page.get_by_role("radio", name=re.compile("^Nothing")).check(force=True)
        await page.get_by_role("button", name="Save").click()
        await expect(made).to_contain_text("keeps nothing")

        await page.get_by_label("Name", exact=True).fill("house-voice")
        await page.get_by_label("Deployment", exact=True).select_option("my-gpt4o")
        await page.get_by_role("button", name="Add").click()
        await expect(page.get_by_role("row", name=re.compile("house-voice my-gpt4o"))).to_be_visible()
        await page.get_by_role("button", name="Delete house-voice").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(page.get_by_role("row", name=re.compile("house-voice"))).to_have_count(0)

        await made.get_by_role("button", name="Delete my-gpt4o").click()
        await page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
        await expect(made).to_be_visible()
        await made.get_by_role("button", name="Delete my-gpt4o").click()
        await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
        await expect(made).to_have_count(0)


async def test_what_the_server_refuses_is_said_at_its_field(managed: Open, url: str) -> None:
    """The step with the field is shown, and the field has the focus."""
    async with managed(url, expected="status of 400") as page:
        await start_wizard(page)
        await page.get_by_label("Name", exact=True).fill("my-gpt4o")
        await next_step(page)
        await page.get_by_label("Language model").select_option(label="a model at an address (OpenAI-compatible)")
        await page.get_by_role("textbox", name="Address").fill("not an address")
        await next_step(page)
        await page.get_by_label("Region").fill("/etc/passwd")
        await page.get_by_role("button", name="Create").click()
        await expect(page.locator('[data-field="region"] .problem')).to_contain_text("region")
        await expect(page.get_by_label("Region")).to_be_focused()
        await expect(page.get_by_label("Region")).to_have_attribute("aria-invalid", "true")


async def test_the_first_key_is_the_pages_own(managed: Open, url: str) -> None:
    """From then on the server asks for one; programs get keys of their own, with the lines that they need."""
    async with managed(url) as page:
        await create_deployment(page, "my-gpt4o")
        await page.get_by_role("link", name="Keys").click()
        await expect(page.get_by_text("From the first key on")).to_be_visible()
        mine = await create_key(page, "me", "owner")
        await expect(page.locator("#who")).to_contain_text("owner")
        assert mine not in page.url
        assert mine not in await page.evaluate("JSON.stringify(localStorage)")
        for_app = await create_key(page, "app", "user")
        await page.get_by_label("Lines for a program that talks to").select_option("my-gpt4o")
        lines = (await page.locator("#environment").inner_text()).split("\n")
        assert f"export AZURE_OPENAI_ENDPOINT={url}" in lines
        assert "export AZURE_OPENAI_DEPLOYMENT_NAME=my-gpt4o" in lines
        assert f"export AZURE_OPENAI_API_KEY={for_app}" in lines
        assert f"export OPENAI_BASE_URL={url}/v1" in lines

        await row(page, "app").get_by_role("button", name="Rotate app").click()
        await page.get_by_role("dialog").get_by_role("button", name="Rotate").click()
        await expect(page.locator("#secret")).not_to_have_text(for_app)
        await row(page, "app").get_by_role("button", name="Revoke app").click()
        await page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
        await expect(row(page, "app")).to_have_count(0)
        await page.reload()
        await expect(row(page, "me")).to_be_visible()
        await expect(page.locator("#secret")).to_have_count(0)


@pytest.mark.parametrize(
    ("role", "sections"),
    [("user", []), ("reader", ["Deployments", "Usage"]), ("contributor", ["Deployments", "Usage"])],
)
async def test_a_role_sees_its_views_alone(managed: Open, url: str, role: str, sections: list[str]) -> None:
    async with managed(url, expected="status of 40[13]") as page:
        await page.get_by_role("link", name="Keys").click()
        await create_key(page, "me", "owner")
        theirs = await create_key(page, "theirs", role)
        await page.evaluate("sessionStorage.clear()")
        await page.reload()
        await expect(page.get_by_role("heading", name="This server asks for a key")).to_be_visible()
        await page.get_by_label("API key").fill(theirs)
        await page.get_by_role("button", name="Use this key").click()
        await expect(page.locator("#who")).to_contain_text(role)
        assert await page.get_by_role("navigation").get_by_role("link").all_inner_texts() == sections
        create = page.get_by_role("link", name="New deployment")
        await expect(create).to_have_count(1 if role == "contributor" else 0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
async def test_every_view_can_be_used_by_everybody(managed: Open, url: str, width: str, scheme: str) -> None:
    async with managed(url, viewport=WIDTHS[width], color_scheme=scheme) as page:
        await create_deployment(page, "my-gpt4o")
        assert await faults(page) == []
        await page.get_by_role("link", name="Edit my-gpt4o").click()
        assert await faults(page) == []
        await next_step(page)
        assert await faults(page) == []
        await page.get_by_role("link", name="Keys").click()
        await create_key(page, "me", "owner")
        assert await faults(page) == []
        await page.get_by_role("link", name="Usage").click()
        await expect(page.get_by_role("heading", name="Usage")).to_be_visible()
        assert await faults(page) == []


async def test_what_a_check_found_is_seen_and_decided(managed: Open) -> None:
    """With the words around it, and the stored conversation."""
    checks = [{"kind": "words", "options": {"words": ["twelve"]}, "action": "flag"}]
    with served_in_thread(content_policies={"strict": {"checks": checks}}) as url:
        async with managed(url) as page:
            await start_wizard(page)
            await page.get_by_label("Name", exact=True).fill("watched")
            await next_step(page)
            await next_step(page)
            await page.get_by_role("radio", name=re.compile("^Words What")).check(force=True)
            await page.get_by_label("Content policy").fill("strict")
            await page.get_by_role("button", name="Create").click()
            await expect(row(page, "watched")).to_contain_text("ready", timeout=PATIENCE_MS)

            await page.get_by_role("link", name="Playground").click()
            await page.get_by_label("Deployment").fill("watched")
            await expect(page.locator("#stored-hint")).to_contain_text("stored as words")
            await page.get_by_label("Type a message").fill("What is twelve times seven?")
            await page.keyboard.press("Enter")
            await expect(page.locator('.item[data-role="assistant"] .words')).to_contain_text("84", timeout=PATIENCE_MS)
            await page.get_by_role("button", name="Disconnect").click()

            await page.get_by_role("link", name="Manage").click()
            await page.get_by_role("link", name="Reviews").click()
            await expect(page.get_by_role("heading", name="Reviews")).to_be_visible()
            found = page.locator(".rows .row")
            await expect(found).to_contain_text("said by the person")
            assert await faults(page) == []
            await found.get_by_role("button", name="Show the words").click()
            await expect(found.locator("blockquote")).to_contain_text("twelve")
            await found.get_by_role("button", name="Confirm").click()
            await expect(found).to_contain_text("confirmed")
            await found.get_by_role("link", name="Conversation").click()
            said = page.locator(".said-lines").get_by_text("What is twelve times seven?")
            # It is stored to its end, and marked, a moment after it has ended.
            async with asyncio.timeout(PATIENCE_MS / 1000):
                while not (await said.count() and await page.get_by_text("to look at").count()):
                    await page.reload()
                    await expect(page.get_by_role("button", name="Export JSON")).to_be_visible()
