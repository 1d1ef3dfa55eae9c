"""Errors for faulty events (protocol: errors, Events of type error)."""

import json
from typing import Any

import pytest
from dialect_samples import refusal

from voxwire.dialects import WireCodec


def error(codec: WireCodec, frame: Any) -> tuple[str, str | None, str]:
    found = refusal(codec, frame if isinstance(frame, str | bytes) else json.dumps(frame))
    assert found.type == "invalid_request_error"
    return found.code, found.param, found.message


def session(codec: WireCodec, **fields: Any) -> tuple[str, str | None, str]:
    return error(codec, {"type": "session.update", "session": {"type": "realtime", **fields}})


class TestInvalidEvent:
    @pytest.mark.parametrize(
        ("frame", "message"),
        [
            ("", "The event is not valid JSON: Input data was truncated."),
            ("{", "The event is not valid JSON: Input data was truncated."),
            ('{"type": NaN}', "The event is not valid JSON: JSON is malformed: invalid character (byte 9)."),
            ("hello", "The event is not valid JSON: JSON is malformed: invalid character (byte 0)."),
            ("[]", "An event is a JSON object, not an array."),
            ("5", "An event is a JSON object, not an integer."),
            ("null", "An event is a JSON object, not null."),
            ("{}", "The event has no 'type'."),
            (b'{"type":"\xff"}', "The event is not valid UTF-8."),
            ('{"type":"\ud800"}', "The event is not valid UTF-8."),
        ],
    )
    def test_message(self, codec: WireCodec, frame: str | bytes, message: str) -> None:
        assert error(codec, frame) == ("invalid_event", None, message)

    @pytest.mark.parametrize(
        "frame",
        [
            "[" * 100_000,
            '{"a":' * 100_000,
            '{"type":"session.update","session":{"type":"realtime","prompt":{"id":"p","variables":'
            + '{"a":' * 50_000
            + "1"
            + "}" * 50_003,
            b"\xff\xfe",
            b"\x00",
            '{"type":"input_audio_buffer.commit"} {}',
            '{"type":"input_audio_buffer.commit","event_id":"\x01"}',
            '\ufeff{"type":"input_audio_buffer.commit"}',
        ],
        ids=range(8),
    )
    def test_hostile_frames_get_one_error(self, ga: WireCodec, frame: str | bytes) -> None:
        assert error(ga, frame)[:2] == ("invalid_event", None)

    def test_nesting_is_named(self, ga: WireCodec) -> None:
        frame = '{"type":"session.update","session":{"type":"realtime","tracing":{"metadata":' + '{"a":' * 50_000
        assert error(ga, frame) == ("invalid_event", None, "The event is nested too deeply.")


class TestType:
    def test_unknown(self, ga: WireCodec) -> None:
        code, param, message = error(ga, {"type": "session.begin"})
        assert (code, param) == ("invalid_value", "type")
        assert message == (
            "Invalid value: 'session.begin'. Supported values are: 'conversation.item.create', "
            "'conversation.item.delete', 'conversation.item.retrieve', 'conversation.item.truncate', "
            "'input_audio_buffer.append', 'input_audio_buffer.clear', 'input_audio_buffer.commit', "
            "'output_audio_buffer.clear', 'response.cancel', 'response.create' and 'session.update'."
        )

    def test_no_string(self, codec: WireCodec) -> None:
        for wrong, name in ((None, "null"), (5, "integer"), (0.5, "number"), ([], "array"), ({}, "object")):
            message = f"Invalid type for 'type': expected string, got {name} instead."
            assert error(codec, {"type": wrong}) == ("invalid_type", "type", message)

    def test_no_string_further_down(self, codec: WireCodec) -> None:
        path = "response.tools[1].type"
        frame = {"type": "response.create", "response": {"tools": [{"type": "function", "name": "f"}, {"type": True}]}}
        message = f"Invalid type for '{path}': expected string, got boolean instead."
        assert error(codec, frame) == ("invalid_type", path, message)

    @pytest.mark.parametrize("frame", ['{"type":5,,', '{"type":5,"type":"x"}'])
    def test_no_string_in_a_frame_that_cannot_be_read_again(self, codec: WireCodec, frame: str) -> None:
        assert error(codec, frame) == ("invalid_type", "type", "Invalid type for 'type': expected string.")

    def test_a_long_one_is_shortened(self, codec: WireCodec) -> None:
        message = error(codec, {"type": "x" * 10_000})[2]
        assert "'" + "x" * 100 + "…'" in message
        assert len(message) < 1000


