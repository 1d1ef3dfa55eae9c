"""What a response depends on besides the last sentence: the items before it, and the instructions."""

from pathlib import Path
from typing import Any

import pytest
from llm_cases import ALL_TOOLS, WEATHER, Ask, called, function, gave, replied, speech, spoke, system, user

from voxwire.engines.llm.assistant.skills.emergency import CANNOT_CALL
from voxwire.events.items import InputImage, MessageItem, Role

ROOT = Path(__file__).parents[4]
NOT_CAUGHT = "Sorry, I did not catch that. Please say it again."


class TestOpening:
    """An empty conversation is greeted: that is what the quickstarts ask for."""

    @pytest.mark.parametrize("instructions", ["", "Please assist the user.", "You are a helpful assistant."])
    async def test_greeting(self, ask: Ask, instructions: str) -> None:
        answer = (await ask(instructions=instructions)).text
        assert answer.startswith("Hello, this is the offline assistant of Voxwire.")
        assert answer.endswith("How can I help?")

    async def test_greeting_when_asked_by_a_message(self, ask: Ask) -> None:
        assert (await ask("Please assist the user.")).text == (await ask()).text

    async def test_system_messages_are_instructions(self, ask: Ask) -> None:
        assert (await ask(system('Greet the caller with "Good day."'))).text == "Good day."
        assert (await ask(system("Opening hours: 9 to 5"), "what are your opening hours")).text == "9 to 5."

    async def test_quoted_greeting(self, ask: Ask) -> None:
        instructions = 'You work for Acme. Greet the user with: "Welcome to Acme!"'
        assert (await ask(instructions=instructions)).text == "Welcome to Acme!"
        assert (await ask("what time is it", instructions=instructions)).text == "It is 3:05 PM."

    async def test_verbatim_instructions(self, ask: Ask) -> None:
        assert (await ask("whatever", instructions='Say exactly: "One. Two."')).text == "One. Two."


class TestInstructions:
    async def test_they_are_read_out(self, ask: Ask) -> None:
        text = "You are a clerk.\nBe brief."
        assert (await ask("What are your instructions?", instructions=text)).text == f"My instructions are: {text}"
        assert (await ask("please read me your instructions")).text == "I have no instructions."

    async def test_quotes_come_before_skills(self, ask: Ask) -> None:
        instructions = "Q: What time is it? A: Time for tea."
        assert (await ask("what time is it", instructions=instructions)).text == "Time for tea."


class TestUnintelligible:
    @pytest.mark.parametrize("item", [speech(""), speech(None), user("  "), MessageItem(role=Role.USER)])
    async def test_nothing_heard(self, ask: Ask, item: MessageItem) -> None:
        assert (await ask(item)).text == NOT_CAUGHT

    async def test_a_picture(self, ask: Ask) -> None:
        picture = MessageItem(role=Role.USER, content=(InputImage(image_url="data:image/png;base64,"),))
        assert (await ask(picture)).text == "I cannot see pictures. Please tell me in words."


class TestNothingNew:
    async def test_after_an_answer(self, ask: Ask) -> None:
        assert (await ask("hello", replied("Hi."))).text == "I am here. What can I do for you?"

    async def test_after_a_call_without_its_result(self, ask: Ask) -> None:
        answer = await ask("weather in Rome", called("get_weather", '{"location":"Rome"}'), tools=[WEATHER])
        assert answer.text == "I am waiting for the result of get weather."


