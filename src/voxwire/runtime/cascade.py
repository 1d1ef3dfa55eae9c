"""One answer: language engine to synthesiser to session.

    LlmRequest ──▶ llm ──LlmText──▶ session, and Voicing ──▶ tts ──▶ Chunker ──SpokenAudio──▶ session
                      ──LlmAudio──▶ OwnVoice ──▶ Chunker ──SpokenAudio──▶ session
                      ──LlmToolCall──▶ (all speech first) session, LlmToolArguments …
                      ──LlmDone──▶ (all speech first) session

Text goes to the session at once, so transcripts run ahead of their audio; the text between two tool
calls is one message and one stream of the synthesiser. Of an engine that speaks itself the text is the transcript
of its audio, and the synthesiser has only words to say that no engine wrote. Cancelling the task stops both engines.
"""

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Final, Self, assert_never

from msgspec.structs import replace

from voxwire.errors import EngineError
from voxwire.events.session_config import Modality
from voxwire.interfaces.commands import StartResponse
from voxwire.interfaces.engine import ANYBODY, Claim
from voxwire.interfaces.inputs import Failed, Filtered, Generated, GenerationResult
from voxwire.interfaces.llm import LlmAudio, LlmDone, LlmEngine, LlmEvent, LlmText, LlmToolArguments, LlmToolCall
from voxwire.interfaces.tts import TtsConfig
from voxwire.runtime.chunker import Chunker
from voxwire.runtime.content_guard import AnswerFiltered, AnswerGuard, SessionGuard
from voxwire.runtime.deployment import Deployment
from voxwire.runtime.drafting import Drafting
from voxwire.runtime.engine_calls import (
    EngineSteps,
    broke_contract,
    close_iterator,
    first_failure,
    llm_errors,
    log_failure,
    tts_errors,
)
from voxwire.runtime.own_voice import OwnVoice
from voxwire.runtime.revocable_sink import RevocableSink
from voxwire.runtime.runtime_limits import Deadlines
from voxwire.runtime.stage_timing import StageTiming, StageTimings
from voxwire.runtime.voicing import Voicing

_GRACE_S: Final = 1.0


