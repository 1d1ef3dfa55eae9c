"""The offline assistant: a conversation without a language model.

It matches sentences against rules: small skills, quotes from the instructions, and the functions
that the client declares (ADR 6). It is deterministic, needs no download, and says what
it is: a stand-in that makes speech in and speech out work at once, not a model.

Answers are streamed word by word, so that cancelling and barge-in work as with a real model.
"""

import asyncio
import re
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from voxwire.engines.llm.assistant.dates import DaySlot
from voxwire.engines.llm.assistant.dialogue import Call, answer
from voxwire.engines.llm.assistant.domain import Domain
from voxwire.engines.llm.assistant.effort import Effort
from voxwire.engines.llm.assistant.instructions import read_instructions
from voxwire.engines.llm.assistant.parameter_slots import World
from voxwire.engines.llm.assistant.places import Gazetteer, PlaceSlot, installed_gazetteer
from voxwire.engines.llm.assistant.skills.catalogue import all_skills
from voxwire.engines.llm.assistant.skills.skill import Skill, skill_phrases
from voxwire.engines.llm.assistant.text import read
from voxwire.engines.llm.assistant.tools import Tool
from voxwire.engines.options import check_names
from voxwire.errors import ConfigurationError, InvariantError
from voxwire.events.items import InputText, Item, MessageItem, Role
from voxwire.events.session_config import FunctionTool
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.llm import (
    LlmCapabilities,
    LlmDone,
    LlmEvent,
    LlmRequest,
    LlmText,
    LlmToolArguments,
    LlmToolCall,
)

_WORD: Final = re.compile(r"\s*\S+\s*")
#: Arguments leave in pieces about as long as a model's tokens, so that clients see real deltas.
_ARGUMENT_PIECE: Final = 8
#: Settings are per session and change seldom; this many different ones are kept.
_DOMAINS: Final = 32
#: Functions in all of them, each some hundred objects.
_TOOLS: Final = 128
_LISTED_CLOCK_PLACES: Final = 200

_CAPABILITIES: Final = LlmCapabilities(
    info=EngineInfo(
        name="offline-assistant",
        label="Voxwire offline assistant (rule-based, not a language model)",
        licence="Apache-2.0",
        notice="Answers from a small set of rules; attach a real language model for open conversation.",
    ),
    local=True,
)


def engine(options: Mapping[str, Any]) -> "OfflineAssistant":
    """The `offline-assistant` engine. Option `timezone` (IANA name) sets its clock, default the server's.

    Raises ConfigurationError for unknown options and time zones.
    """
    check_names("The offline assistant", options, ("timezone",))
    return OfflineAssistant(timezone=options.get("timezone"))


class OfflineAssistant:
    """See the module; implements `LlmEngine` and `Expectations`.

    `clock` gives the time, for tests; it must be aware of its zone.
    """

    def __init__(self, *, timezone: str | None = None, clock: Callable[[], datetime] | None = None) -> None:
        self._clock = clock or _server_clock(timezone)
        self._domains: OrderedDict[tuple[str, bytes], Domain] = OrderedDict()
        self._lock = threading.Lock()  # domains are made and looked up by threads
        self._gazetteer: Gazetteer | None = None
        self._skills: tuple[Skill, ...] = ()
        self._skill_phrases: tuple[str, ...] = ()

    @property
    def capabilities(self) -> LlmCapabilities:
        return _CAPABILITIES

    async def start(self) -> None:
        """Load the gazetteer (half a second); ConfigurationError when it is not installed."""
        if self._gazetteer is None:
            self._gazetteer = await asyncio.to_thread(installed_gazetteer)
            place = PlaceSlot(self._gazetteer, self._gazetteer.listed[:_LISTED_CLOCK_PLACES])
            self._skills = all_skills(place, DaySlot(self._today))
            self._skill_phrases = tuple(skill_phrases(self._skills))

    async def close(self) -> None:
        self._gazetteer = None
        self._domains.clear()

    async def respond(self, request: LlmRequest) -> AsyncIterator[LlmEvent]:
        instructions = _all_instructions(request.instructions, request.items)
        domain = self._known(_key(instructions, request.tools))
        if domain is None:  # reading a mebibyte of instructions takes tenths of a second: not on the loop
            domain = await asyncio.to_thread(self._domain, instructions, request.tools)
        for part in answer(domain, request.items, request.tool_choice, self._clock()):
            if isinstance(part, Call):
                yield LlmToolCall(name=part.name)
                text = msgspec.json.encode(part.arguments).decode()
                for start in range(0, len(text), _ARGUMENT_PIECE):
                    yield LlmToolArguments(delta=text[start : start + _ARGUMENT_PIECE])
                    await asyncio.sleep(0)
                continue
            for word in _WORD.findall(part.text):
                yield LlmText(text=word)
                await asyncio.sleep(0)  # a long answer shares the loop, and can be cancelled
        yield LlmDone()

    def phrases(self, instructions: str, tools: Sequence[FunctionTool]) -> tuple[str, ...]:
        return self._domain(instructions, tools).phrases

    def understands(self, text: str, instructions: str, tools: Sequence[FunctionTool]) -> bool:
        return self._domain(instructions, tools).understands(read(text))

    def _domain(self, instructions: str, tools: Sequence[FunctionTool]) -> Domain:
        if self._gazetteer is None:
            raise InvariantError("using the offline assistant", expected="after start()", actual="not started")
        key = _key(instructions, tools)
        if (known := self._known(key)) is not None:
            return known
        world = World(self._gazetteer, self._clock, Effort())
        domain = Domain(
            skills=self._skills,
            skill_phrases=self._skill_phrases,
            instructions=read_instructions(instructions),
            tools=tuple(Tool(function, world) for function in tools),
            effort=world.effort,
        )
        with self._lock:
            domain = self._domains.setdefault(key, domain)
            while len(self._domains) > 1 and self._too_many():
                self._domains.popitem(last=False)
        return domain

    def _too_many(self) -> bool:
        tools = sum(len(domain.tools) for domain in self._domains.values())
        return len(self._domains) > _DOMAINS or tools > _TOOLS

    def _known(self, key: tuple[str, bytes]) -> Domain | None:
        with self._lock:
            domain = self._domains.get(key)
            if domain is not None:
                self._domains.move_to_end(key)
            return domain

    def _today(self) -> date:
        return self._clock().date()


def _key(instructions: str, tools: Sequence[FunctionTool]) -> tuple[str, bytes]:
    return instructions, msgspec.json.encode(tuple(tools))


def _all_instructions(instructions: str, items: Sequence[Item]) -> str:
    """The session's instructions and those that came as system messages."""
    system = [
        part.text
        for item in items
        if isinstance(item, MessageItem) and item.role is Role.SYSTEM
        for part in item.content
        if isinstance(part, InputText)
    ]
    return "\n".join([instructions, *system]) if system else instructions


def _server_clock(timezone: str | None) -> Callable[[], datetime]:
    if timezone is None:
        return lambda: datetime.now().astimezone()
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, TypeError) as wrong:
        raise ConfigurationError(f"The offline assistant does not know the time zone {timezone!r}.") from wrong
    return lambda: datetime.now(zone)
