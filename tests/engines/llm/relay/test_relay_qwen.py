"""A service of Qwen-Omni's shape, imitated: other names, another rate, and a conversation that can only grow."""

import base64
from contextlib import aclosing

import pytest
from imitation import imitation, qwen
from relaying import answered, asking, audio, spoken_turn, told, whole, words

from voxwire.engines.llm.relay.engine import RelayEngine, engine
from voxwire.events.items import FunctionCallItem, FunctionCallOutputItem
from voxwire.events.session_config import FunctionTool
from voxwire.interfaces.llm import LlmAudio, LlmDone

WEATHER = FunctionTool(name="get_weather", description="The weather", parameters={"type": "object"})


def made(url: str, **options: object) -> RelayEngine:
    return engine({"url": url, "dialect": "qwen", "voices": {"alloy": "Cherry", "verse": "Ethan"}, **options})


async def test_a_spoken_turn() -> None:
    async with imitation(qwen, greeting="flat") as service:
        relay = made(service.url)
        await relay.start()
        events = await whole(relay, asking(spoken_turn("u1", ms=500), tools=(WEATHER,)))
        await relay.close()
    line = service.lines[-1]
    assert len(line.audio) == 500 * 32, "16 kHz go up"
    assert len(audio(events)) == 1200 * 48, "24 kHz come down"
    assert words(events) == "Hello from afar."
    session = service.told("session.update")[1]["session"]
    assert session["voice"] == "Ethan"
    function = {"name": "get_weather", "description": "The weather", "parameters": {"type": "object"}}
    assert session["tools"] == [{"type": "function", "function": function}]
    done = events[-1]
    assert isinstance(done, LlmDone)
    assert done.usage is not None
    assert (done.usage.input_tokens, done.usage.output_tokens) == (20, 30)


async def test_a_turn_that_is_too_short_is_filled_up() -> None:
    async with imitation(qwen, greeting="flat") as service:
        relay = made(service.url)
        await whole(relay, asking(spoken_turn("u1", ms=20)))
        await relay.close()
    assert len(service.lines[0].audio) == 100 * 32


async def test_the_conversation_grows_on_one_connection() -> None:
    async with imitation(qwen, greeting="flat") as service:
        relay = made(service.url)
        first = await whole(relay, asking(spoken_turn("u1")))
        await whole(relay, asking(spoken_turn("u1"), answered("a1", first), told("Go on.", "u2")))
        await relay.close()
        assert len(service.lines) == 1
        assert len(service.lines[0].audio) == 400 * 32, "speech goes up once"
    assert [event["item"]["type"] for event in service.told("conversation.item.create")] == ["message"]


async def test_a_cut_answer_is_not_taken_back() -> None:
    """It cannot be: the service knows by itself where it was told to stop."""
    async with imitation(qwen, greeting="flat") as service:
        relay = made(service.url)
        async with aclosing(relay.respond(asking(spoken_turn("u1")))) as events:
            got = [await anext(events), await anext(events)]
        assert any(isinstance(event, LlmAudio) for event in got)
        await whole(relay, asking(spoken_turn("u1"), answered("a1", got, ms=200, text="Hel"), told("Go on.", "u2")))
        await relay.close()
        assert len(service.lines) == 1
    assert "conversation.item.truncate" not in service.types()
    assert "response.cancel" in service.types()


@pytest.mark.parametrize("lost", [True, False])
async def test_what_cannot_be_told_as_items_is_told_as_text(lost: bool) -> None:
    async with imitation(qwen, greeting="flat") as service:
        relay = made(service.url)
        first = await whole(relay, asking(spoken_turn("u1")))
        if lost:
            await service.lines[0].connection.close()
            before = []
        else:
            before = [told("Be quick.", "u0")]
        past = (*before, spoken_turn("u1", words="What time is it?"), answered("a1", first))
        call = FunctionCallItem(id="c1", name="get_weather", call_id="call_1", arguments='{"city": "Oslo"}')
        result = FunctionCallOutputItem(id="r1", call_id="call_1", output="sun")
        await whole(relay, asking(*past, call, result, spoken_turn("u2")))
        await relay.close()
        assert len(service.lines) == 2
    settings = [event["session"] for event in service.lines[1].received if event["type"] == "session.update"]
    assert settings[1]["instructions"] == (
        "Be kind.\n\nWhat was said so far in this conversation:\n"
        + ("" if lost else "User: Be quick.\n")
        + "User: What time is it?\nYou: Hello from afar.\n"
        'You called get_weather with {"city": "Oslo"}\nIt returned: sun'
    )
    sent = [event["audio"] for event in service.lines[1].received if event["type"] == "input_audio_buffer.append"]
    assert len(b"".join(map(base64.b64decode, sent))) == 400 * 32, "the last turn alone is heard"


async def test_any_voice_may_be_asked_for_where_none_is_named() -> None:
    async with imitation(qwen, greeting="flat") as service:
        relay = engine({"url": service.url, "dialect": "qwen"})
        assert relay.capabilities.speech is not None
        assert relay.capabilities.speech.voices == ()
        await whole(relay, asking(spoken_turn("u1")))
        await relay.close()
    assert "voice" not in service.told("session.update")[1]["session"]
