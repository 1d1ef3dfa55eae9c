"""Server events that both dialects share (protocol: events, Server events), all but `type` and `event_id`.

What differs between the dialects is handed in: how the assistant's parts are called inside items,
and whether usage counts images.
"""

from collections.abc import Callable
from typing import Any

import msgspec
import pybase64

from voxwire.audio.convert import convert
from voxwire.events.items import (
    AudioClip,
    ContentPart,
    FunctionCallItem,
    InputAudio,
    InputImage,
    InputText,
    Item,
    MessageItem,
    OutputText,
)
from voxwire.events.response import Response, ResponseStatus, TokenUsage
from voxwire.events.server import (
    BufferCleared,
    BufferCommitted,
    ClockRead,
    ContentPartAdded,
    ContentPartDone,
    EngineChanged,
    ErrorOccurred,
    FalseInterruption,
    FunctionArgumentsDelta,
    FunctionArgumentsDone,
    IdleTimeout,
    ItemAdded,
    ItemDeleted,
    ItemDone,
    ItemRetrieved,
    ItemTruncated,
    LogProb,
    OutputItemAdded,
    OutputItemDone,
    RateLimitsUpdated,
    SessionCreated,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
    TextDelta,
    TextDone,
    TranscriptDelta,
    TranscriptDone,
    TranscriptionCompleted,
    TranscriptionDelta,
    TranscriptionFailed,
    TurnTimings,
    WordTimes,
)
from voxwire.events.session_config import (
    FINGERPRINT,
    FunctionTool,
    NamedTool,
    ServerVad,
    ToolChoice,
    Transcription,
    TurnDetection,
)

Body = dict[str, Any]
"""What becomes JSON. Members of enumerations stand in it as they are: the encoder knows their values, and to ask one
for its value takes two calls of Python."""

PartEvent = ContentPartAdded | ContentPartDone | TextDelta | TextDone | TranscriptDelta | TranscriptDone


class PartNames(msgspec.Struct, frozen=True):
    """How the assistant's parts are called inside items."""

    text: str
    audio: str


# --- errors and input audio (protocol: events, Server events) -------------------------------------


def error(event: ErrorOccurred) -> Body:
    return {
        "error": {
            "type": event.type,
            "code": event.code,
            "message": event.message,
            "param": event.param,
            "event_id": event.event_id,
        }
    }


def committed(event: BufferCommitted) -> Body:
    return {"previous_item_id": event.previous_item_id, "item_id": event.item_id}


def cleared(event: BufferCleared) -> Body:
    return {}


def speech_started(event: SpeechStarted) -> Body:
    return {"audio_start_ms": event.audio_start_ms, "item_id": event.item_id}


def speech_stopped(event: SpeechStopped) -> Body:
    return {"audio_end_ms": event.audio_end_ms, "item_id": event.item_id}


def idle_timeout(event: IdleTimeout) -> Body:
    return {"audio_start_ms": event.audio_start_ms, "audio_end_ms": event.audio_end_ms, "item_id": event.item_id}


# --- transcription --------------------------------------------------------------------------------


def transcription_delta(event: TranscriptionDelta) -> Body:
    return {
        "item_id": event.item_id,
        "content_index": event.content_index,
        "delta": event.delta,
        "logprobs": _logprobs(event.logprobs),
    }


def transcription_completed(event: TranscriptionCompleted) -> Body:
    return {
        "item_id": event.item_id,
        "content_index": event.content_index,
        "transcript": event.transcript,
        "usage": {"type": "duration", "seconds": event.seconds},
        "logprobs": _logprobs(event.logprobs),
    }


def transcription_failed(event: TranscriptionFailed) -> Body:
    failure = {"type": "transcription_error", "code": event.code, "message": event.message}
    return {"item_id": event.item_id, "content_index": event.content_index, "error": failure}


def _logprobs(tokens: tuple[LogProb, ...] | None) -> list[Body] | None:
    if tokens is None:
        return None
    return [{"token": each.token, "logprob": each.logprob, "bytes": list(each.token.encode())} for each in tokens]


# --- items (protocol: conversation, Items as the server sends them) -------------------------------


def placed_item(event: ItemAdded | ItemDone, names: PartNames) -> Body:
    return {"previous_item_id": event.previous_item_id, "item": item(event.item, names)}


def output_item(event: OutputItemAdded | OutputItemDone, names: PartNames) -> Body:
    return {
        "response_id": event.response_id,
        "output_index": event.output_index,
        "item": item(event.item, names),
    }


def retrieved_item(event: ItemRetrieved, names: PartNames) -> Body:
    audio = {index: convert(clip, event.format) for index, clip in event.audio.items()}
    return {"item": item(event.item, names, audio)}


def deleted(event: ItemDeleted) -> Body:
    return {"item_id": event.item_id}


def truncated(event: ItemTruncated) -> Body:
    return {"item_id": event.item_id, "content_index": event.content_index, "audio_end_ms": event.audio_end_ms}


