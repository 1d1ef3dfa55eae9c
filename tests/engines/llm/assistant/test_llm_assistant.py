"""The engine as the runtime meets it: streaming, cancelling, phrases, understanding, options."""

import asyncio
import itertools
import time
from collections.abc import AsyncGenerator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llm_cases import ALL_TOOLS, NOW, WEATHER, Ask, called, function, gave, replied, speech, spoke, user

from voxwire.engines.llm.assistant.domain import MAX_PHRASES
from voxwire.engines.llm.assistant.engine import OfflineAssistant, engine
from voxwire.errors import ConfigurationError, InvariantError
from voxwire.events.items import Item
from voxwire.events.session_config import FunctionTool, Modality, NamedTool, ToolChoice
from voxwire.interfaces.llm import LlmDone, LlmEngine, LlmEvent, LlmRequest, LlmText, LlmToolArguments, LlmToolCall

REUSED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


def answer(assistant: OfflineAssistant, request: LlmRequest) -> list[LlmEvent]:
    async def collect() -> list[LlmEvent]:
        return [event async for event in assistant.respond(request)]

    return asyncio.run(collect())


class TestStreaming:
    async def test_word_by_word(self, ask: Ask) -> None:
        words = (await ask("what time is it")).words
        assert words == ["It ", "is ", "3:05 ", "PM."]

    async def test_spacing_of_quotes_is_kept(self, ask: Ask) -> None:
        text = "One  two\n\nthree."
        assert (await ask(instructions=f'Say "{text}"')).text == text

    async def test_arguments_come_in_pieces_of_one_json_text(self, assistant: OfflineAssistant) -> None:
        request = LlmRequest(instructions="", items=(user("weather in Salt Lake City, Utah"),), tools=(WEATHER,))
        events = [event async for event in assistant.respond(request)]
        assert events[0] == LlmToolCall(name="get_weather")
        pieces = [event.delta for event in events if isinstance(event, LlmToolArguments)]
        assert len(pieces) > 3
        assert "".join(pieces) == '{"location":"Salt Lake City, Utah"}'
        assert events[-1] == LlmDone()

    @pytest.mark.parametrize("modality", list(Modality))
    async def test_the_words_are_the_same_for_every_modality(
        self, assistant: OfflineAssistant, modality: Modality
    ) -> None:
        request = LlmRequest(instructions="", items=(user("twelve times seven"),), modality=modality)
        texts = [event.text async for event in assistant.respond(request) if isinstance(event, LlmText)]
        assert "".join(texts) == "That is 84."

    async def test_leaving_the_iterator_stops_the_answer(self, assistant: OfflineAssistant) -> None:
        events = assistant.respond(LlmRequest(instructions="", items=()))
        assert await anext(events) == LlmText(text="Hello, ")
        assert isinstance(events, AsyncGenerator)
        await events.aclose()
        with pytest.raises(StopAsyncIteration):
            await anext(events)

    async def test_cancelling_the_task_stops_the_answer(self, assistant: OfflineAssistant) -> None:
        heard: list[LlmEvent] = []

        async def listen() -> None:
            async for event in assistant.respond(LlmRequest(instructions="", items=())):
                heard.append(event)
                if len(heard) == 3:
                    task.cancel()

        task = asyncio.create_task(listen())
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(heard) == 3

    async def test_answers_share_the_loop(self, assistant: OfflineAssistant) -> None:
        """Two answers at once come in turns, not one after the other."""
        order: list[int] = []

        async def listen(number: int) -> None:
            async for _ in assistant.respond(LlmRequest(instructions="", items=())):
                order.append(number)

        await asyncio.gather(listen(1), listen(2))
        assert order[:6] == [1, 2, 1, 2, 1, 2]


