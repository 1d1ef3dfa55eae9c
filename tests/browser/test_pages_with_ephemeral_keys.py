"""A page of another origin makes a session with an ephemeral key: CORS, and the key as a subprotocol."""

import json
from pathlib import Path
from typing import Any

import pytest
from browser_support import Launch, static_server

from voxwire.testing.fake_service import fake_service
from voxwire.testing.live_server import served

KEY = "k-long-lived"
#: In a real application the key stays at its server, which makes the call; here the browser shows that it may.
SCRIPT = """
async ([url, key]) => {
  const answer = await fetch(`${url}/v1/realtime/client_secrets`, {
    method: "POST",
    headers: { "Authorization": `Bearer ${key}`, "Content-Type": "application/json", "OpenAI-Beta": "realtime=v1" },
    body: JSON.stringify({ session: { type: "realtime", instructions: "Be brief." } }),
  });
  const made = await answer.json();
  if (!answer.ok) return { status: answer.status, made, request: answer.headers.get("x-request-id") };
  const socket = new WebSocket(
    `${url.replace("http", "ws")}/v1/realtime`, ["realtime", `openai-insecure-api-key.${made.value}`]);
  const first = await new Promise((resolve, reject) => {
    socket.onmessage = message => resolve(message.data);
    socket.onerror = () => reject(new Error("refused"));
  });
  const protocol = socket.protocol;
  socket.close();
  return { status: answer.status, first, protocol };
}
"""


async def said(launch: Launch, folder: Path, *, listed: bool, key: str = KEY) -> Any:
    """What the page sees."""
    (folder / "page.html").write_text("<!doctype html><title>A page</title>")
    with static_server(folder, {}) as origin:
        allowed = [origin.rstrip("/")] if listed else ["https://other.example"]
        async with (
            served(fake_service(), auth={"api_keys": [KEY], "allowed_origins": allowed}) as url,
            launch() as browser,
        ):
            page = await browser.new_page()
            await page.goto(f"{origin}/page.html")
            return await page.evaluate(SCRIPT, [url, key])


async def test_a_page_of_a_listed_origin(launch: Launch, tmp_path: Path) -> None:
    seen = await said(launch, tmp_path, listed=True)
    assert (seen["status"], seen["protocol"]) == (200, "realtime")
    event = json.loads(seen["first"])
    assert event["type"] == "session.created"
    assert event["session"]["instructions"] == "Be brief."


async def test_it_can_read_why_it_was_refused(launch: Launch, tmp_path: Path) -> None:
    seen = await said(launch, tmp_path, listed=True, key="wrong")
    assert seen["status"] == 401
    assert seen["made"]["error"]["code"] == "invalid_api_key"
    assert seen["request"]


async def test_a_page_of_another_origin_sees_nothing(launch: Launch, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="Failed to fetch"):
        await said(launch, tmp_path, listed=False)
