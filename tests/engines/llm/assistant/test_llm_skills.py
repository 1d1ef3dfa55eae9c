"""What the skills answer, in written and in spoken form."""

import pytest
from llm_cases import Ask, speech, user

from voxwire.engines.llm.assistant.engine import OfflineAssistant


@pytest.mark.parametrize(
    ("said", "answer"),
    [
        # time and date
        ("What time is it?", "It is 3:05 PM."),
        ("can you please tell me the time", "It is 3:05 PM."),
        ("what's the time right now", "It is 3:05 PM."),
        ("what time is it in tokyo", "In Tokyo it is 12:05 AM on Friday."),
        ("tell me the local time in San Francisco, California", "In San Francisco, California it is 7:05 AM."),
        ("what time is it in japan", "In Japan it is 12:05 AM on Friday."),
        ("what time is it in the united states", "United States has several time zones. Please name a city."),
        ("what is the date today", "Today is Thursday, March 5, 2026."),
        ("What day is it?", "Today is Thursday, March 5, 2026."),
        ("what day is tomorrow", "Tomorrow: Friday, March 6, 2026."),
        ("what date is next monday", "Next monday: Monday, March 9, 2026."),
        ("which month is it", "It is March."),
        ("what year is it", "It is 2026."),
        # arithmetic
        ("what is twelve times seven", "That is 84."),
        ("12*7", "That is 84."),
        ("What's 2 + 2 \N{MULTIPLICATION SIGN} 3?", "That is 8."),
        ("how much is one hundred and five minus six point five", "That is 98.5."),
        ("twenty percent of fifty", "That is 10."),
        ("what is 15 % of 80", "That is 12."),
        ("what is the square root of eighty one", "That is 9."),
        ("square root of two", "That is about 1.4142."),
        ("cube root of twenty seven", "That is 3."),
        ("five squared plus two cubed", "That is 33."),
        ("two to the power of ten", "That is 1024."),
        ("ten divided by four", "That is 2.5."),
        ("one divided by three", "That is about 0.3333."),
        ("five divided by zero", "I cannot divide by zero."),
        ("zero to the power of minus one", "I cannot divide by zero."),
        ("the square root of minus one", "A negative number has no real root."),
        ("a million times a million times a million", "That number is too large for me."),
        ("two to the power of one thousand", "That number is too large for me."),
        # units
        ("how many feet are in a mile", "1 mile is 5280 feet."),
        ("how many kilometers are there in ten miles", "10 miles is 16.09 kilometers."),
        ("convert 100 fahrenheit to celsius", "100 degrees Fahrenheit is 37.78 degrees Celsius."),
        ("what is 20°C in °F", "20 degrees Celsius is 68 degrees Fahrenheit."),
        ("zero celsius in kelvin", "0 degrees Celsius is 273.15 kelvins."),
        ("minus forty celsius in fahrenheit", "minus 40 degrees Celsius is minus 40 degrees Fahrenheit."),
        ("minus five hundred celsius in kelvin", "That is colder than absolute zero."),
        ("five kilos in pounds", "5 kilograms is 11.02 pounds."),
        ("two litres in pints", "2 liters is 4.23 pints."),
        ("60 mph in km/h", "60 miles per hour is 96.56 kilometers per hour."),
        ("how many minutes are in two and a half hours", "2.5 hours is 150 minutes."),
        # words
        ("Spell necessary.", "necessary: N, E, C, E, S, S, A, R, Y."),
        ("how do you spell Zürich", "Zürich: Z, U, R, I, C, H."),
        ("Repeat after me: The quick, brown Fox!", "The quick, brown Fox."),
        ('say "Hello, you"', "Hello, you"),
        ("count to five", "1, 2, 3, 4, 5."),
        ("count from three to one", "3, 2, 1."),
        ("count from zero to two", "0, 1, 2."),
        ("count down from three", "3, 2, 1, 0."),
        ("count down from five hundred", "That would take too long. I count at most 100 numbers."),
        ("count to one thousand", "That would take too long. I count at most 100 numbers."),
        # small talk
        ("how are you", "I am well, thank you. What can I do for you?"),
        ("thank you very much", "You are welcome."),
        ("stop", "All right."),
        ("never mind", "All right."),
        ("bye bye", "Goodbye."),
        ("can you hear me", "Yes, I can hear you."),
    ],
)  # fmt: skip
async def test_answers(ask: Ask, said: str, answer: str) -> None:
    assert (await ask(said)).text == answer
    assert (await ask(speech(said))).text == answer


@pytest.mark.parametrize("said", ["who are you", "Are you ChatGPT?", "what model are you", "what's your name"])
async def test_it_never_pretends(ask: Ask, said: str) -> None:
    answer = (await ask(said)).text
    assert "rules, not a language model" in answer
    assert "starts it with the option --llm" in answer


@pytest.mark.parametrize("said", ["help", "what can you do", "can you help me"])
async def test_help_names_sentences_that_work(assistant: OfflineAssistant, ask: Ask, said: str) -> None:
    answer = (await ask(said)).text
    examples = [part for part in answer.split('"')[1::2] if part not in ("Repeat after me", "Spell necessary")]
    assert len(examples) >= 4
    assert all(assistant.understands(example, "", ()) for example in examples)


@pytest.mark.parametrize(
    ("said", "possible"),
    [
        ("flip a coin", {"Heads", "Tails"}),
        ("roll a die", {str(n) for n in range(1, 7)}),
        ("roll a twenty sided die", {str(n) for n in range(1, 21)}),
        ("pick a number between nine and five", {str(n) for n in range(5, 10)}),
        ("pick a number between zero and one", {"0", "1"}),
        ("think of a number", {str(n) for n in range(1, 11)}),
    ],
)
async def test_chance_follows_the_conversation_and_says_so(ask: Ask, said: str, possible: set[str]) -> None:
    seen = set()
    for before in range(60):
        answer = (await ask(*(user(str(n)) for n in range(before)), said)).text
        result, _, honesty = answer.partition(". ")
        seen.add(result)
        assert honesty == "I work that out from our conversation; it is not random."
    assert seen <= possible
    assert len(seen) > 1
    assert (await ask(said)).text == (await ask(said)).text


@pytest.mark.parametrize(
    "said",
    ["tell me a story about tardigrades", "what is the meaning of life", "five", "what is five miles in kilograms",
     "convert", "spell", "?!"],
)  # fmt: skip
async def test_what_matches_nothing_is_repeated(ask: Ask, said: str) -> None:
    answer = (await ask(said)).text
    assert answer.startswith(f'I heard: "{said}". I have no answer to that.')


async def test_long_unknown_speech_is_repeated_in_part(ask: Ask) -> None:
    answer = (await ask("blah " * 500)).text
    assert len(answer) < 520
    assert '..."' in answer