def item(item: Item, names: PartNames, audio: dict[int, AudioClip] | None = None) -> Body:
    """An item as JSON; `audio` holds the clips to send along, by content index."""
    body: Body = {"id": item.id, "object": "realtime.item"}
    if isinstance(item, MessageItem):
        clips = audio or {}
        content = [_part(part, names, clips.get(index)) for index, part in enumerate(item.content)]
        body |= {"type": "message", "status": item.status, "role": item.role, "content": content}
        if item.phase is not None:
            body["phase"] = item.phase
    elif isinstance(item, FunctionCallItem):
        body |= {"type": "function_call", "status": item.status}
        body |= {"name": item.name, "call_id": item.call_id, "arguments": item.arguments}
    else:
        body |= {"type": "function_call_output", "status": item.status}
        body |= {"call_id": item.call_id, "output": item.output}
    return body


def _part(part: ContentPart, names: PartNames, clip: AudioClip | None) -> Body:
    """Strict clients need the key `transcript`, even when null (protocol: oldest-clients, Closed sets)."""
    match part:
        case InputText():
            return {"type": "input_text", "text": part.text}
        case InputAudio():
            return {"type": "input_audio", "transcript": part.transcript, **_sound(clip)}
        case InputImage():
            return {"type": "input_image", "image_url": part.image_url, "detail": part.detail}
        case OutputText():
            return {"type": names.text, "text": part.text}
    return {"type": names.audio, "transcript": part.transcript, **_sound(clip)}


def _sound(clip: AudioClip | None) -> Body:
    return {} if clip is None else {"audio": pybase64.b64encode_as_string(clip.data)}


# --- the stream of a response (protocol: responses, Order of events) ------------------------------


def position(event: PartEvent) -> Body:
    """Where in which response a part stands; all that `…audio.done` says."""
    return {
        "response_id": event.response_id,
        "item_id": event.item_id,
        "output_index": event.output_index,
        "content_index": event.content_index,
    }


_STREAM_NAMES = PartNames(text="text", audio="audio")


def content_part(event: ContentPartAdded | ContentPartDone) -> Body:
    """Parts are `text` and `audio` here in both dialects (protocol: dialects, Names of content parts)."""
    return {**position(event), "part": _part(event.part, _STREAM_NAMES, None)}


def delta(event: TextDelta | TranscriptDelta) -> Body:
    return {**position(event), "delta": event.delta}


def text_done(event: TextDone) -> Body:
    return {**position(event), "text": event.text}


def transcript_done(event: TranscriptDone) -> Body:
    return {**position(event), "transcript": event.transcript}


def arguments_delta(event: FunctionArgumentsDelta) -> Body:
    return {
        "response_id": event.response_id,
        "item_id": event.item_id,
        "output_index": event.output_index,
        "call_id": event.call_id,
        "delta": event.delta,
    }


def arguments_done(event: FunctionArgumentsDone) -> Body:
    return {
        "response_id": event.response_id,
        "item_id": event.item.id,
        "output_index": event.output_index,
        "call_id": event.item.call_id,
        "name": event.item.name,
        "arguments": event.item.arguments,
    }


def rate_limits(event: RateLimitsUpdated) -> Body:
    return {"rate_limits": event.rate_limits}


# --- ours, sent only to who asked for them in `include` (protocol: decisions, Events of our own) ----


def fingerprint(event: SessionCreated | SessionUpdated) -> Body:
    """Beside the `session`, for a program may send that back."""
    shown = event.fingerprint
    if shown is None:
        return {}
    return {FINGERPRINT: {"version": shown.version, "engines": shown.engines, "settings": shown.settings}}


def clock(event: ClockRead) -> Body:
    return {"now_ms": event.now_ms}


def turn_timings(event: TurnTimings) -> Body:
    return {
        "response_id": event.response_id,
        "item_id": event.item_id,
        "audio_speech_end_ms": event.audio_speech_end_ms,
        "turn_decided_ms": event.turn_decided_ms,
        "transcript_final_ms": event.transcript_final_ms,
        "first_token_ms": event.first_token_ms,
        "first_audio_ms": event.first_audio_ms,
        "draft_saved_ms": event.draft_saved_ms,
        "drafts_wasted": event.drafts_wasted,
    }


def false_interruption(event: FalseInterruption) -> Body:
    return {
        "response_id": event.response_id,
        "audio_start_ms": event.audio_start_ms,
        "audio_end_ms": event.audio_end_ms,
    }


def engine_changed(event: EngineChanged) -> Body:
    return {"stage": event.stage, "engine": event.engine, "before": event.before, "code": event.code}


def word_times(event: WordTimes) -> Body:
    words = [{"word": said.word, "start_ms": said.start_ms, "end_ms": said.end_ms} for said in event.words]
    return {"item_id": event.item_id, "content_index": event.content_index, "words": words}


# --- response objects (protocol: responses, The response object) ----------------------------------


