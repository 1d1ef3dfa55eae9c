"""A `relay` engine in front of a whole server of this house, and conversations to ask it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from voxwire.audio.pcm import AudioFormat
from voxwire.engines.llm.relay.engine import RelayEngine, engine
from voxwire.events.items import AudioClip, InputAudio, InputText, Item, MessageItem, OutputAudio, PcmClip, Role
from voxwire.interfaces.llm import LlmAudio, LlmEvent, LlmRequest, LlmText
from voxwire.runtime.service import Service
from voxwire.testing.fake_llm import FakeLlm, Script
from voxwire.testing.fake_service import fake_deployment, fake_service
from voxwire.testing.fake_stt import FakeStt
from voxwire.testing.fake_tts import FakeTts
from voxwire.testing.fake_vad import loud
from voxwire.testing.live_server import served

KEY = "sk-secret-of-the-operator"
#: The dialects in which our own server can be the service, and the addresses at which it speaks them.
PATHS = {
    "ga": "/v1/realtime",
    "preview": "/openai/realtime?api-version=2024-10-01-preview",
    "preview december": "/openai/realtime?api-version=2024-12-17",
}


def told(text: str, id: str = "q1", role: Role = Role.USER) -> MessageItem:
    return MessageItem(id=id, role=role, content=(InputText(text=text),))


def spoken_turn(id: str, ms: float = 400.0, words: str | None = None) -> MessageItem:
    """Speech of the user, 24 kHz."""
    clip = AudioClip(data=loud(ms), format=AudioFormat.PCM16)
    return MessageItem(id=id, role=Role.USER, content=(InputAudio(clip=clip, duration_ms=ms, transcript=words),))


def answered(id: str, events: Sequence[LlmEvent], ms: float | None = None, text: str | None = None) -> MessageItem:
    """The item that a session makes of an answer; `ms` and `text` are what was left when it was cut."""
    pcm = b"".join(event.pcm for event in events if isinstance(event, LlmAudio))
    pcm = pcm if ms is None else pcm[: int(ms * 48)]
    said = words(events) if text is None else text
    part = OutputAudio(transcript=said, clip=PcmClip(data=pcm, rate=24_000))
    return MessageItem(id=id, role=Role.ASSISTANT, content=(part,))


def asking(*items: Item, **changes: Any) -> LlmRequest:
    return LlmRequest(
        **{"instructions": "Be kind.", "items": items, "session_key": "sess_1", "voice": "verse", **changes}
    )


def words(events: Sequence[LlmEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, LlmText))


def audio(events: Sequence[LlmEvent]) -> bytes:
    return b"".join(event.pcm for event in events if isinstance(event, LlmAudio))


async def whole(relay: RelayEngine, request: LlmRequest) -> list[LlmEvent]:
    async with asyncio.timeout(20):
        return [event async for event in relay.respond(request)]


def upstream(
    answer: str | Script | Callable[[LlmRequest], str | Script] = "Hello there.", **engines: Any
) -> tuple[Service, FakeLlm]:
    """A server of this house, and the language engine behind it, which remembers what it was asked."""
    llm = FakeLlm(answer)
    deployment = fake_deployment(
        llm=llm, stt=engines.get("stt", FakeStt("what time is it")), tts=engines.get("tts") or FakeTts()
    )
    return fake_service(deployment), llm


@asynccontextmanager
async def relayed(service: Service, dialect: str = "ga", **options: Any) -> AsyncIterator[RelayEngine]:
    async with served(service, auth={"api_keys": [KEY]}) as url:
        relay = engine(
            {"url": url.replace("http", "ws") + PATHS[dialect], "model": "gpt-realtime", "api_key": KEY, **options}
        )
        await relay.start()
        try:
            yield relay
        finally:
            await relay.close()