class TestAskingBack:
    """A question is remembered by the conversation alone."""

    @pytest.mark.parametrize(
        ("reply", "location"),
        [
            ("Paris", "Paris"),
            ("in paris please", "Paris"),
            ("san francisco california", "San Francisco, California"),
            ("um in oklahoma city", "Oklahoma City"),
            ("I mean Rome", "Rome"),
            ("Middle of Nowhere", "Middle of Nowhere"),
            ("xyzzy town", "Xyzzy Town"),
        ],
    )
    async def test_the_answer_fills_the_value(self, ask: Ask, reply: str, location: str) -> None:
        asked = (user("what's the weather like"), replied("Which location?"))
        assert (await ask(*asked, reply, tools=ALL_TOOLS)).calls == [("get_weather", {"location": location})]
        heard = (speech("what's the weather like"), spoke("Which location?"), speech(reply))
        assert (await ask(*heard, tools=ALL_TOOLS)).calls == [("get_weather", {"location": location})]

    async def test_other_values_already_said_are_kept(self, ask: Ask) -> None:
        asked = (user("what's the weather in fahrenheit"), replied("Which location?"))
        answer = await ask(*asked, "Denver", tools=ALL_TOOLS)
        assert answer.calls == [("get_weather", {"unit": "fahrenheit", "location": "Denver"})]

    async def test_one_question_after_another(self, ask: Ask) -> None:
        turns = [user("I want to book a flight"), replied("Which origin?"), user("from Boston")]
        assert (await ask(*turns, tools=ALL_TOOLS)).text == "Which destination?"
        turns += [replied("Which destination?"), user("Denver, Colorado")]
        answer = await ask(*turns, tools=ALL_TOOLS)
        assert answer.calls == [("book_flight", {"origin": "Boston", "destination": "Denver, Colorado"})]

    @pytest.mark.parametrize(("reply", "on"), [("yes", True), ("off", False), ("please make it on", True)])
    async def test_yes_or_no(self, ask: Ask, reply: str, on: bool) -> None:
        turns = (user("set the kitchen light"), replied("On: yes or no?"))
        assert (await ask(*turns, reply, tools=ALL_TOOLS)).calls == [("set_light", {"room": "kitchen", "on": on})]

    async def test_a_question_cut_short_by_the_answer(self, ask: Ask) -> None:
        heard = (speech("what's the weather"), spoke("Which"), speech("rome"))
        assert (await ask(*heard, tools=ALL_TOOLS)).calls == [("get_weather", {"location": "Rome"})]

    async def test_something_else_is_answered_instead(self, ask: Ask) -> None:
        asked = (user("what's the weather"), replied("Which location?"))
        assert (await ask(*asked, "what time is it", tools=ALL_TOOLS)).text == "It is 3:05 PM."
        answer = await ask(*asked, "set a timer for two minutes", tools=ALL_TOOLS)
        assert answer.calls == [("set_timer", {"duration_seconds": 120})]

    @pytest.mark.parametrize("reply", ["never mind", "cancel", "Stop."])
    async def test_it_can_be_dropped(self, ask: Ask, reply: str) -> None:
        asked = (user("what's the weather"), replied("Which location?"))
        assert (await ask(*asked, reply, tools=ALL_TOOLS)).text == "All right."

    async def test_a_reply_that_does_not_fit_is_asked_again(self, ask: Ask) -> None:
        asked = (user("turn off the light"), replied("Which room: kitchen, living room or bedroom?"))
        answer = await ask(*asked, "the garage", tools=ALL_TOOLS)
        assert answer.text == "I did not understand. Which room: kitchen, living room or bedroom?"
        turns = (*asked, user("the garage"), replied(answer.text), user("the kitchen"))
        assert (await ask(*turns, tools=ALL_TOOLS)).calls == [("set_light", {"room": "kitchen", "on": False})]

    async def test_the_same_words_without_the_question_are_no_answer(self, ask: Ask) -> None:
        assert (await ask("what's the weather", replied("I do not know."), "xyzzy town", tools=ALL_TOOLS)).calls == []
        assert (await ask("hello", replied("Which location?"), "xyzzy town", tools=ALL_TOOLS)).calls == []

    async def test_a_question_answered_long_ago_is_closed(self, ask: Ask) -> None:
        turns = (user("weather"), replied("Which location?"), user("Rome"), replied("Sunny."), user("xyzzy town"))
        assert (await ask(*turns, tools=ALL_TOOLS)).calls == []