def response_core(response: Response, names: PartNames, *, images: bool) -> Body:
    """What response objects of both dialects have in common."""
    return {
        "object": "realtime.response",
        "id": response.id,
        "status": response.status,
        "status_details": status_details(response),
        "output": [item(each, names) for each in response.output],
        "conversation_id": response.conversation_id,
        "max_output_tokens": tokens(response.max_output_tokens),
        "metadata": response.metadata,
        "usage": None if response.usage is None else usage(response.usage, images=images),
    }


def status_details(response: Response) -> Body | None:
    """Null on success: one client refuses `{"type": "completed"}` (protocol: responses, The response object)."""
    if response.status in (ResponseStatus.IN_PROGRESS, ResponseStatus.COMPLETED) or response.status_details is None:
        return None
    details = response.status_details
    if response.status is ResponseStatus.FAILED:
        failure = {"type": details.type, "code": details.code, "message": details.message}
        return {"type": "failed", "error": failure}
    return {"type": response.status, "reason": details.reason}


def usage(used: TokenUsage, *, images: bool) -> Body:
    none = {"image_tokens": 0} if images else {}
    input_tokens = used.input_text + used.input_audio
    output_tokens = used.output_text + used.output_audio
    return {
        "total_tokens": input_tokens + output_tokens,
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "input_token_details": {
            "text_tokens": used.input_text,
            "audio_tokens": used.input_audio,
            **none,
            "cached_tokens": used.cached_text + used.cached_audio,
            "cached_tokens_details": {"text_tokens": used.cached_text, "audio_tokens": used.cached_audio, **none},
        },
        "output_token_details": {"text_tokens": used.output_text, "audio_tokens": used.output_audio},
    }


def tokens(limit: int | None) -> int | str:
    return "inf" if limit is None else limit


# --- settings (protocol: sessions, A session as it starts) ----------------------------------------


def turn_detection(value: TurnDetection | None, *, responds: bool) -> Body | None:
    """`responds` is False in transcription sessions, which have no responses to start or interrupt."""
    if value is None:
        return None
    body: Body
    if isinstance(value, ServerVad):
        body = {
            "type": "server_vad",
            "threshold": value.threshold,
            "prefix_padding_ms": value.prefix_padding_ms,
            "silence_duration_ms": value.silence_duration_ms,
        }
    else:
        body = {"type": "semantic_vad", "eagerness": value.eagerness.value}
    if responds:
        body |= {"create_response": value.create_response, "interrupt_response": value.interrupt_response}
    return body


def transcribes(value: Transcription) -> Body:
    """The settings that were made; the official types have no null for the others.

    Without a name the model is Whisper: programs take an empty object for "off"
    (protocol: transcription, Transcription).
    """
    said = {"model": value.model or "whisper-1", "language": value.language, "prompt": value.prompt}
    return {name: text for name, text in said.items() if text is not None}


def tools(declared: tuple[FunctionTool, ...]) -> list[Body]:
    return [_tool(tool) for tool in declared]


def _tool(tool: FunctionTool) -> Body:
    body: Body = {"type": "function", "name": tool.name}
    if tool.description is not None:
        body["description"] = tool.description
    if tool.parameters is not None:
        body["parameters"] = tool.parameters
    return body


def tool_choice(choice: ToolChoice) -> Any:
    """Named functions come back in the spelling they came in."""
    if not isinstance(choice, NamedTool):
        return choice
    named = {"name": choice.name}
    return {"type": "function", "function": named} if choice.nested else {"type": "function", **named}


#: How an event type becomes a frame: its name on the wire and its body.
Form = tuple[str, Callable[[Any], Body]]

SHARED: dict[type, Form] = {
    BufferCommitted: ("input_audio_buffer.committed", committed),
    BufferCleared: ("input_audio_buffer.cleared", cleared),
    SpeechStarted: ("input_audio_buffer.speech_started", speech_started),
    SpeechStopped: ("input_audio_buffer.speech_stopped", speech_stopped),
    ItemDeleted: ("conversation.item.deleted", deleted),
    ItemTruncated: ("conversation.item.truncated", truncated),
    TranscriptionDelta: ("conversation.item.input_audio_transcription.delta", transcription_delta),
    TranscriptionCompleted: ("conversation.item.input_audio_transcription.completed", transcription_completed),
    TranscriptionFailed: ("conversation.item.input_audio_transcription.failed", transcription_failed),
    ContentPartAdded: ("response.content_part.added", content_part),
    ContentPartDone: ("response.content_part.done", content_part),
    FunctionArgumentsDelta: ("response.function_call_arguments.delta", arguments_delta),
    FunctionArgumentsDone: ("response.function_call_arguments.done", arguments_done),
    RateLimitsUpdated: ("rate_limits.updated", rate_limits),
    ClockRead: ("voxwire.clock", clock),
    TurnTimings: ("voxwire.turn_timings", turn_timings),
    EngineChanged: ("voxwire.engine_changed", engine_changed),
    FalseInterruption: ("voxwire.false_interruption", false_interruption),
    WordTimes: ("voxwire.word_times", word_times),
}
