"""Stored prompts become instructions; what is wrong with one is one error that names the field."""

from typing import Any

import pytest
from msgspec import UNSET

from voxwire.errors import ClientError
from voxwire.events.client import CommitAudio, CreateResponse, UpdateSession
from voxwire.events.response import ResponseParams
from voxwire.events.session_config import PromptReference, SessionPatch
from voxwire.runtime.prompt_texts import MAX_PROMPT_BYTES, NoPrompts, Prompt, checked_prompt, fill, places, prompted

CLERK = Prompt("2", {"1": "Be brief.", "2": "You work in {{city}}, {{ city }}, for {{shop}}."})
VARIABLES: dict[str, Any] = {"city": "Graz", "shop": {"type": "input_text", "text": "Books"}}
FILLED = "You work in Graz, Graz, for Books."


def find(id: str) -> Prompt | None:
    return CLERK if id == "clerk" else None


def reference(**fields: Any) -> PromptReference:
    return PromptReference(**{"id": "clerk", "variables": VARIABLES, **fields})


def refusal(event: UpdateSession | CreateResponse) -> ClientError:
    with pytest.raises(ClientError) as caught:
        prompted(event, find)
    assert caught.value.event_id == "e"
    return caught.value


class TestAnEvent:
    def test_of_a_session(self) -> None:
        event = prompted(UpdateSession(patch=SessionPatch(prompt=reference()), event_id="e"), find)
        assert event == UpdateSession(patch=SessionPatch(prompt=reference(), instructions=FILLED), event_id="e")

    def test_of_a_response(self) -> None:
        event = prompted(CreateResponse(params=ResponseParams(prompt=reference()), event_id="e"), find)
        assert isinstance(event, CreateResponse)
        assert event.params.instructions == FILLED

    def test_instructions_beside_it_win(self) -> None:
        patch = SessionPatch(prompt=reference(), instructions="")
        assert prompted(UpdateSession(patch=patch), find) == UpdateSession(patch=patch)

    def test_a_version(self) -> None:
        patch = SessionPatch(prompt=reference(version="1", variables=None))
        event = prompted(UpdateSession(patch=patch), find)
        assert isinstance(event, UpdateSession)
        assert event.patch.instructions == "Be brief."

    @pytest.mark.parametrize("prompt", [UNSET, None])
    def test_without_one_nothing_changes(self, prompt: Any) -> None:
        event = UpdateSession(patch=SessionPatch(prompt=prompt))
        assert prompted(event, find) == event
        assert prompted(CommitAudio(), find) == CommitAudio()
        assert prompted(CreateResponse(), find) == CreateResponse()


class TestMistakes:
    @pytest.mark.parametrize(
        ("fields", "code", "param"),
        [
            ({"id": "nobody"}, "invalid_value", "id"),
            ({"version": "3"}, "invalid_value", "version"),
            ({"variables": None}, "missing_required_parameter", "variables.city"),
            ({"variables": {"city": "Graz"}}, "missing_required_parameter", "variables.shop"),
            ({"variables": {**VARIABLES, "town": ""}}, "unknown_parameter", "variables.town"),
            ({"version": "1"}, "unknown_parameter", "variables.city"),
            ({"variables": {**VARIABLES, "city": "x" * 600_000}}, "invalid_value", "variables"),
        ],
    )
    def test_names_the_field(self, fields: dict[str, Any], code: str, param: str) -> None:
        error = refusal(UpdateSession(patch=SessionPatch(prompt=reference(**fields)), event_id="e"))
        assert (error.code, error.param) == (code, f"session.prompt.{param}")
        error = refusal(CreateResponse(params=ResponseParams(prompt=reference(**fields)), event_id="e"))
        assert (error.code, error.param) == (code, f"response.prompt.{param}")
        assert len(error.message) < 500

    def test_instructions_beside_it_do_not_hide_them(self) -> None:
        patch = SessionPatch(prompt=reference(id="nobody"), instructions="Be brief.")
        assert refusal(UpdateSession(patch=patch, event_id="e")).param == "session.prompt.id"

    def test_nobody_has_any(self) -> None:
        assert NoPrompts().find("local", "clerk") is None


class TestFilling:
    def test_what_a_variable_says_is_not_filled(self) -> None:
        assert fill("{{a}} {{b}}", {"a": "{{b}}", "b": "1"}, "p") == "{{b}} 1"

    def test_what_is_no_place_stays(self) -> None:
        text = "{a} {{1}} {{a b}} {{}} {{é}} {{ {{{a}}} \\1"
        assert places(text) == ("a",)
        assert fill(text, {"a": "x"}, "p") == text.replace("{{a}}", "x")

    def test_names_come_once_in_order(self) -> None:
        assert places("{{b}}{{a}}{{b}}") == ("b", "a")


class TestWhatIsStored:
    def test_a_text(self) -> None:
        assert checked_prompt("Be brief.\n") == "Be brief.\n"
        assert checked_prompt("ü" * (MAX_PROMPT_BYTES // 2))

    @pytest.mark.parametrize("text", ["", " \n", "a\0b", "\ud800", "ü" * (MAX_PROMPT_BYTES // 2) + "x"])
    def test_no_text(self, text: str) -> None:
        with pytest.raises(ValueError, match="a prompt"):
            checked_prompt(text)