class TestResults:
    async def test_the_result_is_spoken(self, ask: Ask) -> None:
        answer = await ask(
            "weather in Rome",
            called("get_weather", '{"location":"Rome"}'),
            gave('{"temperature": 18, "conditions": "sunny"}'),
            tools=[WEATHER],
        )
        assert answer.text == "Temperature: 18, conditions: sunny."
        assert answer.calls == []

    async def test_several_results_are_told_apart(self, ask: Ask) -> None:
        answer = await ask(
            "weather in Rome and Paris",
            called("get_weather", '{"location":"Rome"}', "a"),
            called("get_weather", '{"location":"Paris"}', "b"),
            gave("18 degrees", "b"),
            gave('{"error": "no station"}', "a"),
        )
        assert answer.text == "Paris: 18 degrees. Rome: The function get weather reported an error: no station."

    @pytest.mark.parametrize("choice", ["auto", "none", "required"])
    async def test_a_result_is_spoken_whatever_the_choice(self, ask: Ask, choice: str) -> None:
        """With `required` for the session, calling again would never end."""
        turns = ("weather in Rome", called("get_weather", "{}"), gave("sunny"))
        assert (await ask(*turns, tools=[WEATHER], tool_choice=choice)).text == "sunny"

    async def test_a_result_without_its_call(self, ask: Ask) -> None:
        assert (await ask(gave("sunny"))).text == "sunny"
        assert (await ask(gave("a", "x"), gave("b", "y"))).text == "A. B."


class TestFollowingUp:
    HISTORY = (
        user("what's the weather in Paris in celsius"),
        called("get_weather", '{"location":"Paris","unit":"celsius"}'),
        gave("18"),
        replied("18"),
    )

    @pytest.mark.parametrize("said", ["and in Rome?", "what about Rome", "Rome", "how about in rome"])
    async def test_another_value_for_the_last_call(self, ask: Ask, said: str) -> None:
        answer = await ask(*self.HISTORY, said, tools=ALL_TOOLS)
        assert answer.calls == [("get_weather", {"location": "Rome", "unit": "celsius"})]

    async def test_a_bare_number_repeats_no_deed(self, ask: Ask) -> None:
        history = (
            user("set a timer for one minute"),
            called("set_timer", '{"duration_seconds":60}'),
            gave("ok"),
            replied("Done."),
        )
        assert (await ask(*history, "five", tools=ALL_TOOLS)).calls == []

    @pytest.mark.parametrize("arguments", ["", "{broken", "[1]", "[" * 5000])
    async def test_a_history_with_odd_arguments(self, ask: Ask, arguments: str) -> None:
        history = (user("x"), called("get_weather", arguments), gave("18"), replied("18"))
        assert (await ask(*history, "and in Rome?", tools=ALL_TOOLS)).calls == []
        assert (await ask(user("x"), called("get_weather", arguments, "a"), gave("1", "a"), gave("2", "b"))).text

    async def test_a_function_that_is_gone(self, ask: Ask) -> None:
        assert (await ask(*self.HISTORY, "and in Rome?")).text.startswith("I heard:")


class TestNoAnswer:
    UNKNOWN = "what is the meaning of life"

    async def test_says_what_it_is_and_how_to_attach_a_model(self, ask: Ask) -> None:
        answer = (await ask(self.UNKNOWN)).text
        assert answer.startswith(f'I heard: "{self.UNKNOWN}". I have no answer to that.')
        assert "a rule-based demo without a language model" in answer
        assert "--llm" in answer
        assert 'the page "Attach a model" of the documentation' in answer
        assert (ROOT / "docs/howto/attach-a-model.md").read_text().startswith("# Attach a model\n")

    @pytest.mark.parametrize("say", [replied, spoke])
    async def test_in_full_once_in_a_conversation(self, ask: Ask, say: Any) -> None:
        first = (await ask(self.UNKNOWN)).text
        answer = await ask(self.UNKNOWN, say(first), "hello", replied("Hi."), "and of death")
        assert answer.text == ('I heard: "and of death". I have no answer to that. Say "help" to hear what I can do.')

    async def test_who_are_you_says_it_too(self, ask: Ask) -> None:
        assert "--llm" in (await ask("who are you")).text


