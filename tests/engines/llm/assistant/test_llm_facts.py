"""Facts in prose instructions are found by the words of a question, and quoted as what they are."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from llm_cases import WEATHER, Ask

from voxwire.engines.llm.assistant.facts import fact_for, read_facts
from voxwire.engines.llm.assistant.text import plain_words

MUSEUM = """You are the friendly guide of the City Museum. Greet every caller warmly.
It opens at nine. On Sundays it closes at half past five in the evening.
Tickets cost ten euros, children pay half. The director is Ann Lee.
Dogs are allowed on a leash. Never talk about the budget.
- The entrance is on Mill Street, opposite the station.
Answer in short sentences. Do you understand?
"""
SAYS = "Your instructions say: "


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("When does it open?", "it opens at nine."),
        ("what time do you open", "it opens at nine."),
        ("can you tell me when the museum opens please", "it opens at nine."),
        ("when does the museum close on sunday", "on Sundays it closes at half past five in the evening."),
        ("how much are the tickets", "Tickets cost ten euros, children pay half."),
        ("what does a ticket cost", "Tickets cost ten euros, children pay half."),
        ("what are your opening hours", "it opens at nine."),
        ("what's the address", "the entrance is on Mill Street, opposite the station."),
        ("who is the director", "the director is Ann Lee."),
        ("are dogs allowed", "Dogs are allowed on a leash."),
        ("where is the entrance", "the entrance is on Mill Street, opposite the station."),
    ],
)
async def test_a_fact_is_quoted(ask: Ask, question: str, answer: str) -> None:
    assert (await ask(question, instructions=MUSEUM)).text == SAYS + answer


@pytest.mark.parametrize(
    "question",
    ["what is the capital of france", "who are the greeks", "what is the budget", "when", "dogs are nice", "why",
     "tell me a joke", "who is your guide", ""],
)  # fmt: skip
def test_what_they_do_not_say_is_not_answered(question: str) -> None:
    assert fact_for(read_facts(MUSEUM), plain_words(question)) is None


async def test_functions_and_skills_go_first(ask: Ask) -> None:
    instructions = "The weather is always fine in Rome. The time is now."
    assert (await ask("what is the weather in Rome", instructions=instructions, tools=[WEATHER])).calls
    assert (await ask("what time is it", instructions=instructions)).text == "It is 3:05 PM."


@given(st.text(), st.text())
def test_any_text_is_read(text: str, question: str) -> None:
    fact_for(read_facts(text), plain_words(question))


@pytest.mark.parametrize("piece", ["It opens at nine. ", "a", "- ", ". ", "\n", "1. 1. "])
def test_hostile_texts_take_no_time(piece: str) -> None:
    before = time.process_time()
    fact_for(read_facts(piece * 200_000), plain_words("when does it open"))
    assert time.process_time() - before < 5.0
