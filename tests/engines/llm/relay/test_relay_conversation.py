"""The service's conversation is a copy of ours: what it is told, what it is not told twice, how it is mended."""

import asyncio
from contextlib import aclosing

import pytest
from relaying import PATHS, answered, asking, audio, relayed, spoken_turn, told, upstream, whole, words

from voxwire.events.items import FunctionCallItem, FunctionCallOutputItem, InputAudio, Item, OutputAudio
from voxwire.events.session_config import FunctionTool, Modality, NamedTool
from voxwire.interfaces.llm import LlmDone, LlmRequest, LlmToolArguments, LlmToolCall
from voxwire.testing.fake_llm import FakeLlm, Script
from voxwire.testing.fake_tts import FakeTts

WEATHER = FunctionTool(name="get_weather", description="The weather", parameters={"type": "object"})


def heard(llm: FakeLlm) -> list[str]:
    """What the model behind the service read for its last answer, item by item."""
    return [_line(item) for item in llm.requests[-1].items]


def _line(item: Item) -> str:
    match item:
        case FunctionCallItem():
            return f"call {item.name} {item.arguments}"
        case FunctionCallOutputItem():
            return f"result {item.output}"
    texts = [p.transcript or "" if isinstance(p, InputAudio | OutputAudio) else p.text for p in item.content]  # type: ignore[union-attr]
    return f"{item.role.value}: {' '.join(texts)}"


@pytest.mark.parametrize("dialect", PATHS)
class TestOneTurn:
    async def test_speech_goes_up_and_speech_comes_down(self, dialect: str) -> None:
        service, llm = upstream("It is noon.")
        async with relayed(service, dialect) as relay:
            events = await whole(relay, asking(spoken_turn("u1")))
        assert heard(llm) == ["user: what time is it"]
        assert words(events) == "It is noon."
        assert len(audio(events)) / 48 == pytest.approx(60 * len("It is noon."), abs=1)
        assert isinstance(events[-1], LlmDone)
        assert events[-1].usage is not None
        assert events[-1].usage.output_audio > 0

    async def test_settings_reach_the_model(self, dialect: str) -> None:
        service, llm = upstream()
        async with relayed(service, dialect) as relay:
            request = asking(told("Hi."), tools=(WEATHER,), tool_choice=NamedTool(name="get_weather"), temperature=0.7)
            await whole(relay, request)
        asked = llm.requests[-1]
        assert asked.instructions == "Be kind."
        assert asked.tools == (WEATHER,)
        assert isinstance(asked.tool_choice, NamedTool)
        assert dialect == "ga" or asked.temperature == 0.7

    async def test_text_alone_where_that_is_asked_for(self, dialect: str) -> None:
        service, _ = upstream("Hi.")
        async with relayed(service, dialect) as relay:
            events = await whole(relay, asking(told("Hi."), modality=Modality.TEXT))
        assert words(events) == "Hi."
        assert not audio(events)

    async def test_tools(self, dialect: str) -> None:
        def answer(request: LlmRequest) -> Script | str:
            if isinstance(request.items[-1], FunctionCallOutputItem):
                return "Sunny."
            pieces = [LlmToolArguments(delta=piece) for piece in ('{"city":', '"Oslo"}')]
            return [LlmToolCall(name="get_weather"), *pieces, LlmDone()]

        service, llm = upstream(answer)
        async with relayed(service, dialect) as relay:
            events = await whole(relay, asking(told("Weather?"), tools=(WEATHER,)))
            assert [type(event) for event in events] == [LlmToolCall, LlmToolArguments, LlmToolArguments, LlmDone]
            call = FunctionCallItem(id="c1", name="get_weather", call_id="our_call", arguments='{"city":"Oslo"}')
            result = FunctionCallOutputItem(id="r1", call_id="our_call", output="sun")
            events = await whole(relay, asking(told("Weather?"), call, result, tools=(WEATHER,)))
        assert words(events) == "Sunny."
        assert heard(llm) == ["user: Weather?", 'call get_weather {"city":"Oslo"}', "result sun"]

    async def test_an_answer_cut_short_by_the_model(self, dialect: str) -> None:
        service, _ = upstream("word " * 50)
        async with relayed(service, dialect) as relay:
            done = (await whole(relay, asking(told("Hi."), max_output_tokens=10)))[-1]
        assert isinstance(done, LlmDone)
        assert done.reason.value == "max_output_tokens"


