"""The two dialects as a client speaks them (protocol: connecting; dialects).

Server events of both arrive as one loose `IncomingEvent` with GA type names; client events are plain
dictionaries.
"""

import base64
from enum import Enum
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

import msgspec

from voxwire.talk.outcome import TalkError, UsageError

OutgoingEvent = dict[str, Any]

DEFAULT_API_VERSION = "2025-04-01-preview"
#: A transcription model that every service knows; Voxwire resolves it to its recogniser.
TRANSCRIPTION_MODEL = "whisper-1"

#: Preview names of server events that GA renamed (protocol: dialects, Names of events).
RENAMED = {
    "response.text.delta": "response.output_text.delta",
    "response.audio.delta": "response.output_audio.delta",
    "response.audio_transcript.delta": "response.output_audio_transcript.delta",
}

SCHEMES = {"http": "ws", "https": "wss", "ws": "ws", "wss": "wss"}


class ClientDialect(Enum):
    """A form of the protocol; the value is the word on the command line."""

    PREVIEW = "preview"
    GA = "ga"

    @property
    def default_deployment(self) -> str:
        return "gpt-4o-realtime-preview" if self is ClientDialect.PREVIEW else "gpt-realtime"


class ErrorBody(msgspec.Struct):
    message: str = "no message"
    code: str | None = None


class StatusBody(msgspec.Struct):
    reason: str | None = None
    error: ErrorBody | None = None


class ItemBody(msgspec.Struct):
    """An item of `response.done`; only function calls are of interest."""

    type: str = ""
    id: str | None = None
    status: str | None = None
    name: str = ""
    call_id: str = ""
    arguments: str = ""


class ResponseBody(msgspec.Struct):
    id: str = ""
    status: str = ""
    status_details: StatusBody | None = None
    output: list[ItemBody] = []


class SessionBody(msgspec.Struct):
    model: str = ""


class IncomingEvent(msgspec.Struct):
    """Any server event: the fields that a conversation in the terminal needs; others are ignored."""

    type: str
    item_id: str = ""
    response_id: str = ""
    audio_end_ms: int = 0
    delta: str = ""
    transcript: str = ""
    session: SessionBody | None = None
    response: ResponseBody | None = None
    error: ErrorBody | None = None

    @property
    def pcm(self) -> bytes:
        """The audio of an audio delta: PCM16, mono, 24 kHz. Raises TalkError."""
        try:
            return base64.b64decode(self.delta, validate=True)
        except ValueError as error:
            raise TalkError("The server sent broken audio.") from error


_decoder = msgspec.json.Decoder(IncomingEvent)


def decode(frame: str | bytes) -> IncomingEvent:
    """A server event under its GA name; raises TalkError for anything else."""
    try:
        event = _decoder.decode(frame)
    except msgspec.DecodeError as error:
        raise TalkError(f"The server sent something that is not a Realtime event: {error}.") from error
    event.type = RENAMED.get(event.type, event.type)
    return event


def to_json(event: OutgoingEvent) -> str:
    return msgspec.json.encode(event).decode()


def address(url: str, dialect: ClientDialect, deployment: str) -> str:
    """The WebSocket address for a server's address.

    A bare host gets the dialect's path on Azure, a path such as `/v1` gets `/realtime`, and one that
    ends in `/realtime` stays. Queries given in `url` win over our own.
    """
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        scheme = SCHEMES[parts.scheme]
        if not parts.hostname or parts.port == 0:
            raise ValueError("no host")
    except (KeyError, ValueError) as error:
        raise UsageError(f"{url} is not the address of a server; one looks like http://127.0.0.1:8000.") from error
    path = parts.path.rstrip("/")
    if not path:
        path = "/openai/realtime" if dialect is ClientDialect.PREVIEW else "/openai/v1/realtime"
    elif not path.endswith("/realtime"):
        path += "/realtime"
    if dialect is ClientDialect.PREVIEW and path.startswith("/openai"):
        query = {"api-version": DEFAULT_API_VERSION, "deployment": deployment}
    else:
        query = {"model": deployment}
    query |= dict(parse_qsl(parts.query, keep_blank_values=True))
    return urlunsplit((scheme, parts.netloc, path, urlencode(query, quote_via=quote), ""))


def headers(dialect: ClientDialect, key: str | None) -> dict[str, str]:
    """The key and the marker of the dialect."""
    if dialect is ClientDialect.GA:
        return {"Authorization": f"Bearer {key}"} if key else {}
    return {"OpenAI-Beta": "realtime=v1"} | ({"api-key": key} if key else {})


def session_update(
    dialect: ClientDialect,
    *,
    instructions: str | None,
    voice: str | None,
    tools: list[dict[str, Any]],
    silence_ms: int,
) -> OutgoingEvent:
    """Ask for transcripts and for turns that end after `silence_ms`; None and [] leave the server's own."""
    turns = {
        "type": "server_vad",
        "threshold": 0.5,
        "prefix_padding_ms": 300,
        "silence_duration_ms": silence_ms,
    }
    transcription = {"model": TRANSCRIPTION_MODEL}
    session: dict[str, Any] = {}
    if dialect is ClientDialect.PREVIEW:
        session |= {"turn_detection": turns, "input_audio_transcription": transcription}
        if voice:
            session["voice"] = voice
    else:
        audio: dict[str, Any] = {"input": {"turn_detection": turns, "transcription": transcription}}
        if voice:
            audio["output"] = {"voice": voice}
        session |= {"type": "realtime", "audio": audio}
    if instructions is not None:
        session["instructions"] = instructions
    if tools:
        session["tools"] = tools
    return {"type": "session.update", "session": session}


def append(pcm: bytes) -> OutgoingEvent:
    return {"type": "input_audio_buffer.append", "audio": base64.b64encode(pcm).decode()}


def user_message(text: str) -> OutgoingEvent:
    content = [{"type": "input_text", "text": text}]
    return {"type": "conversation.item.create", "item": {"type": "message", "role": "user", "content": content}}


def tool_output(call_id: str, output: str) -> OutgoingEvent:
    item = {"type": "function_call_output", "call_id": call_id, "output": output}
    return {"type": "conversation.item.create", "item": item}


def truncate(item_id: str, audio_end_ms: int) -> OutgoingEvent:
    return {
        "type": "conversation.item.truncate",
        "item_id": item_id,
        "content_index": 0,
        "audio_end_ms": audio_end_ms,
    }


RESPONSE_CREATE: OutgoingEvent = {"type": "response.create"}
