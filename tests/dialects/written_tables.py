"""Tables of what the server writes: encoded events of every type, and what the official types have besides."""

import json
from collections.abc import Callable
from typing import Any, get_args

from dialect_samples import (
    CONFIG,
    EVERY_EVENT,
    FLOWS,
    GA,
    OUR_EVENTS,
    PART,
    PREVIEW,
)
from dialect_samples import response as a_response
from msgspec import structs
from openai.types import realtime as ga_types
from openai.types.beta import realtime as preview_types
from table_rows import COLUMNS, NO, YES, code, head, row

from voxwire.audio.pcm import AudioFormat
from voxwire.dialects import Variant, WireCodec, detect
from voxwire.events.items import (
    ContentPart,
    InputAudio,
    InputImage,
    InputText,
    MessageItem,
    OutputAudio,
    OutputText,
    Role,
)
from voxwire.events.response import TokenUsage
from voxwire.events.server import (
    ContentPartAdded,
    ItemAdded,
    ResponseCreated,
    ServerEvent,
    SessionUpdated,
)
from voxwire.events.session_config import FunctionTool, Modality, PromptReference, Transcription

#: Official events that no connection gets → why.
NOT_SENT = {
    "conversation.created": "the hosted service does not send it either, and one of the first clients fails on it",
    "conversation.item.created": "GA says `conversation.item.added` and `.done`; both names at once would count twice",
    "conversation.item.input_audio_transcription.segment": "comes from recognisers that tell speakers apart",
    "input_audio_buffer.dtmf_event_received": "belongs to telephone calls",
    "mcp_list_tools.": "belongs to MCP",
    "output_audio_buffer.": "belongs to WebRTC and telephone calls",
    "response.mcp_call": "belongs to MCP",
}
#: Every setting of a session and of a response, with another value than the samples have.
OTHER_SETTINGS: dict[str, Any] = {
    "model": "other",
    "instructions": "Other.",
    "modality": Modality.TEXT,
    "voice": "ash",
    "speed": 1.2,
    "input_format": AudioFormat.ULAW,
    "output_format": AudioFormat.ULAW,
    "transcription": Transcription(model="whisper-1"),
    "turn_detection": None,
    "temperature": 0.7,
    "max_output_tokens": 5,
    "tools": (FunctionTool(name="f", description=None, parameters=None),),
    "tool_choice": "none",
    "include": ("item.input_audio_transcription.logprobs",),
    "truncation": "disabled",
    "tracing": "auto",
    "reasoning": "low",
    "parallel_tool_calls": True,
    "prompt": PromptReference(id="p"),
}
OTHER_RESPONSE: dict[str, Any] = {
    "modality": Modality.TEXT,
    "voice": "ash",
    "output_format": AudioFormat.ULAW,
    "temperature": 0.7,
    "max_output_tokens": 5,
    "conversation_id": None,
    "metadata": None,
    "usage": TokenUsage(),
}
PARTS: tuple[tuple[str, Role, ContentPart], ...] = (
    ("text that a user types", Role.USER, InputText(text="Hello")),
    ("speech of a user", Role.USER, InputAudio(duration_ms=900.0)),
    ("image of a user", Role.USER, InputImage(image_url="data:image/png;base64,")),
    ("text of an answer", Role.ASSISTANT, OutputText(text="Hello")),
    ("speech of an answer", Role.ASSISTANT, OutputAudio(transcript="Hello")),
)
#: Path, `api-version`, and whether OpenAI's marker of the previews is there.
HANDSHAKES = (
    ("/v1/realtime", "", False),
    ("/v1/realtime", "", True),
    ("/openai/v1/realtime", "", False),
    ("/openai/v1/realtime", "2025-04-01-preview", False),
    ("/openai/realtime", "2024-10-01-preview", False),
    ("/openai/realtime", "2024-10-01-preview", True),
    ("/openai/realtime", "2024-12-17-preview", False),
    ("/openai/realtime", "2025-04-01-preview", False),
    ("/openai/realtime", "", False),
    ("/openai/realtime", "2025-08-28", False),
    ("/openai/realtime", "v1", False),
    ("/openai/deployments/NAME/realtime", "2024-10-01-preview", False),
    ("/voice-live/realtime", "2026-07-15", False),
)


def sent(event: ServerEvent, variant: Variant) -> dict[str, Any]:
    """The event as JSON; empty where the dialect does not have it."""
    frame = WireCodec(variant).encode(event, "event_1")
    return {} if frame is None else json.loads(frame)


def official(module: Any, union: str) -> list[str]:
    """The `type`s of a union of the official package."""
    classes = get_args(get_args(getattr(module, union))[0])
    return [get_args(each.model_fields["type"].annotation)[0] for each in classes]


