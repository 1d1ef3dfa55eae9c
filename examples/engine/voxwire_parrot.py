"""A language engine that says what it heard, word by word."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

from voxwire.errors import ConfigurationError, EngineError
from voxwire.events.items import InputAudio, InputText, MessageItem, Role
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.llm import FinishReason, LlmCapabilities, LlmDone, LlmEvent, LlmRequest, LlmText


def engine(options: Mapping[str, Any]) -> "Parrot":
    """Makes the engine of its options in the settings. Called at the start of the server."""
    unknown = set(options) - {"pace_s"}
    if unknown:
        raise ConfigurationError(f"The parrot has no option {', '.join(sorted(unknown))}; it knows: pace_s.")
    pace_s = options.get("pace_s", 0.0)
    if not isinstance(pace_s, int | float) or not 0 <= pace_s <= 10:
        raise ConfigurationError("The option pace_s of the parrot is a number of seconds, 0 to 10.")
    return Parrot(pace_s)


class Parrot:
    """Fits `LlmEngine`; nothing has to be inherited."""

    def __init__(self, pace_s: float) -> None:
        self._pace_s = pace_s
        self.capabilities = LlmCapabilities(
            info=EngineInfo(name="parrot", label="A parrot", licence="Apache-2.0", notice="It repeats, and no more."),
            tools=False,  # a client that declares functions is told that there are none
        )

    async def start(self) -> None:
        """Load the model here, in a thread or another process, if you have one."""

    async def close(self) -> None:
        """Free what `start` took. May be called twice."""

    async def respond(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        words = heard(request).split()
        if not words:
            raise EngineError("llm", "nothing_heard", "There is nothing to repeat.")
        for number, word in enumerate(words):
            if number == request.max_output_tokens:
                yield LlmDone(reason=FinishReason.MAX_TOKENS)
                return
            await asyncio.sleep(self._pace_s)  # others have their turn; leaving the iterator ends us here
            yield LlmText(text=word if number == 0 else f" {word}")
        yield LlmDone()


def heard(request: LlmRequest) -> str:
    """What the user said last, written or spoken."""
    for item in reversed(request.items):
        if isinstance(item, MessageItem) and item.role is Role.USER:
            texts = (part.text for part in item.content if isinstance(part, InputText))
            spoken = (part.transcript or "" for part in item.content if isinstance(part, InputAudio))
            return " ".join([*texts, *spoken])
    return ""
