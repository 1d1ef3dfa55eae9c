"""Conversations, function declarations and the form of answers that the tests of the assistant share."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from voxwire.events.items import (
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputText,
    MessageItem,
    OutputAudio,
    OutputText,
    Role,
)
from voxwire.events.session_config import FunctionTool

#: The moment at which all tests take place: a Thursday.
NOW = datetime(2026, 3, 5, 15, 5, tzinfo=UTC)


@dataclass
class Answer:
    """What an answer consisted of: its words as they came, and its calls with decoded arguments."""

    words: list[str] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    @property
    def text(self) -> str:
        return "".join(self.words)


#: What the fixture `ask` is.
Ask = Callable[..., Awaitable[Answer]]


def user(text: str) -> MessageItem:
    """A typed user turn."""
    return MessageItem(role=Role.USER, content=(InputText(text=text),))


def speech(transcript: str | None) -> MessageItem:
    """A spoken user turn."""
    return MessageItem(role=Role.USER, content=(InputAudio(transcript=transcript),))


def replied(text: str) -> MessageItem:
    """A written assistant turn."""
    return MessageItem(role=Role.ASSISTANT, content=(OutputText(text=text),))


def spoke(transcript: str) -> MessageItem:
    """A spoken assistant turn."""
    return MessageItem(role=Role.ASSISTANT, content=(OutputAudio(transcript=transcript),))


def system(text: str) -> MessageItem:
    return MessageItem(role=Role.SYSTEM, content=(InputText(text=text),))


def called(name: str, arguments: str, call_id: str = "call_1") -> FunctionCallItem:
    return FunctionCallItem(name=name, call_id=call_id, arguments=arguments)


def gave(output: str, call_id: str = "call_1") -> FunctionCallOutputItem:
    return FunctionCallOutputItem(call_id=call_id, output=output)


def function(
    name: str, description: str | None = None, required: Sequence[str] | None = None, **properties: Any
) -> FunctionTool:
    """A function declaration; `properties` are JSON Schemas."""
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    if required is not None:
        schema["required"] = list(required)
    return FunctionTool(name=name, description=description, parameters=schema)


STRING = {"type": "string"}
WEATHER = function(
    "get_weather",
    "Get the current weather in a given location",
    ["location"],
    location={"type": "string", "description": "The city and state, e.g. San Francisco, CA"},
    unit={"type": "string", "enum": ["celsius", "fahrenheit"]},
)
LIGHT = function(
    "set_light",
    "Switch a light on or off",
    ["room", "on"],
    room={"type": "string", "enum": ["kitchen", "living_room", "bedroom"]},
    on={"type": "boolean"},
    brightness={"type": "integer", "minimum": 0, "maximum": 100},
)
TIMER = function("set_timer", "Start a timer", ["duration_seconds"], duration_seconds={"type": "integer"}, label=STRING)
MESSAGE = function("send_message", "Send a text message", ["recipient", "message"], recipient=STRING, message=STRING)
FLIGHT = function(
    "book_flight",
    "Book a flight between two cities",
    ["origin", "destination"],
    origin=STRING,
    destination=STRING,
    date={"type": "string", "format": "date"},
)
MUSIC = function("play_music", "Play music", ["query"], query={"type": "string", "description": "e.g. jazz, classical"})
STOCK = function(
    "get_stock_price",
    "Get the latest stock price",
    ["symbol"],
    symbol={"type": "string", "description": "Ticker symbol, e.g. AAPL, MSFT"},
)
HANG_UP = FunctionTool(name="end_call", description="Hang up")
ALL_TOOLS = (WEATHER, LIGHT, TIMER, MESSAGE, FLIGHT, MUSIC, STOCK, HANG_UP)
