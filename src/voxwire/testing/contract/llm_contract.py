"""What every language engine must do (`voxwire.interfaces.llm`)."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, Final, cast

import msgspec
import pytest

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import EngineError
from voxwire.events.items import (
    AudioClip,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputImage,
    InputText,
    Item,
    MessageItem,
    OutputAudio,
    OutputText,
    Role,
)
from voxwire.events.session_config import FunctionTool, Modality
from voxwire.interfaces.expectations import Expectations
from voxwire.interfaces.llm import (
    CountsTokens,
    LlmAudio,
    LlmDone,
    LlmEngine,
    LlmEvent,
    LlmRequest,
    LlmText,
    LlmToolArguments,
    LlmToolCall,
    Overhears,
    Remembers,
    Warms,
)
from voxwire.testing.contract.life import CLOSED_S, LONGEST_S, EngineContract

WEATHER: Final = FunctionTool(
    name="get_weather",
    description="The weather in a city",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
_PIXEL: Final = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk"
    "+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def said(*parts: Any, role: Role = Role.USER) -> MessageItem:
    return MessageItem(role=role, content=tuple(parts))


def asked(text: str, **settings: Any) -> LlmRequest:
    """A conversation of one question."""
    return LlmRequest(**{"instructions": "Be brief.", "items": (said(InputText(text=text)),), **settings})


def _clip(ms: float, format: AudioFormat = AudioFormat.PCM16) -> AudioClip:
    """A hum."""
    samples = int(ms * format.rate / 1000)
    data = b"\x00\x04" * samples if format is AudioFormat.PCM16 else b"\xc0" * samples
    return AudioClip(data=data, format=format)


_CALL: Final = FunctionCallItem(name="get_weather", call_id="call_1", arguments='{"city": "Paris"}')
_RESULT: Final = FunctionCallOutputItem(call_id="call_1", output='{"sky": "clear"}')
_HELLO: Final = said(InputText(text="Hello."))
#: Conversations that sessions really hand over, each with one thing out of the ordinary.
ODD_CONVERSATIONS: Final[dict[str, tuple[Item, ...]]] = {
    "nothing at all": (),
    "an empty question": (said(InputText(text="")),),
    "a message without parts": (said(),),
    "speech that was understood": (said(InputAudio(transcript="hello", duration_ms=500.0)),),
    "speech that was not understood": (said(InputAudio(transcript="", duration_ms=500.0)),),
    "speech without words": (said(InputAudio(clip=_clip(500), duration_ms=500.0)),),
    "speech with words": (said(InputAudio(clip=_clip(500), transcript="hello", duration_ms=500.0)),),
    "speech on the telephone": (said(InputAudio(clip=_clip(500, AudioFormat.ULAW), duration_ms=500.0)),),
    "hardly any sound": (said(InputAudio(clip=_clip(1), duration_ms=1.0)),),
    "silence": (said(InputAudio(duration_ms=5000.0)),),
    "instructions in the middle": (_HELLO, said(InputText(text="Be kind."), role=Role.SYSTEM), _HELLO),
    "an answer of which nothing was heard": (_HELLO, said(OutputAudio(transcript=""), role=Role.ASSISTANT), _HELLO),
    "the last word is the assistant's": (_HELLO, said(OutputText(text="Hi."), role=Role.ASSISTANT)),
    "a call with its result": (_HELLO, _CALL, _RESULT),
    "a call without its result": (_HELLO, _CALL, _HELLO),
    "a call that was cut off": (_HELLO, msgspec.structs.replace(_CALL, arguments='{"city": "Pa'), _HELLO),
    "many languages": (said(InputText(text="Straße 日本語 مرحبا 👩‍👩‍👧 \x00\x07 end")),),
    "a long question": (said(InputText(text="And then? " * 2_000)),),
    "a long conversation": (_HELLO,) * 200,
}


async def answer_to(engine: LlmEngine, request: LlmRequest) -> list[LlmEvent]:
    """All of an answer, which must keep the order of events."""
    stream = cast("AsyncGenerator[LlmEvent, None]", engine.respond(request))
    async with asyncio.timeout(LONGEST_S), aclosing(stream) as events:
        found = [event async for event in events]
    check_order(found, {tool.name for tool in request.tools})
    return found


def check_order(events: Sequence[LlmEvent], offered: set[str]) -> None:
    """Text, speech and calls, whose arguments are JSON objects, then one end and nothing after it."""
    assert [type(event) for event in events].count(LlmDone) == 1
    assert isinstance(events[-1], LlmDone)
    check_speech(events)
    arguments: list[str] | None = None
    for event in events:
        if not isinstance(event, LlmToolArguments):
            check_arguments(arguments)
            arguments = None
        match event:
            case LlmToolCall():
                assert event.name in offered
                arguments = []
            case LlmToolArguments():
                assert arguments is not None, "arguments follow the call that they belong to"
                arguments.append(event.delta)
            case LlmText():
                assert isinstance(event.text, str)


def check_speech(events: Sequence[LlmEvent]) -> None:
    """Speech is whole samples, and voices the text of its message from its beginning to its end at most."""
    written = voiced = 0
    for event in events:
        match event:
            case LlmText():
                written += len(event.text)
            case LlmAudio():
                assert len(event.pcm) % 2 == 0
                assert event.chars_to >= voiced
                voiced = event.chars_to
            case LlmToolCall() | LlmDone():
                assert voiced <= written
                written = voiced = 0


def check_arguments(pieces: list[str] | None) -> None:
    if pieces:
        assert isinstance(msgspec.json.decode("".join(pieces)), dict)


def text_of(events: Sequence[LlmEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, LlmText))


class LlmContract(EngineContract):
    """Answers: their order, their end, tools, closing, and conversations out of the ordinary."""

    @staticmethod
    def make_engine() -> LlmEngine:
        raise NotImplementedError("say how an engine is made")

    async def test_answers(self, engine: LlmEngine) -> None:
        events = await answer_to(engine, asked("Hello!"))
        assert text_of(events).strip()

    async def test_usage_is_plausible_where_it_is_known(self, engine: LlmEngine) -> None:
        done = (await answer_to(engine, asked("Hello!")))[-1]
        assert isinstance(done, LlmDone)
        if done.usage is not None:
            assert 0 <= done.usage.cached_text <= done.usage.input_text
            assert done.usage.output_text > 0

    @pytest.mark.parametrize("items", ODD_CONVERSATIONS.values(), ids=list(ODD_CONVERSATIONS))
    async def test_whatever_a_session_hands_over(self, engine: LlmEngine, items: tuple[Item, ...]) -> None:
        """An answer or an `EngineError`, and a conversation as before after it."""
        failed_stage = "llm"
        try:
            await answer_to(engine, asked("", items=items, tools=(WEATHER,)))
        except EngineError as error:
            failed_stage = error.stage
        assert failed_stage == "llm"
        assert text_of(await answer_to(engine, asked("Hello!"))).strip()

    @pytest.mark.parametrize("modality", Modality)
    async def test_every_modality(self, engine: LlmEngine, modality: Modality) -> None:
        """An engine that speaks answers with speech where that is asked for, and nowhere else."""
        speech = engine.capabilities.speech
        voices = speech.voices if speech is not None else ()
        for voice in voices[:2] or ("alloy",):
            events = await answer_to(engine, asked("Hello!", modality=modality, voice=voice))
            speaks = speech is not None and modality is Modality.AUDIO
            assert bool([event for event in events if isinstance(event, LlmAudio)]) is speaks

    async def test_pictures_where_it_can_see(self, engine: LlmEngine) -> None:
        if engine.capabilities.images:
            picture = said(InputText(text="What is this?"), InputImage(image_url=_PIXEL))
            await answer_to(engine, asked("", items=(picture,)))

    async def test_an_answer_may_be_bounded(self, engine: LlmEngine) -> None:
        await answer_to(engine, asked("Tell me a story.", max_output_tokens=1))

    async def test_what_clients_say_to_the_model(self, engine: LlmEngine) -> None:
        settings = {"parallel_tool_calls": False, "reasoning": "low", "session_key": "sess_1", "end_user": "u-1"}
        await answer_to(engine, asked("Hello!", temperature=0.6, tools=(WEATHER,), **settings))

    async def test_tools_are_called_by_their_names(self, engine: LlmEngine) -> None:
        events = await answer_to(engine, asked("What is the weather in Paris?", tools=(WEATHER,)))
        if not engine.capabilities.tools:
            assert not [event for event in events if isinstance(event, LlmToolCall)]

    async def test_no_tool_is_called_when_the_choice_is_none(self, engine: LlmEngine) -> None:
        events = await answer_to(engine, asked("What is the weather in Paris?", tools=(WEATHER,), tool_choice="none"))
        assert not [event for event in events if isinstance(event, LlmToolCall)]

    async def test_closing_an_answer_stops_it(self, engine: LlmEngine) -> None:
        events = cast("AsyncGenerator[LlmEvent, None]", engine.respond(asked("Tell me a long story.")))
        await anext(events)
        await asyncio.wait_for(events.aclose(), CLOSED_S)
        assert [event async for event in events] == []
        assert text_of(await answer_to(engine, asked("Hello!"))).strip()

    async def test_cancelling_whoever_waits_stops_it(self, engine: LlmEngine) -> None:
        for pause_s in (0.0, 0.01):
            waiting = asyncio.create_task(answer_to(engine, asked("Tell me a long story.")))
            await asyncio.sleep(pause_s)
            waiting.cancel()
            finished, _ = await asyncio.wait([waiting], timeout=CLOSED_S)
            assert finished
        assert text_of(await answer_to(engine, asked("Hello!"))).strip()

    async def test_an_answer_that_nobody_reads_leaves_nothing_behind(self, engine: LlmEngine) -> None:
        await cast("AsyncGenerator[LlmEvent, None]", engine.respond(asked("Hello!"))).aclose()
        assert text_of(await answer_to(engine, asked("Hello!"))).strip()

    async def test_several_answers_at_once(self, engine: LlmEngine) -> None:
        answers = await asyncio.gather(*(answer_to(engine, asked("Hello!", session_key=f"s{n}")) for n in range(4)))
        assert all(text_of(events).strip() for events in answers)

    async def test_a_turn_may_be_overheard(self, engine: LlmEngine) -> None:
        if isinstance(engine, Overhears):
            clip = _clip(500)
            for turn, audio in enumerate((clip.data, clip.data[:4800], b"", b"\x00\x01" * 2400)):
                engine.overhear("sess_1", turn, audio, clip.format)
                item = MessageItem(id=f"u{turn}", role=Role.USER, content=(InputAudio(clip=clip, duration_ms=500.0),))
                assert text_of(await answer_to(engine, asked("", items=(item,), session_key="sess_1"))).strip()
            engine.overhear("sess_unknown", 1, clip.data, clip.format)

    async def test_a_session_that_has_ended_is_forgotten(self, engine: LlmEngine) -> None:
        if isinstance(engine, Remembers):
            for _ in range(2):
                assert text_of(await answer_to(engine, asked("Hello!", session_key="sess_1"))).strip()
                engine.forget("sess_1")
                engine.forget("sess_1")

    async def test_tokens_are_counted_where_it_can(self, engine: LlmEngine) -> None:
        if isinstance(engine, CountsTokens):
            few, many = engine.count_tokens("Hello."), engine.count_tokens("Hello, how are you? " * 20)
            assert 0 <= engine.count_tokens("") <= few < many

    async def test_a_beginning_is_read_where_it_can(self, engine: LlmEngine) -> None:
        if isinstance(engine, Warms):
            async with asyncio.timeout(LONGEST_S):
                await engine.warm(asked("", items=(), tools=(WEATHER,)))
            given_up = asyncio.create_task(engine.warm(asked("", items=())))
            await asyncio.sleep(0)
            given_up.cancel()
            finished, _ = await asyncio.wait([given_up], timeout=CLOSED_S)
            assert finished
            assert text_of(await answer_to(engine, asked("Hello!"))).strip()

    async def test_what_it_expects_it_understands(self, engine: LlmEngine) -> None:
        if not isinstance(engine, Expectations):
            return
        phrases = await asyncio.to_thread(engine.phrases, "", (WEATHER,))
        assert phrases == await asyncio.to_thread(engine.phrases, "", (WEATHER,))
        assert len(set(phrases)) == len(phrases)
        some = phrases[:: max(1, len(phrases) // 20)]
        assert all([await asyncio.to_thread(engine.understands, phrase, "", (WEATHER,)) for phrase in some])
        assert not engine.understands("zorp quib flanter", "", (WEATHER,))
