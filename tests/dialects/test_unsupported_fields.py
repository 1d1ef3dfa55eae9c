"""Valid fields beyond this server are left out of their event (protocol: decisions, Two kinds of refusal)."""

from typing import Any

import pytest
from dialect_samples import decode, left_out, params, refused

from voxwire.dialects import WireCodec
from voxwire.events.client import CreateItem, UpdateSession
from voxwire.events.session_config import FunctionTool

MCP: dict[str, Any] = {
    "type": "mcp",
    "server_label": "docs",
    "server_url": "https://example.org/mcp",
    "authorization": "secret",
    "headers": {"x-key": "secret"},
    "allowed_tools": {"read_only": True},
    "require_approval": {"never": {"tool_names": ["search"]}},
}
FUNCTION = {"type": "function", "name": "f"}
PICTURE = {"type": "input_image", "image_url": "data:image/png;base64,AAAA"}


def update(codec: WireCodec, **session: Any) -> UpdateSession:
    event = decode(codec, "session.update", event_id="mine", session=session)
    assert isinstance(event, UpdateSession)
    return event


class TestNoiseReduction:
    """OpenAI's own example of a transcription session sends it in its first update."""

    @pytest.mark.parametrize("kind", ["realtime", "transcription"])
    @pytest.mark.parametrize("value", [{}, {"type": "near_field"}, {"type": "far_field", "strength": 0.5}])
    def test_ga(self, ga: WireCodec, kind: str, value: Any) -> None:
        session = {"type": kind, "audio": {"input": {"noise_reduction": value, "turn_detection": None}}}
        assert left_out(ga, "session.update", session=session) == ["session.audio.input.noise_reduction"]
        assert update(ga, **session).patch.turn_detection is None

    @pytest.mark.parametrize("type", ["session.update", "transcription_session.update"])
    def test_preview(self, preview: WireCodec, type: str) -> None:
        session = {"input_audio_noise_reduction": {"type": "near_field"}, "turn_detection": None}
        assert left_out(preview, type, session=session) == ["session.input_audio_noise_reduction"]

    @pytest.mark.parametrize(
        ("value", "code", "param"),
        [
            ("near_field", "invalid_type", ""),
            ({"type": "middle_field"}, "invalid_value", ".type"),
            ({"type": 5}, "invalid_type", ".type"),
            ({"strength": "much"}, "invalid_type", ".strength"),
            ({"kind": "near_field"}, "unknown_parameter", ".kind"),
        ],
    )
    def test_malformed_voids_the_event(self, ga: WireCodec, value: Any, code: str, param: str) -> None:
        session = {"type": "realtime", "audio": {"input": {"noise_reduction": value}}}
        expected = (code, f"session.audio.input.noise_reduction{param}")
        assert refused(ga, "session.update", session=session) == expected

    def test_nothing_is_said_of_null(self, ga: WireCodec) -> None:
        session = {"type": "realtime", "audio": {"input": {"noise_reduction": None}}}
        assert left_out(ga, "session.update", session=session) == []


class TestMcp:
    @pytest.mark.parametrize("head", [{"type": "realtime"}, {}], ids=["ga", "preview"])
    def test_in_a_session(self, head: dict[str, str], ga: WireCodec, preview: WireCodec) -> None:
        codec = ga if head else preview
        event = update(codec, **head, tools=[MCP, FUNCTION, MCP], tool_choice={"type": "mcp", "server_label": "docs"})
        assert event.patch.tools == (FunctionTool(name="f"),)
        params = [field.param for field in event.unsupported]
        assert params == ["session.tools[0]", "session.tools[2]", "session.tool_choice"]
        assert "secret" not in repr(event)

    def test_in_a_response(self, codec: WireCodec) -> None:
        response = {"tools": [MCP], "tool_choice": {"type": "mcp", "server_label": "docs", "name": "search"}}
        found = left_out(codec, "response.create", response=response)
        assert found == ["response.tools[0]", "response.tool_choice"]

    @pytest.mark.parametrize(
        ("tool", "code", "field"),
        [
            ({"type": "mcp"}, "missing_required_parameter", "server_label"),
            (MCP | {"headers": {"x": 1}}, "invalid_type", "headers"),
            (MCP | {"server": "x"}, "unknown_parameter", "server"),
        ],
    )
    def test_malformed_voids_the_event(self, codec: WireCodec, tool: Any, code: str, field: str) -> None:
        found = refused(codec, "response.create", response={"tools": [tool]})
        assert found == (code, f"response.tools[0].{field}")

    def test_among_the_items_of_a_response(self, codec: WireCodec) -> None:
        call = {"type": "mcp_call", "id": "c", "server_label": "s", "name": "n", "arguments": "{}"}
        message = {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}
        response: Any = {"input": [call, message]}
        assert left_out(codec, "response.create", response=response) == ["response.input[0]"]
        input: Any = params(codec, **response).input
        assert len(input) == 1

    @pytest.mark.parametrize("type", ["mcp_approval_response", "mcp_approval_request", "mcp_call", "mcp_list_tools"])
    def test_an_item_alone(self, codec: WireCodec, type: str) -> None:
        """Nothing of the event is left to apply, so this is its one answer."""
        assert refused(codec, "conversation.item.create", item={"type": type, "id": "i"}) == (
            "unsupported_value",
            "item",
        )


class TestPictures:
    def test_are_the_sessions_to_judge(self, codec: WireCodec) -> None:
        item = {"type": "message", "role": "user", "content": [PICTURE]}
        event = decode(codec, "conversation.item.create", item=item)
        assert isinstance(event, CreateItem)
        assert event.unsupported == ()