class TestPhrases:
    SETTINGS = (
        ("", ()),
        ("", (WEATHER,)),
        ("Opening hours: 9 to 5\nQ: Do you ship abroad? A: Yes.", ALL_TOOLS),
    )  # fmt: skip

    @pytest.mark.parametrize(("instructions", "tools"), SETTINGS)
    def test_plain_bounded_and_repeatable(
        self, assistant: OfflineAssistant, instructions: str, tools: tuple[FunctionTool, ...]
    ) -> None:
        phrases = assistant.phrases(instructions, tools)
        assert 1_000 < len(phrases) <= MAX_PHRASES
        assert len(set(phrases)) == len(phrases)
        for phrase in phrases:
            letters = phrase.replace(" ", "").replace("'", "")
            assert letters.isalpha(), phrase
            assert phrase == phrase.lower().strip()
            assert "  " not in phrase
        again = OfflineAssistant(clock=lambda: NOW)
        asyncio.run(again.start())
        assert again.phrases(instructions, tools) == phrases

    @pytest.mark.parametrize(("instructions", "tools"), SETTINGS)
    def test_what_is_listed_is_understood(
        self, assistant: OfflineAssistant, instructions: str, tools: tuple[FunctionTool, ...]
    ) -> None:
        phrases = assistant.phrases(instructions, tools)
        assert [phrase for phrase in phrases[::7] if not assistant.understands(phrase, instructions, tools)] == []

    @pytest.mark.parametrize(
        "phrase",
        [
            "what's the weather like in oklahoma city", "weather", "what time is it", "what is twelve times seven",
            "who are you", "hello how are you", "count to ten", "turn on the light", "jazz", "in rome",
        ],
    )  # fmt: skip
    def test_natural_sentences_are_among_them_word_pair_by_word_pair(
        self, assistant: OfflineAssistant, phrase: str
    ) -> None:
        """What an n-gram model needs: every pair of neighbouring words occurs somewhere."""
        pairs: set[tuple[str, str]] = set()
        for listed in assistant.phrases("", ALL_TOOLS):
            words = ["<s>", *listed.split(), "</s>"]
            pairs.update(itertools.pairwise(words))
        words = ["<s>", *phrase.split(), "</s>"]
        assert [pair for pair in itertools.pairwise(words) if pair not in pairs] == []

    def test_many_functions_share_the_room(self, assistant: OfflineAssistant) -> None:
        tools = [function(f"get_{name}_level", None, ["level"], level={"type": "integer"}) for name in NATO * 5]
        phrases = assistant.phrases("", tools)
        assert len(phrases) <= MAX_PHRASES
        assert all(any(f"{name} level" in phrase for phrase in phrases) for name in NATO)

    def test_they_are_kept(self, assistant: OfflineAssistant) -> None:
        assert assistant.phrases("", (WEATHER,)) is assistant.phrases("", [WEATHER])

    def test_settings_kept_are_bounded(self, assistant: OfflineAssistant) -> None:
        first = assistant.phrases("name: 0", ())
        for number in range(1, 40):
            assistant.phrases(f"name: {number}", ())
        assert assistant.phrases("name: 0", ()) is not first

    def test_fast_enough_for_a_session_update(self) -> None:
        fresh = OfflineAssistant(clock=lambda: NOW)
        asyncio.run(fresh.start())
        before = time.process_time()
        fresh.phrases("", (WEATHER,))
        # 45 ms on the slowest machine measured; the bound only catches another order of magnitude.
        assert time.process_time() - before < 1.0


NATO = "alpha bravo charlie delta echo foxtrot golf hotel india juliet kilo lima mike november oscar papa".split()


class TestUnderstanding:
    @pytest.mark.parametrize(
        "text",
        [
            "what's the weather like in oklahoma city", "Paris weather?",
             "hello can you please tell me the weather in rome",
            "turn off the kitchen light", "in san francisco california", "seven", "stop", "what time is it in tokyo",
            "what about the weather in boise idaho please", "how many feet are in ten miles", "tomorrow",
        ],
    )  # fmt: skip
    def test_understood(self, assistant: OfflineAssistant, text: str) -> None:
        assert assistant.understands(text, "", ALL_TOOLS)

    @pytest.mark.parametrize(
        "text",
        [
            "", "tell me a story", "what is the the in rome", "what's the weather like in sentences of california",
            "weather in xyzzy", "what's the weather like in", "is it nice weather in rome maybe",
            # Free text may hold anything, and so may a wrong reading of it.
            "repeat after me hello", "spell cat", "send a message to bob saying hello", "play bohemian rhapsody",
        ],
    )  # fmt: skip
    def test_not_understood(self, assistant: OfflineAssistant, text: str) -> None:
        assert not assistant.understands(text, "", ALL_TOOLS)

    def test_functions_and_instructions_add_to_it(self, assistant: OfflineAssistant) -> None:
        assert not assistant.understands("what's the weather in rome", "", ())
        assert not assistant.understands("what is the password", "", ())
        assert assistant.understands("what is the password", "Password: swordfish", ())


