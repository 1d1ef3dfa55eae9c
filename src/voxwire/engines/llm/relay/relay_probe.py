"""What `voxwire doctor --llm wss://…` asks a Realtime service: who is there, and how soon it is heard."""

import asyncio
from typing import NamedTuple

from voxwire.engines.llm.relay.engine import RelayEngine, greet
from voxwire.engines.llm.relay.relay_options import RelayOptions
from voxwire.events.items import InputText, MessageItem, Role
from voxwire.interfaces.llm import LlmAudio, LlmRequest


class ServiceFindings(NamedTuple):
    """`connected_ms` is the handshake, `first_sound_ms` a short written question; None when nothing was heard."""

    connected_ms: float
    first_sound_ms: float | None


async def try_service(options: RelayOptions) -> ServiceFindings:
    """Connect, and ask one short question. Raises ConfigurationError and EngineError as the engine does."""
    clock = asyncio.get_running_loop()
    began = clock.time()
    await greet(options)
    connected_ms = (clock.time() - began) * 1000
    relay = RelayEngine(options)
    voice = next(iter(options.voice_names), "")
    question = MessageItem(id="question", role=Role.USER, content=(InputText(text="Say hello."),))
    request = LlmRequest(instructions="", items=(question,), voice=voice, max_output_tokens=200, session_key="doctor")
    await relay.warm(request)
    answer = relay.respond(request)
    began = clock.time()
    try:
        async for event in answer:
            if isinstance(event, LlmAudio) and event.pcm:
                return ServiceFindings(connected_ms, (clock.time() - began) * 1000)
        return ServiceFindings(connected_ms, None)
    finally:
        await answer.aclose()
        await relay.close()