class TestSayThatAgain:
    @pytest.mark.parametrize(
        "again",
        ["Say that again.", "repeat that", "Pardon?", "can you repeat that please", "sorry what did you say",
         "once more",
         "I didn't catch that", "say it one more time"],
    )  # fmt: skip
    async def test_the_last_answer_is_repeated(self, ask: Ask, again: str) -> None:
        turns = (user("what is twelve times seven"), spoke("That is 84."), speech(again))
        assert (await ask(*turns)).text == "That is 84."
        assert (await ask(*turns, spoke("That is 84."), again, tools=ALL_TOOLS)).text == "That is 84."

    async def test_nothing_was_said_yet(self, ask: Ask) -> None:
        assert (await ask("say that again")).text == "I have not said anything yet."

    async def test_a_question_that_was_repeated_is_still_open(self, ask: Ask) -> None:
        asked = (user("what's the weather"), spoke("Which location?"), speech("pardon"), spoke("Which location?"))
        assert (await ask(*asked[:-1], tools=ALL_TOOLS)).text == "Which location?"
        assert (await ask(*asked, "Rome", tools=ALL_TOOLS)).calls == [("get_weather", {"location": "Rome"})]

    async def test_words_to_repeat_are_repeated(self, ask: Ask) -> None:
        assert (await ask("repeat after me good morning", replied("x"))).text
        assert (await ask("hi", replied("Hello."), "say good morning")).text == "Good morning."


class TestEmergency:
    @pytest.mark.parametrize(
        "said",
        ["call an ambulance", "Call the police!", "I need help, call 911", "please call nine one one", "dial 9-1-1",
         "my husband collapsed get me an ambulance", "this is an emergency", "help call the fire department now",
         "I can't breathe", "call a doctor", "call for help"],
    )  # fmt: skip
    async def test_it_says_that_it_cannot_call(self, ask: Ask, said: str) -> None:
        for tools in ((), ALL_TOOLS):
            answer = await ask(said, tools=tools)
            assert answer.calls == []
            assert answer.text == CANNOT_CALL
        assert "dial the emergency number yourself" in CANNOT_CALL

    async def test_a_function_that_calls_is_called(self, ask: Ask) -> None:
        tool = function("call_number", "Call a phone number", ["who"], who={"type": "string"})
        assert (await ask("call the police", tools=[tool])).calls == [("call_number", {"who": "police"})]
        alarm = function("call_ambulance", "Call an ambulance")
        assert (await ask("please call an ambulance", tools=[alarm])).calls == [("call_ambulance", {})]

    @pytest.mark.parametrize("said", ["get the police report", "call me later", "I need a doctor's appointment"])
    async def test_other_talk_is_no_emergency(self, ask: Ask, said: str) -> None:
        assert (await ask(said)).text != CANNOT_CALL


class TestTranslation:
    """An answer in English must not pass for a translation."""

    @pytest.mark.parametrize(
        "instructions",
        [
            "You are an interpreter. Say in Spanish what the user says, and nothing else.",
            "You are a professional live translator between Dutch and German.",
            "Translate everything the user says into French.",
        ],
    )
    async def test_it_says_that_it_cannot(self, ask: Ask, instructions: str) -> None:
        answer = (await ask("what is twelve times seven", instructions=instructions)).text
        assert answer.startswith("This is no translation: I cannot translate. I am a rule-based demo")
        assert "84" not in answer

    async def test_who_is_told_not_to_translate_answers(self, ask: Ask) -> None:
        answer = (await ask("what is twelve times seven", instructions="Never translate. Answer in English.")).text
        assert "84" in answer
