"""What the instructions let the assistant say, and nothing beyond them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxwire.engines.llm.assistant.instructions import read_instructions
from voxwire.engines.llm.assistant.text import plain_words

SHOP = """You are the assistant of a small shop. Be friendly.
Opening hours: Monday to Friday, 9 to 5
- **Address**: 12 Main Street
Q: Do you ship abroad?
A: Yes, to all of Europe \N{EN DASH} it\N{RIGHT SINGLE QUOTATION MARK}s free!
Question: Is it fast? Answer: No.
Where is the toilet? Upstairs.
Greet the customer warmly with "Welcome to Acme!" and listen.
Note that this sentence: is not a key because it has far too many words in front of the colon to be one.
"""


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("what are your opening hours", "Monday to Friday, 9 to 5."),
        ("opening hours", "Monday to Friday, 9 to 5."),
        ("Tell me the address", "12 Main Street."),
        ("what's your address?", "12 Main Street."),
        ("Do you ship abroad?", "Yes, to all of Europe \N{EN DASH} it\N{RIGHT SINGLE QUOTATION MARK}s free!"),
        ("is it fast", "No."),
        ("where is the toilet", "Upstairs."),
        ("where is the exit", None),
        ("what is", None),
        ("", None),
    ],
)
def test_answers_are_quotes(question: str, answer: str | None) -> None:
    assert read_instructions(SHOP).answer(plain_words(question)) == answer


def test_greeting_is_quoted() -> None:
    assert read_instructions(SHOP).greeting == "Welcome to Acme!"
    assert (
        read_instructions(
            "Start the call by saying: \N{LEFT DOUBLE QUOTATION MARK}Hi there.\N{RIGHT DOUBLE QUOTATION MARK}"
        ).greeting
        == "Hi there."
    )
    assert read_instructions("Greet the user warmly.").greeting is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('Say "Hello, you."', "Hello, you."),
        ("Say exactly: Hello there.", "Hello there."),
        (
            "Please respond with: \N{LEFT DOUBLE QUOTATION MARK}Fine\N{RIGHT DOUBLE QUOTATION MARK}.",
            "Fine",
        ),
        ("Repeat exactly the following sentence: One two.", "One two."),
        ("Say hello to the user", None),
        ("Please assist the user.", None),
        ('You are a shop. Say "hi" when asked.', None),
        ("", None),
    ],
)
def test_verbatim_answers(text: str, said: str | None) -> None:
    assert read_instructions(text).verbatim == said


def test_phrases_ask_for_what_is_there() -> None:
    instructions = read_instructions(SHOP)
    phrases = list(instructions.phrases())
    assert "do you ship abroad" in phrases
    assert "what are your opening hours" in phrases
    assert all(instructions.answer(plain_words(phrase)) is not None for phrase in phrases)


def test_the_first_answer_counts() -> None:
    instructions = read_instructions("Name: Ann\nName: Bob\nQ: Who?\nA: Ann.\nQ: Who?\nA: Bob.")
    assert instructions.answer(("name",)) == "Ann."
    assert instructions.answer(("who",)) == "Ann."


PIECES = st.sampled_from([*'QA:?" -*\nab', "Q: ", "A: ", "say ", "exactly", "greet the user with ", "the key: "])


@given(st.lists(PIECES, max_size=60).map("".join) | st.text())
def test_any_text_is_read(text: str) -> None:
    instructions = read_instructions(text)
    for phrase in instructions.phrases():
        assert instructions.answer(plain_words(phrase)) is not None
