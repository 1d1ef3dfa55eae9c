# ruff: noqa: RUF001 - typographic quotation marks are the subject of this file
"""Words that somebody orders to be said: they are said, as they stand there."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llm_cases import ALL_TOOLS, Ask, replied, speech, spoke, system, user

from voxwire.engines.llm.assistant.openings import opening_in, told_to_say, verbatim

HELLO = (
    "Hello there! I'm an AI voice assistant. You can ask me for facts, jokes, or anything you can imagine. "
    "How can I help you?"
)
QUOTED = ['"{}"', "'{}'", "“{}”", "‘{}’", "«{}»", "„{}“", "`{}`"]
ORDERS = [
    "Greet the user with {}", "Greet the caller by saying {}", "greet the user: {}", "Please greet the user with {}.",
    "Start by saying {}", "Start the call with {}", "Begin the conversation with {}", "Begin by saying exactly: {}",
    "Your first message is {}", "Your opening line should be: {}", "First, say {}", "When the call starts, say {}",
    "Open the conversation by saying the following sentence: {}", "Welcome the user with {} and then wait.",
]  # fmt: skip


@pytest.mark.parametrize("quotes", QUOTED)
@pytest.mark.parametrize("order", ORDERS)
def test_words_in_quotes(order: str, quotes: str) -> None:
    text = order.format(quotes.format(HELLO))
    assert told_to_say(text) == HELLO
    assert opening_in(f"You are the assistant of Acme. {text}\nBe brief.") == HELLO


@pytest.mark.parametrize("order", [order for order in ORDERS if order.endswith("{}")])
def test_words_without_quotes(order: str) -> None:
    assert told_to_say(order.format(HELLO)) == HELLO
    text = order.format("Welcome to Acme. How may I help?") + " Then answer their questions.\nBe brief."
    assert opening_in(f"You work for Acme.\n{text}") == "Welcome to Acme. How may I help?"


@pytest.mark.parametrize("order", ["Start by saying {}", "Your first message is: {}", "Begin by saying exactly: {}"])
def test_words_that_nobody_would_take_for_a_greeting(order: str) -> None:
    assert told_to_say(order.format("Ahoy, sailor!")) == "Ahoy, sailor!"


@pytest.mark.parametrize(
    "text",
    [
        "Greet the user with a warm smile.", "Greet the user warmly.", "Greet the user with their name",
        "Greet the user with hello and ask for their name", "Start by saying hello to the user.", "Greet the user with",
        "Start by saying who you are.", "Start the engine.", "Your first message is important.", "Welcome the user.",
        'Do not greet the user with "Hello"', 'Never start with "Hi"', "Greet the user with ''",
        "Greet the user with '", "Open the door with a key", "", "What is your first message?", 'He said "start".',
    ],
)  # fmt: skip
def test_what_is_no_order_to_say_something(text: str) -> None:
    assert opening_in(text) is None
    assert told_to_say(text) is None or not text.startswith(("Greet", "Start"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Say 'It's five o'clock, isn't it?'", "It's five o'clock, isn't it?"),
        ("Please say “Hello, how are you?”", "Hello, how are you?"),
        ('Say "Hello" to the user.', "Hello"),
        ("Just say: 'Fine'.", "Fine"),
        ("Say exactly: Hello there.", "Hello there."),
        ("Say 'one' or 'two'", None),
        ('Say "hi" when somebody asks', None),
        ("say hello to the user", None),
        ("Sayonara 'x'", None),
    ],
)
def test_say(text: str, said: str | None) -> None:
    assert verbatim(text) == said
    assert told_to_say(text) == said


@given(
    st.lists(
        st.sampled_from(["greet the user with", "say", " ", '"', "'", "“", "hello", ".", "\n", ":", "exactly"])
    ).map("".join)
)
def test_any_text_is_read(text: str) -> None:
    for words in (opening_in(text), told_to_say(text), verbatim(text)):
        assert words is None or (words and words in text)


@pytest.mark.parametrize("piece", ["start with ", "start with '", "greet the user with 'a", "begin ", 'say "'])
def test_hostile_texts_take_no_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    before = time.process_time()
    opening_in(text)
    told_to_say(text)
    assert time.process_time() - before < 5.0


class TestInConversation:
    TWILIO = (
        'Greet the user with "Hello there! I am an AI voice assistant powered by Twilio and the OpenAI Realtime API. '
        'You can ask me for facts, jokes, or anything you can imagine. How can I help you?"'
    )
    SAID = TWILIO.split('"')[1]

    async def test_as_the_first_user_item(self, ask: Ask) -> None:
        assert (await ask(self.TWILIO)).text == self.SAID
        assert (await ask(self.TWILIO, instructions="You are a cheerful assistant.")).text == self.SAID

    async def test_as_the_first_system_item(self, ask: Ask) -> None:
        assert (await ask(system(self.TWILIO))).text == self.SAID

    async def test_as_instructions(self, ask: Ask) -> None:
        assert (await ask(instructions=self.TWILIO)).text == self.SAID
        assert (await ask(instructions=f"You work for Acme.\n{self.TWILIO}\nBe brief.")).text == self.SAID

    async def test_then_the_conversation_goes_on(self, ask: Ask) -> None:
        for first, instructions in (((user(self.TWILIO),), ""), ((), self.TWILIO)):
            turns = (*first, spoke(self.SAID), speech("what is twelve times seven"))
            assert (await ask(*turns, instructions=instructions)).text == "That is 84."
            assert "I am here" in (await ask(*turns[:-1], instructions=instructions)).text

    async def test_in_a_longer_first_item(self, ask: Ask) -> None:
        """Some put the whole prompt into a user item."""
        text = f"You are a helpful assistant of Acme. {self.TWILIO} Then listen."
        assert (await ask(text)).text == self.SAID
        assert (await ask("hello", replied("Hi."), text)).text != self.SAID

    async def test_of_one_response(self, ask: Ask) -> None:
        """Instructions of a response come after what was said before it."""
        assert (await ask("hello", replied("Hi."), instructions=self.TWILIO)).text == self.SAID

    async def test_a_greeting_is_answered_with_the_one_that_was_ordered(self, ask: Ask) -> None:
        assert (
            await ask(speech("hello"), instructions='Greet the user with "Welcome to Acme!"')
        ).text == "Welcome to Acme!"

    async def test_it_comes_before_functions(self, ask: Ask) -> None:
        assert (await ask("Greet the user with 'Hello! Ask me for the weather in Rome.'", tools=ALL_TOOLS)).calls == []
