"""Valid frames of every client event, in both dialects: what mutation starts from.

`$item`, `$response` and `$call` stand for an identifier that exists, `$new` for one that does not yet.
"""

import base64
from typing import Any, Final

from voxwire.audio.pcm import AudioFormat
from voxwire.testing.driver import silence, speech

Frame = dict[str, Any]


def _audio(*pieces: bytes) -> str:
    return base64.b64encode(b"".join(pieces)).decode()


_TOOL: Final = {
    "type": "function",
    "name": "get_weather",
    "description": "Weather in a city.",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
_TURN: Final = _audio(speech(320), silence(640))
_CLIP: Final = _audio(speech(160))

#: The same in every dialect (protocol: events, Client events).
_COMMON: Final[list[Frame]] = [
    *[{"type": "input_audio_buffer.append", "audio": _TURN}] * 4,
    {"type": "input_audio_buffer.append", "audio": _audio(speech(200))},
    {"type": "input_audio_buffer.append", "audio": _audio(silence(100))},
    {"type": "input_audio_buffer.append", "audio": _audio(silence(500, AudioFormat.ULAW))},
    {"type": "input_audio_buffer.commit"},
    {"type": "input_audio_buffer.clear"},
    {
        "type": "conversation.item.create",
        "previous_item_id": None,
        "item": {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "What time is it?"}]},
    },
    {
        "type": "conversation.item.create",
        "previous_item_id": "$item",
        "item": {
            "id": "$new",
            "type": "message",
            "role": "user",
            "status": "completed",
            "content": [{"type": "input_audio", "audio": _CLIP}, {"type": "input_text", "text": "and this"}],
        },
    },
    {
        "type": "conversation.item.create",
        "previous_item_id": "root",
        "item": {"type": "message", "role": "system", "content": [{"type": "input_text", "text": "Be brief."}]},
    },
    {
        "type": "conversation.item.create",
        "item": {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "Noon."}]},
    },
    {
        "type": "conversation.item.create",
        "item": {"type": "function_call", "name": "get_weather", "call_id": "$new", "arguments": "{}"},
    },
    {
        "type": "conversation.item.create",
        "item": {"type": "function_call_output", "call_id": "$call", "output": "sunny"},
    },
    {"type": "conversation.item.delete", "item_id": "$item"},
    {"type": "conversation.item.truncate", "item_id": "$item", "content_index": 0, "audio_end_ms": 120},
    {"type": "response.create"},
    {"type": "response.create", "response": None},
    {"type": "response.cancel"},
]

_LATER: Final[list[Frame]] = [
    {"type": "conversation.item.retrieve", "item_id": "$item"},
    {"type": "response.cancel", "response_id": "$response"},
    {"type": "output_audio_buffer.clear"},
]

GA: Final[list[Frame]] = [
    *_COMMON,
    *_LATER,
    {"type": "session.update", "session": {"type": "realtime"}},
    {
        "type": "session.update",
        "session": {
            "type": "realtime",
            "model": "gpt-realtime",
            "instructions": "Be kind.",
            "output_modalities": ["audio"],
            "audio": {
                "input": {
                    "format": {"type": "audio/pcm", "rate": 24000},
                    "noise_reduction": None,
                    "transcription": {"model": "whisper-1", "language": "en", "prompt": "weather"},
                    "turn_detection": {
                        "type": "server_vad",
                        "threshold": 0.5,
                        "prefix_padding_ms": 100,
                        "silence_duration_ms": 200,
                        "create_response": True,
                        "interrupt_response": False,
                        "idle_timeout_ms": 5000,
                    },
                },
                "output": {"format": {"type": "audio/pcmu"}, "voice": "alloy", "speed": 1.1},
            },
            "max_output_tokens": 200,
            "tools": [_TOOL],
            "tool_choice": {"type": "function", "name": "get_weather"},
            "include": ["item.input_audio_transcription.logprobs"],
            "tracing": {"workflow_name": "w"},
            "truncation": {"type": "retention_ratio", "retention_ratio": 0.5},
        },
    },
    {
        "type": "session.update",
        "session": {"type": "realtime", "audio": {"input": {"turn_detection": None}}, "max_output_tokens": "inf"},
    },
    {
        "type": "session.update",
        "session": {
            "type": "realtime",
            "audio": {"input": {"turn_detection": {"type": "semantic_vad", "eagerness": "high"}}},
            "tools": [],
            "tool_choice": "auto",
        },
    },
    {
        "type": "session.update",
        "session": {"type": "realtime", "audio": {"input": {"format": {"type": "audio/pcma"}}}},
    },
    {
        "type": "session.update",
        "session": {"type": "transcription", "audio": {"input": {"transcription": {"model": "whisper-1"}}}},
    },
    {
        "type": "response.create",
        "response": {
            "conversation": "none",
            "metadata": {"topic": "mood"},
            "output_modalities": ["text"],
            "instructions": "One word.",
            "input": [
                {"type": "item_reference", "id": "$item"},
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Mood?"}]},
            ],
        },
    },
    {
        "type": "response.create",
        "response": {
            "audio": {"output": {"voice": "alloy", "format": {"type": "audio/pcm", "rate": 24000}}},
            "tools": [_TOOL],
            "tool_choice": "required",
            "max_output_tokens": 5,
            "input": [],
        },
    },
]

_PREVIEW_SESSION: Final[Frame] = {
    "modalities": ["audio", "text"],
    "instructions": "Be kind.",
    "voice": "alloy",
    "input_audio_format": "pcm16",
    "output_audio_format": "g711_ulaw",
    "input_audio_transcription": {"model": "whisper-1"},
    "turn_detection": {
        "type": "server_vad",
        "threshold": 0.4,
        "prefix_padding_ms": 300,
        "silence_duration_ms": 200,
    },
    "tools": [_TOOL],
    "tool_choice": "auto",
    "temperature": 0.7,
    "max_response_output_tokens": "inf",
}

PREVIEW: Final[list[Frame]] = [
    *_COMMON,
    *_LATER,
    {"type": "session.update", "session": _PREVIEW_SESSION},
    {"type": "session.update", "session": {"turn_detection": None}},
    {"type": "session.update", "session": {"modalities": ["text"], "max_response_output_tokens": 20}},
    {"type": "session.update", "session": {"input_audio_format": "g711_alaw", "turn_detection": None}},
    {"type": "transcription_session.update", "session": {"input_audio_transcription": {"model": "whisper-1"}}},
    {
        "type": "response.create",
        "response": {
            "modalities": ["text"],
            "conversation": "none",
            "metadata": {"a": "b"},
            "max_output_tokens": 9,
            "input": [{"type": "item_reference", "id": "$item"}],
        },
    },
]

#: 2024-10-01-preview: its own fields of `response.create`.
FIRST: Final[list[Frame]] = [
    *_COMMON,
    {"type": "session.update", "session": _PREVIEW_SESSION},
    {"type": "session.update", "session": {"turn_detection": {"type": "none"}}},
    {
        "type": "response.create",
        "response": {
            "commit": True,
            "cancel_previous": True,
            "append_input_items": [
                {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Go on."}]}
            ],
            "modalities": ["audio", "text"],
        },
    },
]
