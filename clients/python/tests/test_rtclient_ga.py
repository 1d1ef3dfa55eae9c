"""A GA service behind the preview's models."""

import json
import logging

import pytest
from azure.core.credentials import AzureKeyCredential

from rtclient import (
    AssistantMessageItem,
    FunctionToolChoice,
    InputAudioBufferAppendMessage,
    InputAudioTranscription,
    InputTextContentPart,
    ItemCreateMessage,
    NoTurnDetection,
    OutputTextContentPart,
    ResponseCreateMessage,
    ResponseCreateParams,
    RTAudioContent,
    RTClient,
    RTMessageItem,
    ServerVAD,
    SessionUpdateMessage,
    SessionUpdateParams,
    UnknownMessage,
    UserMessageItem,
)
from rtclient.dialects import Outgoing
from rtclient.dialects.ga import GaCodec
from scripted_service import SOUND, USAGE, Json, Peer, message, response, serving, spoken

GA_SESSION: Json = {
    "type": "realtime",
    "object": "realtime.session",
    "id": "sess_1",
    "model": "gpt-realtime",
    "output_modalities": ["audio"],
    "instructions": "Be brief.",
    "tools": [],
    "tool_choice": "auto",
    "max_output_tokens": "inf",
    "tracing": None,
    "audio": {
        "input": {
            "format": {"type": "audio/pcm", "rate": 24000},
            "transcription": {"model": "gpt-4o-transcribe"},
            "noise_reduction": None,
            "turn_detection": {"type": "semantic_vad", "eagerness": "auto", "interrupt_response": True},
        },
        "output": {"format": {"type": "audio/pcmu"}, "voice": "marin", "speed": 1.0},
    },
}
PLACE = {"response_id": "resp_1", "item_id": "item_1", "output_index": 0, "content_index": 0}


def sent(outgoing: Outgoing) -> list[Json]:
    return [json.loads(frame) for frame in GaCodec().encode(outgoing)]


def received(kind: str, codec: GaCodec | None = None, **fields: object) -> Json | None:
    decoded = (codec or GaCodec()).decode(json.dumps({"type": kind, "event_id": "event_1", **fields}))
    return None if decoded is None else decoded.model_dump(mode="json", exclude_unset=True)


class TestSent:
    def test_session(self) -> None:
        params = SessionUpdateParams(
            modalities={"text", "audio"},
            instructions="Sing.",
            voice="cedar",
            input_audio_format="g711-alaw",
            output_audio_format="pcm16",
            input_audio_transcription=InputAudioTranscription(model="whisper-1"),
            turn_detection=ServerVAD(threshold=0.4),
            tools=[],
            tool_choice=FunctionToolChoice(function="f"),
            max_response_output_tokens=7,
        )
        (event,) = sent(SessionUpdateMessage(session=params, event_id="e"))
        assert event == {
            "type": "session.update",
            "event_id": "e",
            "session": {
                "type": "realtime",
                "output_modalities": ["audio"],
                "instructions": "Sing.",
                "tools": [],
                "tool_choice": {"type": "function", "name": "f"},
                "max_output_tokens": 7,
                "audio": {
                    "input": {
                        "format": {"type": "audio/pcma"},
                        "transcription": {"model": "whisper-1"},
                        "turn_detection": {"type": "server_vad", "threshold": 0.4},
                    },
                    "output": {"format": {"type": "audio/pcm", "rate": 24000}, "voice": "cedar"},
                },
            },
        }

    @pytest.mark.parametrize("turn_detection", [None, NoTurnDetection()])
    def test_no_turn_detection(self, turn_detection: NoTurnDetection | None) -> None:
        (event,) = sent(SessionUpdateMessage(session=SessionUpdateParams(turn_detection=turn_detection)))
        assert event["session"] == {"type": "realtime", "audio": {"input": {"turn_detection": None}}}

    def test_temperature_is_not_sent_and_that_is_said(self, caplog: pytest.LogCaptureFixture) -> None:
        codec = GaCodec()
        (frame,) = codec.encode(SessionUpdateMessage(session=SessionUpdateParams(temperature=0.7, modalities={"text"})))
        assert json.loads(frame)["session"] == {"type": "realtime", "output_modalities": ["text"]}
        assert caplog.record_tuples[0][1] == logging.WARNING
        session = received("session.updated", codec, session=GA_SESSION)
        assert session is not None
        assert session["session"]["temperature"] == 0.7

    def test_response(self) -> None:
        params = ResponseCreateParams(
            commit=False,
            cancel_previous=True,
            append_input_items=[AssistantMessageItem(content=[OutputTextContentPart(text="a")])],
            input_items=[UserMessageItem(content=[InputTextContentPart(text="b")])],
            modalities={"text"},
            voice="alloy",
            output_audio_format="g711-ulaw",
            max_output_tokens="inf",
            tool_choice="none",
        )
        assert sent(ResponseCreateMessage(response=params)) == [
            {
                "type": "conversation.item.create",
                "item": {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "a"}]},
            },
            {
                "type": "response.create",
                "response": {
                    "conversation": "none",
                    "input": [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "b"}]}],
                    "output_modalities": ["text"],
                    "audio": {"output": {"voice": "alloy", "format": {"type": "audio/pcmu"}}},
                    "max_output_tokens": "inf",
                    "tool_choice": "none",
                },
            },
        ]
        assert sent(ResponseCreateMessage()) == [{"type": "response.create"}]

    def test_items(self) -> None:
        item = AssistantMessageItem(content=[OutputTextContentPart(text="t")])
        (event,) = sent(ItemCreateMessage(item=item, previous_item_id="p"))
        assert event["item"]["content"] == [{"type": "output_text", "text": "t"}]

    def test_what_is_the_same(self) -> None:
        assert sent(InputAudioBufferAppendMessage(audio="AAAA")) == [
            {"type": "input_audio_buffer.append", "audio": "AAAA"}
        ]
        raw = {"type": "session.update", "session": {"type": "transcription"}}
        assert sent(raw) == [raw]


