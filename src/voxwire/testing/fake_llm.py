"""Language engines for tests: they say what they were told to say."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, MutableSequence, Sequence

from voxwire.errors import EngineError
from voxwire.events.session_config import FunctionTool
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.llm import LlmAudio, LlmCapabilities, LlmDone, LlmEvent, LlmRequest, LlmText, OwnSpeech

#: A step of a script: an event, a failure, or seconds to wait.
Step = LlmEvent | EngineError | Exception | float
Script = Iterable[Step]


def words(text: str, pace_s: float = 0.0) -> list[Step]:
    """`text` word by word, `pace_s` seconds apart, and the end."""
    steps: list[Step] = []
    for number, word in enumerate(text.split(" ")):
        if pace_s:
            steps.append(pace_s)
        steps.append(LlmText(text=f" {word}" if number else word))
    return [*steps, LlmDone()]


def spoken(text: str, *, char_ms: float = 60.0, rate: int = 24_000) -> list[Step]:
    """`text` word by word, each with the speech that voices it, and the end."""
    steps: list[Step] = []
    said = 0
    for step in words(text):
        steps.append(step)
        if isinstance(step, LlmText):
            said += len(step.text)
            samples = round(len(step.text) * char_ms * rate / 1000)
            steps.append(LlmAudio(pcm=b"\x00\x04" * samples, chars_to=said))
    return steps


class FakeLlm:
    """Answers every request by a script: a text, steps, or a function from request to either."""

    def __init__(
        self,
        answer: str | Script | Callable[[LlmRequest], str | Script] = "Hello! How can I help you?",
        *,
        local: bool = False,
        hears: bool = False,
        speech: OwnSpeech | None = None,
    ) -> None:
        self.capabilities = LlmCapabilities(
            info=EngineInfo(name="fake-llm", label="scripted answers", licence="Apache-2.0"),
            local=local,
            hears=hears,
            speech=speech,
        )
        self.requests: MutableSequence[LlmRequest] = []
        self.closed_iterators = 0
        self.started = 0
        self.closed = 0
        self._answer = answer

    async def start(self) -> None:
        self.started += 1

    async def close(self) -> None:
        self.closed += 1

    async def respond(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        self.requests.append(request)
        answer = self._answer(request) if callable(self._answer) else self._answer
        try:
            for step in words(answer) if isinstance(answer, str) else answer:
                if isinstance(step, float | int):
                    await asyncio.sleep(step)
                elif isinstance(step, Exception):
                    raise step
                else:
                    yield step
        finally:
            self.closed_iterators += 1


class ExpectingLlm(FakeLlm):
    """One that has `Expectations`: what it is told to expect, and to understand."""

    def __init__(
        self,
        answer: str | Script | Callable[[LlmRequest], str | Script] = "Hello! How can I help you?",
        *,
        phrases: tuple[str, ...] = (),
        understands: Callable[[str], bool] = lambda text: True,
    ) -> None:
        super().__init__(answer)
        self.phrase_calls = 0
        self.expected = phrases
        self._understands = understands

    def phrases(self, instructions: str, tools: Sequence[FunctionTool]) -> tuple[str, ...]:
        self.phrase_calls += 1
        return self.expected

    def understands(self, text: str, instructions: str, tools: Sequence[FunctionTool]) -> bool:
        return self._understands(text)


class WarmingLlm(FakeLlm):
    """One that `Warms`: it keeps what it was told to read, and reads until `read` is set."""

    def __init__(self, answer: str = "Hello! How can I help you?") -> None:
        super().__init__(answer)
        self.beginnings: list[LlmRequest] = []
        self.reading = 0
        self.read = asyncio.Event()

    async def warm(self, request: LlmRequest) -> None:
        self.beginnings.append(request)
        self.reading += 1
        try:
            await self.read.wait()
        finally:
            self.reading -= 1
