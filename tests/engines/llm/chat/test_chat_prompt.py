"""A conversation as a chat endpoint reads it."""

import pytest

from voxwire.engines.llm.chat.engine import engine
from voxwire.engines.llm.chat.prompt import SILENCE, UNINTELLIGIBLE, chat_tools, messages
from voxwire.events.items import (
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
from voxwire.events.session_config import FunctionTool


def user(text: str) -> MessageItem:
    return MessageItem(role=Role.USER, content=(InputText(text=text),))


def assistant(text: str) -> MessageItem:
    return MessageItem(role=Role.ASSISTANT, content=(OutputText(text=text),))


def called(call_id: str, arguments: str = "{}") -> FunctionCallItem:
    return FunctionCallItem(name="f", call_id=call_id, arguments=arguments)


def result(call_id: str, output: str) -> FunctionCallOutputItem:
    return FunctionCallOutputItem(call_id=call_id, output=output)


def told(*items: Item) -> list[tuple[str, object]]:
    return [(message["role"], message["content"]) for message in messages("", items)]


class TestMessages:
    def test_speech_as_it_was_understood(self) -> None:
        heard = [InputAudio(transcript=text) for text in ("hello", "", None)]
        items = [MessageItem(role=Role.USER, content=(part,)) for part in heard]
        assert told(*items) == [("user", f"hello\n{UNINTELLIGIBLE}\n{SILENCE}")]

    def test_answers_as_they_were_heard(self) -> None:
        truncated = MessageItem(role=Role.ASSISTANT, content=(OutputAudio(transcript="It is twe"),))
        unheard = MessageItem(role=Role.ASSISTANT, content=(OutputAudio(transcript=""),))
        assert told(user("a"), truncated, unheard) == [("user", "a"), ("assistant", "It is twe")]

    def test_system_messages(self) -> None:
        system = MessageItem(role=Role.SYSTEM, content=(InputText(text="Be short."),))
        assert messages("Be kind.", [system, user("a"), system]) == [
            {"role": "system", "content": "Be kind.\nBe short."},
            {"role": "user", "content": "a"},
            {"role": "system", "content": "Be short."},
        ]

    def test_pictures(self) -> None:
        parts = (InputText(text="What is this?"), InputImage(image_url="data:image/png;base64,AA=="))
        content = told(MessageItem(role=Role.USER, content=parts), user("Well?"))[0][1]
        assert content == [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "auto"}},
            {"type": "text", "text": "Well?"},
        ]


class TestCalls:
    def test_a_call_joins_the_words_before_it(self) -> None:
        items: list[Item] = [user("a"), assistant("One moment."), called("c1", '{"x": 1}'), result("c1", "7")]
        assert messages("", items)[1:] == [
            {
                "role": "assistant",
                "content": "One moment.",
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"x": 1}'}}],
            },
            {"role": "tool", "tool_call_id": "c1", "content": "7"},
        ]

    def test_several_calls_of_one_answer(self) -> None:
        results = [result("c2", "two"), result("c1", "one")]
        items: list[Item] = [user("a"), called("c1"), called("c2"), *results, assistant("b")]
        _, asking, first, second, last = messages("", items)
        assert [call["id"] for call in asking["tool_calls"]] == ["c1", "c2"]
        assert (first["tool_call_id"], first["content"]) == ("c1", "one")
        assert (second["tool_call_id"], second["content"]) == ("c2", "two")
        assert last == {"role": "assistant", "content": "b"}

    def test_a_result_that_came_late_stands_behind_its_call(self) -> None:
        roles = [role for role, _ in told(user("a"), called("c1"), user("well?"), result("c1", "7"))]
        assert roles == ["user", "assistant", "tool", "user"]

    def test_a_call_without_a_result_is_answered_all_the_same(self) -> None:
        assert told(user("a"), called("c1"), user("well?"))[2] == ("tool", "The result is not there yet.")

    def test_arguments_that_were_cut_off(self) -> None:
        for broken in ("", '{"a', "[1]"):
            assert messages("", [called("c1", broken)])[0]["tool_calls"][0]["function"]["arguments"] == "{}"

    def test_a_function_without_parameters(self) -> None:
        (tool,) = chat_tools([FunctionTool(name="f")])
        assert tool["function"] == {"name": "f", "parameters": {"type": "object", "properties": {}}}


@pytest.mark.parametrize(
    ("base_url", "local"),
    [
        ("http://127.0.0.1:11434/v1", True),
        ("http://[::1]:8080/v1", True),
        ("http://localhost/v1", True),
        ("https://api.example.com/v1", False),
        ("http://127.0.0.1.example.com/v1", False),
    ],
)
def test_what_answers_on_this_machine_costs_no_money(base_url: str, local: bool) -> None:
    assert engine({"base_url": base_url}).capabilities.local == local