class TestReceived:
    def test_session(self) -> None:
        assert received("session.created", session=GA_SESSION) == {
            "type": "session.created",
            "event_id": "event_1",
            "session": {
                "id": "sess_1",
                "model": "gpt-realtime",
                "modalities": unordered("text", "audio"),
                "instructions": "Be brief.",
                "voice": "marin",
                "input_audio_format": "pcm16",
                "output_audio_format": "g711-ulaw",
                "input_audio_transcription": {"model": "gpt-4o-transcribe"},
                "turn_detection": {"type": "semantic_vad", "eagerness": "auto", "interrupt_response": True},
                "tools": [],
                "tool_choice": "auto",
                "temperature": 0.8,
                "max_response_output_tokens": "inf",
            },
        }

    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [({"type": "function", "name": "f"}, {"type": "function", "function": "f"}), ({"type": "mcp"}, "auto")],
    )
    def test_tool_choice(self, theirs: Json, ours: object) -> None:
        event = received("session.updated", session=GA_SESSION | {"tool_choice": theirs})
        assert event is not None
        assert event["session"]["tool_choice"] == ours

    @pytest.mark.parametrize("transcription", [{}, {"model": None, "language": None}])
    def test_a_transcription_session(self, transcription: Json) -> None:
        audio = {"input": {"transcription": transcription}}
        event = received("session.created", session={"type": "transcription", "id": "s", "audio": audio})
        assert event is not None
        assert event["session"]["input_audio_transcription"] == transcription | {"model": ""}
        assert event["session"]["turn_detection"] is None

    @pytest.mark.parametrize(
        ("theirs", "ours", "fields"),
        [
            ("response.output_text.delta", "response.text.delta", {"delta": "x"}),
            ("response.output_text.done", "response.text.done", {"text": "x"}),
            ("response.output_audio.delta", "response.audio.delta", {"delta": "AAAA"}),
            ("response.output_audio.done", "response.audio.done", {}),
            ("response.output_audio_transcript.delta", "response.audio_transcript.delta", {"delta": "x"}),
            ("response.output_audio_transcript.done", "response.audio_transcript.done", {"transcript": "x"}),
        ],
    )
    @pytest.mark.parametrize("layout", ["compact", "spaced", "type last"])
    def test_renamed(self, theirs: str, ours: str, fields: Json, layout: str) -> None:
        event = {"type": theirs, "event_id": "e", **PLACE, **fields}
        if layout == "type last":
            event["type"] = event.pop("type")
        frame = json.dumps(event, separators=(",", ":") if layout == "compact" else None)
        decoded = GaCodec().decode(frame)
        assert decoded is not None
        assert decoded.model_dump() == {"type": ours, "event_id": "e", **PLACE, **fields}

    def test_items_are_created_once(self) -> None:
        content = [{"type": "output_audio", "transcript": "Hi"}, {"type": "input_image", "image_url": "x"}]
        event = received("conversation.item.added", item=message("completed", content=content))
        assert event is not None
        assert (event["type"], event["previous_item_id"]) == ("conversation.item.created", None)
        assert event["item"]["content"] == [{"type": "audio", "transcript": "Hi"}]
        assert received("conversation.item.done", previous_item_id=None, item=message()) is None

    def test_a_functions_name_is_remembered(self) -> None:
        codec = GaCodec()
        item = {"id": "item_1", "type": "function_call", "name": "weather", "call_id": "call_1"}
        added = received("response.output_item.added", codec, response_id="r", output_index=0, item=item)
        assert added is not None
        assert (added["item"]["status"], added["item"]["arguments"]) == ("completed", "")
        place = {"response_id": "r", "item_id": "item_1", "output_index": 0, "call_id": "call_1"}
        done = received("response.function_call_arguments.done", codec, **place, arguments="{}")
        assert done is not None
        assert done["name"] == "weather"

    def test_response_done(self) -> None:
        details = {"type": "completed"}
        usage = {"total_tokens": 3, "input_tokens": 2, "output_tokens": 1, "input_token_details": {"text_tokens": 2}}
        output = [
            message("completed", content=[{"type": "output_text", "text": "Hi"}]),
            {"type": "mcp_call", "id": "m"},
        ]
        ga = response("completed", status_details=details, usage=usage, output=output, output_modalities=["audio"])
        event = received("response.done", response=ga)
        assert event is not None
        done = event["response"]
        assert done["status_details"] is None
        assert done["usage"] == USAGE | {"output_token_details": {"text_tokens": 0, "audio_tokens": 0}}
        assert [item["content"] for item in done["output"]] == [[{"type": "text", "text": "Hi"}]]

    @pytest.mark.parametrize(
        ("kind", "fields"),
        [
            ("input_audio_buffer.timeout_triggered", {"item_id": "i"}),
            ("mcp_list_tools.completed", {"item_id": "i"}),
            ("conversation.item.added", {"item": {"type": "mcp_list_tools", "id": "i"}}),
            ("response.output_item.added", {"item": {"type": "mcp_call", "id": "i"}, "response_id": "r"}),
        ],
    )
    def test_without_counterpart(self, kind: str, fields: Json) -> None:
        decoded = GaCodec().decode(json.dumps({"type": kind, "event_id": "e", **fields}))
        assert isinstance(decoded, UnknownMessage)
        assert decoded.type.startswith(kind)

    @pytest.mark.parametrize(
        "event",
        [
            {"type": "session.created"},
            {"type": "session.created", "session": {"id": "s", "audio": {"input": {"format": {"type": "x"}}}}},
            {"type": "conversation.item.added", "item": None},
            {"type": "response.done", "response": 3},
            {"type": "response.content_part.added", "part": {}},
        ],
    )
    def test_malformed(self, event: Json) -> None:
        with pytest.raises(ValueError, match=r".+"):
            GaCodec().decode(json.dumps(event))