class TestUnknownParameter:
    def test_in_a_session(self, ga: WireCodec) -> None:
        assert session(ga, voice="ash") == (
            "unknown_parameter",
            "session.voice",
            "Unknown parameter: 'session.voice'.",
        )

    def test_in_the_event(self, codec: WireCodec) -> None:
        found = error(codec, {"type": "input_audio_buffer.commit", "audio": ""})
        assert found == ("unknown_parameter", "audio", "Unknown parameter: 'audio'.")

    def test_in_a_list(self, ga: WireCodec) -> None:
        tools = [{"type": "function", "name": "f"}, {"type": "function", "name": "g", "string": True}]
        assert session(ga, tools=tools)[:2] == ("unknown_parameter", "session.tools[1].string")

    def test_a_name_made_to_confuse(self, ga: WireCodec) -> None:
        found = session(ga, **{"x` - at `$.y": 1})
        assert found[1] == "session.x` - at `$.y"

    def test_a_long_name_is_shortened(self, ga: WireCodec) -> None:
        assert session(ga, **{"x" * 10_000: 1})[1] == "session." + "x" * 100 + "…"


class TestMissingRequiredParameter:
    @pytest.mark.parametrize(
        ("frame", "param"),
        [
            ({"type": "session.update"}, "session"),
            ({"type": "session.update", "session": {}}, "session.type"),
            ({"type": "input_audio_buffer.append"}, "audio"),
            ({"type": "conversation.item.create"}, "item"),
            ({"type": "conversation.item.create", "item": {}}, "item.type"),
            ({"type": "conversation.item.create", "item": {"type": "message", "role": "user"}}, "item.content"),
            ({"type": "response.create", "response": {"tools": [{"type": "function"}]}}, "response.tools[0].name"),
        ],
    )
    def test_names_the_path(self, ga: WireCodec, frame: Any, param: str) -> None:
        expected = ("missing_required_parameter", param, f"Missing required parameter: '{param}'.")
        assert error(ga, frame) == expected


class TestInvalidType:
    def test_the_documented_form(self, ga: WireCodec) -> None:
        detection = {"type": "server_vad", "create_response": 1}
        path = "session.audio.input.turn_detection.create_response"
        assert session(ga, audio={"input": {"turn_detection": detection}}) == (
            "invalid_type",
            path,
            f"Invalid type for '{path}': expected boolean, got integer instead.",
        )

    @pytest.mark.parametrize(
        ("fields", "message"),
        [
            ({"instructions": 5}, "'session.instructions': expected string, got integer"),
            ({"tools": {}}, "'session.tools': expected array, got object"),
            ({"max_output_tokens": 1.5}, "'session.max_output_tokens': expected integer or string, got number"),
            ({"parallel_tool_calls": 1}, "'session.parallel_tool_calls': expected boolean, got integer"),
            ({"audio": {"output": {"speed": "1"}}}, "'session.audio.output.speed': expected number, got string"),
            (
                {"audio": {"output": {"voice": 1}}},
                "'session.audio.output.voice': expected string or object, got integer",
            ),
        ],
    )
    def test_message(self, ga: WireCodec, fields: Any, message: str) -> None:
        code, _, actual = session(ga, **fields)
        assert (code, actual) == ("invalid_type", f"Invalid type for {message} instead.")


class TestInvalidValue:
    @pytest.mark.parametrize(
        ("fields", "param", "message"),
        [
            (
                {"audio": {"output": {"speed": 3}}},
                "session.audio.output.speed",
                "Invalid value for 'session.audio.output.speed': expected a number from 0.25 to 1.5.",
            ),
            (
                {"audio": {"output": {"speed": 0.1}}},
                "session.audio.output.speed",
                "Invalid value for 'session.audio.output.speed': expected a number from 0.25 to 1.5.",
            ),
            (
                {"max_output_tokens": 4097},
                "session.max_output_tokens",
                "Invalid value for 'session.max_output_tokens': expected an integer from 1 to 4096 or 'inf'.",
            ),
            (
                {"max_output_tokens": "all"},
                "session.max_output_tokens",
                "Invalid value: 'all'. Supported values are: 'inf'.",
            ),
            (
                {"tool_choice": "any"},
                "session.tool_choice",
                "Invalid value: 'any'. Supported values are: 'auto', 'none' and 'required'.",
            ),
            (
                {"audio": {"input": {"format": {"type": "audio/wav"}}}},
                "session.audio.input.format.type",
                "Invalid value: 'audio/wav'. Supported values are: 'audio/pcm', 'audio/pcma' and 'audio/pcmu'.",
            ),
            (
                {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 16000}}}},
                "session.audio.input.format.rate",
                "Invalid value: '16000'. Supported values are: '24000'.",
            ),
            (
                {"audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "max"}}}},
                "session.audio.input.turn_detection.eagerness",
                "Invalid value: 'max'. Supported values are: 'auto', 'high', 'low' and 'medium'.",
            ),
            (
                {"include": ["everything"]},
                "session.include[0]",
                "Invalid value: 'everything'. Supported values are: 'item.input_audio_transcription.logprobs', "
                "'voxwire.engine_changed', 'voxwire.false_interruption', 'voxwire.fingerprint', "
                "'voxwire.transcription_deltas', 'voxwire.turn_timings' and 'voxwire.word_times'.",
            ),
        ],
    )
    def test_session(self, ga: WireCodec, fields: Any, param: str, message: str) -> None:
        assert session(ga, **fields) == ("invalid_value", param, message)

    @pytest.mark.parametrize(
        ("metadata", "param", "wanted"),
        [
            ({str(n): "" for n in range(17)}, "response.metadata", "at most 16 entries"),
            ({"k" * 65: ""}, "response.metadata", "shorter keys"),
        ],
    )
    def test_metadata(self, ga: WireCodec, metadata: Any, param: str, wanted: str) -> None:
        found = error(ga, {"type": "response.create", "response": {"metadata": metadata}})
        assert found == ("invalid_value", param, f"Invalid value for '{param}': expected {wanted}.")

    @pytest.mark.parametrize(
        ("value", "code", "message"),
        [
            ("v" * 513, "invalid_value", "Invalid value for an entry of '{}': expected at most 512 characters."),
            (1, "invalid_type", "Invalid type for an entry of '{}': expected string, got integer instead."),
        ],
    )
    def test_an_entry_of_metadata(self, ga: WireCodec, value: Any, code: str, message: str) -> None:
        """The decoder does not say which entry, and `param` is a path that can be looked up."""
        found = error(ga, {"type": "response.create", "response": {"metadata": {"k": value}}})
        assert found == (code, "response.metadata", message.format("response.metadata"))

    def test_numbers_out_of_range(self, ga: WireCodec) -> None:
        huge = '{"type":"session.update","session":{"type":"realtime","tracing":{"metadata":{"n":1e999}}}}'
        path = "session.tracing.metadata"
        wanted = f"Invalid value for an entry of '{path}': expected a value in range."
        assert error(ga, huge) == ("invalid_value", path, wanted)
        long = '{"type":"conversation.item.truncate","item_id":"i","content_index":0,"audio_end_ms":%s}' % ("9" * 4000)
        path = "audio_end_ms"
        assert error(ga, long)[:2] == ("invalid_value", path)
        assert error(ga, long.replace("9" * 4000, "9" * 5000))[:2] == ("invalid_value", path)


