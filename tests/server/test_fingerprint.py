"""`voxwire.fingerprint`: which server, engines and settings a session meets, for those who ask (protocol: decisions,
Events of our own)."""

import json
from typing import Any

import pytest
from websockets.asyncio.client import connect

import voxwire
from voxwire.config import DeploymentSettings, EngineSettings, Settings
from voxwire.events.server import Fingerprint
from voxwire.events.session_config import FINGERPRINT, SessionConfig, SessionPatch
from voxwire.server.settings_digest import settings_digest
from voxwire.session import Capabilities, Limits, Session
from voxwire.testing.live_server import served, settings_for_tests

PATHS = {
    "ga": "/v1/realtime?model=gpt-realtime",
    "ga transcription": "/v1/realtime?model=gpt-realtime&intent=transcription",
    "preview": "/openai/realtime?api-version=2025-04-01-preview&deployment=gpt-realtime",
    "first": "/openai/realtime?api-version=2024-10-01-preview&deployment=gpt-realtime",
}


def update(dialect: str, include: list[str]) -> str:
    session: dict[str, Any] = {"include": include}
    if dialect.startswith("ga"):
        session["type"] = "transcription" if "transcription" in dialect else "realtime"
    return json.dumps({"type": "session.update", "session": session})


@pytest.mark.parametrize("dialect", PATHS)
async def test_who_asks_is_told_and_nobody_else(dialect: str) -> None:
    async with served() as url, connect(url.replace("http", "ws") + PATHS[dialect]) as client:
        created = json.loads(await client.recv())
        await client.send(update(dialect, ["voxwire.turn_timings"]))
        unasked = json.loads(await client.recv())
        await client.recv()  # the clock
        await client.send(update(dialect, [FINGERPRINT]))
        asked = json.loads(await client.recv())
        again = {**asked["session"]} if not dialect.startswith("ga") else None
        if again is not None:  # what a session shows may be sent back
            await client.send(json.dumps({"type": "session.update", "session": again}))
            assert json.loads(await client.recv())["type"] == "session.updated"
    for event in (created, unasked):
        assert set(event) == {"type", "event_id", "session"}
        assert "fingerprint" not in json.dumps(event)
    assert set(asked) == {"type", "event_id", "session", FINGERPRINT}
    shown = asked[FINGERPRINT]
    assert shown["version"] == voxwire.__version__
    assert shown["engines"] == {"vad": "fake-vad", "stt": "fake-stt", "llm": "fake-llm", "tts": "fake-tts"}


def test_a_session_that_begins_with_the_wish_is_created_with_it() -> None:
    known = Fingerprint(version="1", engines={"llm": "chat"}, settings="abc")
    session = Session(
        session_id="sess_1",
        config=SessionConfig(model="gpt-realtime"),
        limits=Limits(),
        capabilities=Capabilities(voices=frozenset({"alloy"})),
        ids=lambda prefix: f"{prefix}_1",
        now=0.0,
        expires_at=1,
        fingerprint=known,
    )
    (created, *_) = session.open(SessionPatch(include=(FINGERPRINT,)))
    assert created.fingerprint is known  # type: ignore[union-attr]


def digest(**changes: Any) -> str:
    deployment = DeploymentSettings(instructions=changes.pop("instructions", ""))
    options = changes.pop("options", {"base_url": "http://127.0.0.1:1/v1", "api_key": "kumquat"})
    settings: Settings = settings_for_tests(**changes)
    return settings_digest(settings, deployment, {"llm": EngineSettings(name="chat", options=options)})


class TestDigest:
    def test_the_same_settings_have_the_same(self) -> None:
        assert digest() == digest(server={"max_sessions": 7}, logging={"level": "debug"})

    @pytest.mark.parametrize(
        "change",
        [
            {"instructions": "Be brief."},
            {"limits": {"items": 7}},
            {"deadlines": {"llm_first_s": 1}},
            {"options": {"base_url": "http://127.0.0.1:2/v1"}},
        ],
    )
    def test_others_have_another(self, change: dict[str, Any]) -> None:
        assert digest(**change) != digest()

    def test_secrets_are_no_part_of_it(self) -> None:
        assert digest() == digest(options={"base_url": "http://127.0.0.1:1/v1", "api_key": "guessed"})