class Cascade:
    """Runs one generation. `run` delivers exactly one `LlmDone` or `Failed`, unless cancelled."""

    def __init__(
        self,
        command: StartResponse,
        deployment: Deployment,
        delivery: RevocableSink,
        deadlines: Deadlines,
        claim: Claim = ANYBODY,
        drafting: Drafting | None = None,
        timings: StageTimings | None = None,
        guard: SessionGuard | None = None,
    ) -> None:
        self._command = command
        self._generation = command.generation
        self._deployment = deployment
        self._delivery = delivery
        self._deadlines = deadlines
        self._claim = claim.aside(command.background or command.response_id is None)
        self._drafting = drafting or Drafting()
        self._timings = timings or StageTimings()
        self._spoken = command.request.modality is Modality.AUDIO
        self._speech = deployment.llm.capabilities.speech if command.words is None else None
        self._guard: AnswerGuard | None = None
        if guard is not None and command.words is None:
            self._guard = guard.answer(command.request.items, command.response_id, holds=self._speech is None)
        self._steps = EngineSteps()
        self._voicing: Voicing | None = None
        self._own_voice: OwnVoice | None = None

    def wanted(self, response_id: str) -> None:
        """It was a draft, and somebody waits for it now."""
        self._claim.background = False
        if self._guard is not None:
            self._guard.wanted(response_id)

    async def run(self) -> None:
        try:
            async with asyncio.TaskGroup() as speaking:
                await self._generate(speaking)
        except* AnswerFiltered:
            # First, for the session cancels what it has filtered, and the engines are to be let go in peace.
            await self._close_voicing()
            self._deliver(Filtered())
            self._delivery.shut()
        except* EngineError as errors:
            failure = first_failure(errors)
            log_failure(failure)
            self._deliver(Failed(code=failure.code, message=failure.message))
        finally:
            await self._close_voicing()

    async def _generate(self, speaking: asyncio.TaskGroup) -> None:
        if self._command.words is None:
            with _Asked(self._deployment.llm, self._drafting, self._timings.begin("llm", self._generation)) as asked:
                await self._relay(speaking, asked)
        else:
            await self._relay(speaking, None)

    async def _relay(self, speaking: asyncio.TaskGroup, asked: "_Asked | None") -> None:
        """From the language engine, where it was `asked`, to the voice and the session."""
        with llm_errors:
            answer = self._answer()
        guard, watching = self._guard, None
        if guard is not None:
            watching = speaking.create_task(guard.watch())
        # An engine that keeps deadlines of its own says more exactly what went wrong: it goes first.
        patience_s = (self._deployment.llm.capabilities.patience_s or 0.0) + _GRACE_S
        wait_s = max(self._deadlines.llm_first_s, patience_s)
        try:
            async with self._steps as steps:
                while True:
                    steps.begin("llm", wait_s)
                    with llm_errors:
                        event = await anext(answer, None)
                    steps.end()
                    if event is None:
                        raise broke_contract("llm", "ended without saying that it was done")
                    if asked is not None:
                        asked.timing.reached()
                        if isinstance(event, LlmDone):
                            asked.done()
                    if guard is not None:
                        await guard.heard()
                    await self._forward(event, speaking)
                    if isinstance(event, LlmDone):
                        return
                    wait_s = max(self._deadlines.llm_idle_s, patience_s)
        finally:
            if watching is not None:
                watching.cancel()
            await close_iterator("llm", answer)

    def _answer(self) -> AsyncIterator[LlmEvent]:
        command = self._command
        if command.words is not None:
            return _recite(command.words)
        voice = command.request.voice if self._speech is None else command.voice
        request = replace(command.request, voice=voice, principal=self._claim.principal)
        return self._deployment.llm.respond(request)

    async def _forward(self, event: LlmEvent, speaking: asyncio.TaskGroup) -> None:
        await self._delivery.writable()
        match event:
            case LlmText(text=text):
                await self._say(text if self._guard is None else self._guard.let_out(text), speaking)
                # The voice may begin before the next words are there; an instant engine never waits.
                await asyncio.sleep(0)
            case LlmAudio():
                if self._spoken:
                    await self._speaker().say(event)
            case LlmToolArguments():
                self._deliver(event)
            case LlmToolCall() | LlmDone():
                if self._guard is not None:
                    await self._say(self._guard.rest(), speaking)
                await self._finish_voicing()
                if self._guard is not None:  # beside the speech: the last words were checked while they were made
                    await self._guard.settled()
                self._deliver(event)
            case _:
                assert_never(event)

    async def _say(self, text: str, speaking: asyncio.TaskGroup) -> None:
        if text:
            self._deliver(LlmText(text=text))
            if self._spoken and self._speech is None:
                await self._voice(speaking).say(text)

    def _deliver(self, event: GenerationResult) -> None:
        self._delivery.submit(Generated(self._generation, event))

    def _voice(self, speaking: asyncio.TaskGroup) -> Voicing:
        """The stream that speaks the current message."""
        if self._voicing is None:
            command, tts = self._command, self._deployment.tts
            with tts_errors:
                stream = tts.open(TtsConfig(voice=self._voice_name(), speed=command.speed, claim=self._claim))
            chunker = Chunker(tts.capabilities.rate, command.output_format.rate)
            timing = self._timings.begin("tts", self._generation)
            self._voicing = Voicing(
                stream, chunker, self._generation, self._delivery, self._steps, self._deadlines.tts_s, timing
            )
            speaking.create_task(self._voicing.run())
        return self._voicing

    def _voice_name(self) -> str:
        voice, deployment = self._command.voice, self._deployment
        return voice if deployment.llm.capabilities.speech is None else deployment.reciting_voice(voice)

    def _speaker(self) -> OwnVoice:
        """What delivers the engine's own speech of the current message."""
        if self._speech is None:
            raise broke_contract("llm", "spoke without having said that it speaks")
        if self._own_voice is None:
            chunker = Chunker(self._speech.rate, self._command.output_format.rate)
            self._own_voice = OwnVoice(chunker, self._generation, self._delivery)
        return self._own_voice

    async def _finish_voicing(self) -> None:
        if self._own_voice is not None:
            own_voice, self._own_voice = self._own_voice, None
            await own_voice.finish()
        if self._voicing is not None:
            await self._voicing.finish()
            await self._close_voicing()

    async def _close_voicing(self) -> None:
        if self._voicing is not None:
            voicing, self._voicing = self._voicing, None
            await voicing.close()


class _Asked:
    """The language engine, from when it was asked until its last word is there: counted for drafts, and timed."""

    __slots__ = ("_drafting", "_engine", "timing")

    def __init__(self, engine: LlmEngine, drafting: Drafting, timing: StageTiming) -> None:
        self._engine: LlmEngine | None = engine
        self._drafting = drafting
        self.timing = timing
        drafting.answers(engine)

    def done(self) -> None:
        """It has said its last word, or will not; only the first time counts."""
        engine, self._engine = self._engine, None
        if engine is not None:
            self._drafting.answered(engine)
        self.timing.done()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.timing.__exit__(kind, error, trace)
        self.done()


async def _recite(words: str) -> AsyncIterator[LlmEvent]:
    """A language engine that has learnt its words by heart."""
    yield LlmText(text=words)
    yield LlmDone()