def server_events() -> list[str]:
    """Every event by its name in each dialect, with its fields."""
    rows = []
    for event in EVERY_EVENT:
        frames = [sent(event, variant) for variant in COLUMNS.values()]
        named = [code(frame["type"]) if frame else NO for frame in frames]
        shown = [named[0], *("same" if name == named[0] else name for name in named[1:])]
        fields = dict.fromkeys(key for frame in frames for key in frame if key not in ("type", "event_id"))
        rows.append(row(*shown, code(*fields) or NO))
    return [*head(*COLUMNS, "fields"), *rows]


def own_events() -> list[str]:
    rows = [
        row(code(sent(event, GA)["type"]), code(*[key for key in sent(event, GA) if key not in ("type", "event_id")]))
        for event in OUR_EVENTS
    ]
    return [*head("event", "fields"), *rows]


def not_sent() -> list[str]:
    """Official events that Voxwire has no use for; raises LookupError for one without a reason."""
    rows = []
    for module, name, variant in ((ga_types, "GA", GA), (preview_types, "preview", PREVIEW)):
        known = {sent(event, variant).get("type") for event in (*EVERY_EVENT, *FLOWS["transcription"])}
        for event in official(module, "RealtimeServerEvent"):
            if event not in known:
                reason = next((NOT_SENT[start] for start in NOT_SENT if event.startswith(start)), None)
                if reason is None:
                    raise LookupError(f"{event} is not sent, and nothing says why")
                rows.append((event, name, reason))
    by_event = {event: [name for other, name, _ in rows if other == event] for event, _, _ in rows}
    reasons = {event: reason for event, _, reason in rows}
    return [
        *head("event", "dialects", "why not"),
        *(row(code(event), " and ".join(of), reasons[event]) for event, of in by_event.items()),
    ]


def event_names() -> list[str]:
    """Events that are called otherwise in the previews."""
    rows = []
    for event in (*EVERY_EVENT, *FLOWS["transcription"][:2]):
        ga, preview = (sent(event, variant).get("type") for variant in (GA, PREVIEW))
        if ga != preview:
            rows.append(row(code(ga) if ga else NO, code(preview) if preview else NO))
    return [*head("GA", "preview"), *rows]


def paths(value: Any, path: str = "") -> dict[str, Any]:
    """What stands where in a JSON value."""
    if isinstance(value, dict) and value:
        found: dict[str, Any] = {}
        for key, inner in value.items():
            found |= paths(inner, f"{path}.{key}" if path else key)
        return found
    return {path: value}


def changed(before: dict[str, Any], after: dict[str, Any], within: str) -> str:
    """The one path below which two frames differ, as code; NO where they do not."""
    old, new = paths(before.get(within), within), paths(after.get(within), within)
    found = [path.split(".") for path in {**old, **new} if (path in old, old.get(path)) != (path in new, new.get(path))]
    if not found:
        return NO
    common = [steps[0] for steps in zip(*found, strict=False) if len(set(steps)) == 1]
    return code(".".join(common))


def moved(event_of: Callable[[Any], ServerEvent], before: Any, others: dict[str, Any], within: str) -> list[str]:
    """Where each field stands in both dialects: found by changing it."""
    rows = []
    for field, value in others.items():
        pair = (event_of(before), event_of(structs.replace(before, **{field: value})))
        rows.append(row(*(changed(*(sent(each, variant) for each in pair), within) for variant in (GA, PREVIEW))))
    return [*head("GA", "preview"), *rows]


def session_names() -> list[str]:
    return moved(
        lambda config: SessionUpdated(session_id="s", config=config, expires_at=1), CONFIG, OTHER_SETTINGS, "session"
    )


def response_names() -> list[str]:
    return moved(lambda response: ResponseCreated(response=response), a_response(), OTHER_RESPONSE, "response")


def part_names() -> list[str]:
    rows = []
    for who, role, part in PARTS:
        message = MessageItem(id="item_1", role=role, content=(part,))
        names = [
            sent(ItemAdded(item=message, previous_item_id=None), variant)["item"]["content"][0]["type"]
            for variant in (GA, PREVIEW)
        ]
        streamed = sent(ContentPartAdded(**PART, part=part), GA)["part"]["type"] if role is Role.ASSISTANT else ""
        rows.append(row(who, *map(code, names), code(streamed) if streamed else NO))
    return [*head("part", "in items, GA", "in items, preview", "in `response.content_part.*`, both"), *rows]


def detection() -> list[str]:
    rows = []
    for path, version, marked in HANDSHAKES:
        query = {"api-version": version} if version else {}
        headers = {"openai-beta": "realtime=v1"} if marked else {}
        variant = detect(path, query, headers, ())
        name = {"ga": "GA", "preview": "preview", "voice_live": "Voice Live"}[variant.dialect.value]
        rows.append(
            row(
                code(path),
                code(version) if version else NO,
                YES if marked else NO,
                "2024-10-01" if variant.projection else name,
                YES if variant.late_switch else NO,
            )
        )
    return [*head("path", "`api-version`", "marker", "dialect", "late switch"), *rows]