class TestEventId:
    """`error.event_id` is that of the offending event, null if it had none."""

    @pytest.mark.parametrize(
        "fields",
        [
            {"type": "session.begin"},
            {},
            {"type": "input_audio_buffer.append", "audio": 5},
            {"type": "input_audio_buffer.append", "audio": "!"},
            {"type": "input_audio_buffer.commit", "bogus": [{}]},
            {"type": "session.update", "session": 5},
        ],
    )
    def test_is_found_again(self, codec: WireCodec, fields: Any) -> None:
        assert refusal(codec, json.dumps({"event_id": "mine", **fields})).event_id == "mine"
        assert refusal(codec, json.dumps({**fields, "event_id": "mine"})).event_id == "mine"
        assert refusal(codec, json.dumps(fields)).event_id is None

    def test_512_characters(self, codec: WireCodec) -> None:
        frame = {"type": "input_audio_buffer.commit", "event_id": "x" * 512}
        assert codec.decode(json.dumps(frame)).event_id == "x" * 512

    def test_513_characters(self, codec: WireCodec) -> None:
        found = refusal(codec, json.dumps({"type": "input_audio_buffer.commit", "event_id": "x" * 513}))
        assert (found.code, found.param, found.event_id) == ("invalid_value", "event_id", None)
        assert found.message == "Invalid value for 'event_id': expected at most 512 characters."

    @pytest.mark.parametrize("event_id", [5, {}, True])
    def test_no_string(self, codec: WireCodec, event_id: Any) -> None:
        found = refusal(codec, json.dumps({"type": "input_audio_buffer.commit", "event_id": event_id}))
        assert (found.code, found.param, found.event_id) == ("invalid_type", "event_id", None)

    @pytest.mark.parametrize(
        "rest",
        [
            '"type": ',
            '"type": "input_audio_buffer.commit", "x": ' + "[" * 5000 + "]" * 5000 + "}",
            '"type": "session.update", "session": ' + '{"event_id": "other", "a":' * 2000 + "1" + "}" * 2001,
            '"type": "input_audio_buffer.commit", "x": 1e999}',
            '"type": "\\ud83d"}',
            '"type": "input_audio_buffer.commit", "x": "\\ud83d"}',
        ],
        ids=["cut", "deep", "deep with others", "number", "half a type", "half a value"],
    )
    def test_also_where_the_parser_gives_up(self, codec: WireCodec, rest: str) -> None:
        assert refusal(codec, '{"event_id" : "m\\u0069ne", ' + rest).event_id == "mine"
        assert refusal(codec, "{" + rest).event_id is None

    def test_of_the_event_alone(self, codec: WireCodec) -> None:
        deep = "[" * 5000 + "]" * 5000 + "}"
        assert refusal(codec, '{"a": {"event_id": "inner"}, "b": "event_id", "x": ' + deep).event_id is None
        assert refusal(codec, '{"b": {"event_id": "inner"}, "event_id": 5, "x": ' + deep).event_id is None
        assert refusal(codec, '{"b": "\\"event_id", "event_id": "mine", "x": ' + deep).event_id == "mine"

    def test_is_not_looked_for_without_end(self, codec: WireCodec) -> None:
        assert refusal(codec, "[" * 100_000 + '{"event_id": "mine"}').event_id is None