class unordered:
    """Equal to a list of the same elements."""

    def __init__(self, *elements: str) -> None:
        self.elements = elements

    def __eq__(self, other: object) -> bool:
        return isinstance(other, list) and sorted(other) == sorted(self.elements)

    __hash__ = None  # type: ignore[assignment]


async def test_the_same_program_holds_its_conversation() -> None:
    names = {
        "response.audio.delta": "response.output_audio.delta",
        "response.audio_transcript.delta": "response.output_audio_transcript.delta",
        "conversation.item.created": "conversation.item.added",
    }

    async def script(peer: Peer) -> None:
        await peer.say({"type": "session.created", "session": GA_SESSION})
        update = await peer.hear("session.update")
        assert update["session"] == {"type": "realtime", "instructions": "Sing."}
        await peer.say({"type": "session.updated", "session": GA_SESSION})
        created = await peer.hear("conversation.item.create")
        item = created["item"] | {"status": "completed"}
        await peer.say(
            {"type": "conversation.item.added", "previous_item_id": None, "item": item},
            {"type": "conversation.item.done", "previous_item_id": None, "item": item},
        )
        await peer.hear("response.create")
        await peer.say(*({**event, "type": names.get(event["type"], event["type"])} for event in spoken()))

    async with serving(script) as service:
        client = RTClient(service.url, key_credential=AzureKeyCredential("k"), azure_deployment="d", dialect="ga")
        async with client:
            await client.configure(instructions="Sing.")
            await client.send_item(UserMessageItem(content=[InputTextContentPart(text="Hi")]))
            answer = await client.generate_response()
            async for item in answer:
                assert isinstance(item, RTMessageItem)
                async for content in item:
                    assert isinstance(content, RTAudioContent)
                    assert [piece async for piece in content.audio_chunks()] == [SOUND, SOUND]
            assert (answer.status, answer.usage and answer.usage.total_tokens) == ("completed", 3)