@pytest.mark.parametrize("dialect", PATHS)
class TestManyTurns:
    async def test_what_the_service_has_is_not_told_again(self, dialect: str) -> None:
        service, llm = upstream("Hello.")
        async with relayed(service, dialect) as relay:
            events = await whole(relay, asking(spoken_turn("u1")))
            mine = answered("a1", events)
            events = await whole(relay, asking(spoken_turn("u1"), mine, told("Again?", "u2")))
            assert relay.connections == 1
            assert service.sessions == 1
            others = answered("a2", events)
            await whole(relay, asking(spoken_turn("u1"), mine, told("Again?", "u2"), others, told("And?", "u3")))
            assert service.sessions == 1
        assert heard(llm) == [
            "user: what time is it", "assistant: Hello.", "user: Again?", "assistant: Hello.", "user: And?",
        ]  # fmt: skip

    async def test_a_cut_answer_is_cut_there_too(self, dialect: str) -> None:
        service, llm = upstream("one two three four")
        async with relayed(service, dialect) as relay:
            events = await whole(relay, asking(told("Count.")))
            cut = answered("a1", events, ms=8 * 60, text="one two")
            await whole(relay, asking(told("Count."), cut, told("Stop.", "u2")))
            assert service.sessions == 1
        assert heard(llm) == ["user: Count.", "assistant: one two", "user: Stop."]

    async def test_an_interrupted_answer_stops_and_is_cut(self, dialect: str) -> None:
        service, llm = upstream("one two three four five six seven", tts=FakeTts(pace=0.3))
        async with relayed(service, dialect) as relay:
            request = asking(told("Count."))
            got = []
            async with aclosing(relay.respond(request)) as events:
                async for event in events:
                    got.append(event)
                    if len(audio(got)) > 48 * 500:
                        break
            cut = answered("a1", got, ms=8 * 60, text="one two")
            await whole(relay, asking(told("Count."), cut, told("Stop.", "u2")))
            assert service.sessions == 1
        assert heard(llm) == ["user: Count.", "assistant: one two", "user: Stop."]

    async def test_items_that_were_deleted_put_between_or_never_heard(self, dialect: str) -> None:
        service, llm = upstream("Hello.")
        async with relayed(service, dialect) as relay:
            first = asking(told("One.", "u1"), told("Two.", "u2"), told("Three.", "u3"))
            await whole(relay, first)
            await whole(
                relay, asking(told("Zero.", "u0"), told("One.", "u1"), told("More.", "u9"), told("Three.", "u3"))
            )
            assert service.sessions == 1
        assert heard(llm) == ["user: Zero.", "user: One.", "user: More.", "user: Three."]

    async def test_another_conversation_gets_a_connection_of_its_own(self, dialect: str) -> None:
        service, llm = upstream("Hello.")
        async with relayed(service, dialect) as relay:
            main = [told(f"Line {number}.", f"u{number}") for number in range(4)]
            await whole(relay, asking(*main))
            await whole(relay, asking(told("Classify this.", "x1"), told("Yes or no.", "x2")))
            assert heard(llm) == ["user: Classify this.", "user: Yes or no."]
            await whole(relay, asking(*main, told("Go on.", "u9")))
            assert service.sessions == 2
            assert heard(llm)[-1] == "user: Go on."
            assert len(heard(llm)) == 5

    async def test_history_is_told_again_when_the_connection_is_lost(self, dialect: str) -> None:
        service, llm = upstream("Hello.")
        async with relayed(service, dialect, idle_s=0.05) as relay:
            events = await whole(relay, asking(spoken_turn("u1")))
            while relay.connections:  # noqa: ASYNC110  # an engine has no event to wait for
                await asyncio.sleep(0.01)
            past = spoken_turn("u1", words="what time is it"), answered("a1", events, text="Hel")
            await whole(relay, asking(*past, told("Again?", "u2")))
        assert heard(llm) == ["user: what time is it", "assistant: Hel", "user: Again?"]