class TestEngine:
    def test_entry_point(self) -> None:
        made: LlmEngine = engine({"timezone": "Europe/Berlin"})
        assert made.capabilities.info.name == "offline-assistant"
        assert "not a language model" in made.capabilities.info.label
        assert made.capabilities.tools
        assert not made.capabilities.images

    @pytest.mark.parametrize(
        "options", [{"model": "x"}, {"timezone": "Mars/Base"}, {"timezone": "../etc"}, {"timezone": 5}]
    )
    def test_wrong_options(self, options: dict[str, object]) -> None:
        with pytest.raises(ConfigurationError, match=r"option model|time zone"):
            engine(options)

    async def test_time_zone(self) -> None:
        """Twenty-five hours lie between these two clocks."""
        request = LlmRequest(instructions="", items=(user("what day is it"),))
        said = []
        for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
            made = engine({"timezone": zone})
            await made.start()
            said.append([event async for event in made.respond(request)])
        assert said[0] != said[1], "it is never the same day there"

    async def test_use_before_start_is_our_own_bug(self) -> None:
        with pytest.raises(InvariantError):
            OfflineAssistant().phrases("", ())

    async def test_start_and_close_twice(self) -> None:
        made = OfflineAssistant()
        await made.start()
        await made.start()
        await made.close()
        await made.close()
        await made.start()
        assert made.phrases("", ())


ITEMS = st.lists(
    st.one_of(
        st.text(max_size=200).map(user),
        st.text(max_size=60).map(replied),
        st.text(max_size=60).map(speech),
        st.sampled_from(["Which location?", "Which", "On: yes or no?"]).map(spoke),
        st.builds(called, st.sampled_from(["get_weather", "set_timer", "gone"]), st.text(max_size=30)),
        st.text(max_size=60).map(gave),
        st.sampled_from(["weather", "in paris", "and rome", "set a timer", "five", "book a flight"]).map(user),
    ),
    max_size=8,
)
FAMILIAR = (
    "the weather in paris and rome set light on off kitchen five minutes please what is a timer from to boston times "
    "plus spell repeat message bob saying friday"
).split()
CHOICES = st.sampled_from(["auto", "none", "required", NamedTool(name="set_light"), NamedTool(name="gone")])


class TestAnyConversation:
    @REUSED
    @given(
        items=ITEMS,
        instructions=st.text(max_size=200),
        choice=CHOICES,
        tools=st.sampled_from([(), (WEATHER,), ALL_TOOLS]),
    )
    def test_is_answered_the_same_way_twice(
        self,
        assistant: OfflineAssistant,
        items: list[Item],
        instructions: str,
        choice: ToolChoice,
        tools: tuple[FunctionTool, ...],
    ) -> None:
        request = LlmRequest(instructions=instructions, items=tuple(items), tools=tools, tool_choice=choice)
        events = answer(assistant, request)
        assert events[-1] == LlmDone()
        assert len(events) > 1, "something is always said or called"
        assert events.count(LlmDone()) == 1
        assert events == answer(assistant, request)
        calls = [event for event in events if isinstance(event, LlmToolCall)]
        assert all(call.name in {tool.name for tool in tools} for call in calls)
        if choice == "none":
            assert calls == []

    @REUSED
    @given(words=st.lists(st.sampled_from(FAMILIAR), max_size=25))
    def test_any_order_of_familiar_words_is_answered(self, assistant: OfflineAssistant, words: list[str]) -> None:
        text = " ".join(words)
        request = LlmRequest(instructions="", items=(user(text),), tools=ALL_TOOLS)
        assert len(answer(assistant, request)) > 1
        assistant.understands(text, "", ALL_TOOLS)
