"""A language engine made of several: the next one goes on with the answer of one that fails."""

from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import cast

from msgspec.structs import replace

from voxwire.audio.pcm import AudioFormat
from voxwire.awake import Deadline
from voxwire.events.session_config import FunctionTool
from voxwire.interfaces.expectations import Expectations
from voxwire.interfaces.llm import (
    LlmAudio,
    LlmCapabilities,
    LlmDone,
    LlmEvent,
    LlmRequest,
    Overhears,
    Queues,
    Remembers,
    Warms,
)
from voxwire.runtime.engine_calls import broke_contract, timed_out
from voxwire.runtime.failover.continuation import Continuation
from voxwire.runtime.failover.members import Attempt, Members, TakeoverTimes

#: What the runtime waits for the last engine, which has no deadline here.
_LAST_S = 30.0


class FailoverLlm:
    """An `LlmEngine` of several. It can do what each of them can.

    One that speaks by itself is not replaced once it was heard: its words are ahead of its voice, which no other has.
    """

    def __init__(self, members: Members, patience: TakeoverTimes) -> None:
        self.members = members
        self._wait_s = patience.llm_s
        self._answers: Counter[int] = Counter()

    @property
    def capabilities(self) -> LlmCapabilities:
        every: list[LlmCapabilities] = [engine.capabilities for engine in self.members.engines]
        waits = [self._wait_s] * (len(every) - 1) + [max(c.patience_s or 0.0 for c in every) or _LAST_S]
        return replace(
            every[0],
            info=replace(every[0].info, label=" or ".join(dict.fromkeys(c.info.label for c in every))),
            context_tokens=min(c.context_tokens for c in every),
            images=all(c.images for c in every),
            tools=all(c.tools for c in every),
            local=all(c.local for c in every),
            hears=all(c.hears for c in every),
            speech=every[0].speech if all(c.speech == every[0].speech for c in every) else None,
            patience_s=sum(waits),
        )

    @property
    def models(self) -> tuple[str, ...]:
        return models_of(self.members)

    @property
    def queue(self) -> int:
        first = self.members.first
        return first.queue if isinstance(first, Queues) else self._answers[id(first)]

    async def start(self) -> None:
        await self.members.start()

    async def close(self) -> None:
        await self.members.close()

    async def warm(self, request: LlmRequest) -> None:
        """Of the preferred engine, where it reads ahead."""
        first = self.members.first
        if isinstance(first, Warms):
            await first.warm(request)

    def overhear(self, session_key: str, turn: int, audio: bytes | bytearray, format: AudioFormat) -> None:
        """By the preferred engine, where it begins to listen while somebody speaks."""
        first = self.members.first
        if isinstance(first, Overhears):
            first.overhear(session_key, turn, audio, format)

    def forget(self, session_key: str) -> None:
        for member in self.members.all:
            if member.running and isinstance(member.engine, Remembers):
                member.engine.forget(session_key)

    async def respond(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        answer, speaks = Continuation(request), self.capabilities.speech is not None
        for attempt in self.members.attempts():
            key = id(attempt.engine)
            self._answers[key] += 1
            try:
                async with aclosing(self._asked(attempt, answer.request)) as events:
                    async for event in events:
                        for ready in answer.take(event):
                            if not isinstance(ready, LlmAudio) or speaks:
                                yield ready
                attempt.worked()
            except Exception as error:
                attempt.failed(error)
                if answer.voiced and attempt.error is not None:
                    raise attempt.error from None
                if answer.interrupted():
                    yield LlmDone()
                    return
            finally:
                self._answers[key] -= 1

    async def _asked(self, attempt: Attempt, request: LlmRequest) -> AsyncGenerator[LlmEvent, None]:
        """One engine's answer, to its end. Raises EngineError when it is silent for too long, or stops without one."""
        wait_s = None if attempt.last else self._wait_s
        events = attempt.engine.respond(request)
        try:
            while True:
                try:
                    async with Deadline(wait_s):
                        event = cast("LlmEvent | None", await anext(events, None))
                except TimeoutError:
                    raise timed_out("llm", self._wait_s) from None
                if event is None:
                    raise broke_contract("llm", "ended without saying that it was done")
                yield event
                if isinstance(event, LlmDone):
                    return
        finally:
            if (close := getattr(events, "aclose", None)) is not None:
                await close()


class ExpectingFailoverLlm(FailoverLlm):
    """Of engines that all have `Expectations`: the preferred one says what it can be told."""

    def phrases(self, instructions: str, tools: Sequence[FunctionTool]) -> tuple[str, ...]:
        return self._expecting.phrases(instructions, tools)

    def understands(self, text: str, instructions: str, tools: Sequence[FunctionTool]) -> bool:
        return self._expecting.understands(text, instructions, tools)

    @property
    def _expecting(self) -> Expectations:
        return cast("Expectations", self.members.first)


def failover_llm(members: Members, patience: TakeoverTimes) -> FailoverLlm:
    """One of several. It has expectations where all of them have: one for open conversation has an answer for
    whatever is said."""
    all_expect = all(isinstance(member.engine, Expectations) for member in members.all)
    return ExpectingFailoverLlm(members, patience) if all_expect else FailoverLlm(members, patience)


def models_of(members: Members) -> tuple[str, ...]:
    """What all of them need on disk (`voxwire.interfaces.needs_models`)."""
    return tuple(dict.fromkeys(name for member in members.all for name in getattr(member.engine, "models", ())))
