"""One response: from engine results to the events that open and close everything (PROTOCOL 5.3 to 5.7).

    WAITING ──words known──▶ GENERATING ──done, cut, cancelled, failed──▶ FINISHED
       └──────────────────cancelled, failed──────────────────────────────────▲

Output is sequential: a message or a tool call is closed before the next one opens. Whatever is open
when the response ends is closed then, so every item, part and response that was opened is closed
exactly once (docs/architecture.md, invariant 2).
"""

from collections.abc import Callable
from enum import Enum
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from voxwire.audio.pcm import AudioFormat
from voxwire.errors import InvariantError
from voxwire.events.items import FunctionCallItem, Item, ItemStatus, MessageItem, Role
from voxwire.events.response import Response, ResponseStatus, StatusDetails, TokenUsage
from voxwire.events.server import (
    FunctionArgumentsDelta,
    FunctionArgumentsDone,
    ItemAdded,
    ItemDone,
    OutputItemAdded,
    OutputItemDone,
    ResponseCreated,
    ResponseDone,
    ServerEvent,
)
from voxwire.events.session_config import FunctionTool, Modality, ToolChoice
from voxwire.interfaces.engine import Word
from voxwire.session.conversation import Conversation, Entry
from voxwire.session.gate import EmitGate
from voxwire.session.output_message import OutputMessage
from voxwire.session.timings import ResponseTimes
from voxwire.session.token_counts import BYTES_PER_TOKEN, spoken_tokens, text_tokens, text_within

#: Arguments of one tool call, as of an item that a client makes.
MOST_ARGUMENT_BYTES: Final = 1024 * 1024
#: Items of one answer: far more than any engine has reason to make.
MOST_ITEMS: Final = 128


class Phase(Enum):
    WAITING = "waiting for the words of its turn"
    GENERATING = "generating"
    FINISHED = "finished"


_MOVES: Final = {
    Phase.WAITING: {Phase.GENERATING, Phase.FINISHED},
    Phase.GENERATING: {Phase.FINISHED},
    Phase.FINISHED: set[Phase](),
}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that hold for one response: the session's with its overrides."""

    instructions: str
    modality: Modality
    voice: str
    speed: float
    output_format: AudioFormat
    temperature: float
    max_output_tokens: int | None
    tools: tuple[FunctionTool, ...]
    tool_choice: ToolChoice
    metadata: dict[str, str] | None
    parallel_tool_calls: bool | None = None
    reasoning: Any = None


class ResponseRun:
    """A response in progress. `conversation` is None out of band: then no item events are made.

    Every method returns the events that follow from it, in wire order.
    """

    def __init__(
        self,
        *,
        id: str,
        generation: int,
        plan: Plan,
        conversation: Conversation | None,
        ids: Callable[[str], str],
        draft: bool = False,
    ) -> None:
        self.id = id
        self.generation = generation
        self.plan = plan
        self.phase = Phase.WAITING
        self.gate = EmitGate(draft=draft)
        self.usage = TokenUsage()
        """Tokens of the input, once started; of everything, once finished."""
        self.spoken_ms = 0.0
        self.times = ResponseTimes()
        self._conversation = conversation
        self._ids = ids
        self._output: list[Item] = []
        self._entry: Entry | None = None
        self._message: OutputMessage | None = None
        self._call: FunctionCallItem | None = None
        self._arguments: list[str] = []
        self._argument_bytes = 0
        self._text_tokens = 0

    def move(self, to: Phase) -> None:
        if to not in _MOVES[self.phase]:
            raise InvariantError(f"response {self.id}", expected=_MOVES[self.phase], actual=to)
        self.phase = to

    def create(self) -> list[ServerEvent]:
        return [ResponseCreated(response=self._snapshot(ResponseStatus.IN_PROGRESS))]

    # --- engine results --------------------------------------------------------------------------

    def text(self, text: str) -> tuple[list[ServerEvent], bool]:
        """The next words, and whether the token budget is used up with them."""
        events: list[ServerEvent] = []
        if not text:
            return events, False
        message, left = self._open_message(events)
        if message is None:
            return events, True
        full = message.write(text, left, events)
        return events, full

    def audio(self, pcm: bytes, chars_to: int, words: tuple[Word, ...]) -> tuple[list[ServerEvent], bool]:
        """The next stretch of speech, and whether the token budget is used up with it."""
        events: list[ServerEvent] = []
        if not pcm:
            return events, False
        message, left = self._open_message(events)
        if message is None:
            return events, True
        full = message.voice(pcm, chars_to, words, left, events)
        if self._conversation is not None and message.ledger.duration_ms:
            self._conversation.has_spoken = True
        return events, full

    def tool_call(self, name: str) -> tuple[list[ServerEvent], bool]:
        """A call begins, unless the token budget is used up already, or all that an answer may ever hold."""
        events: list[ServerEvent] = []
        self._close_open(ItemStatus.COMPLETED, events)
        if self._budget_left() == 0 or len(self._output) >= MOST_ITEMS:
            return events, True
        self._call = FunctionCallItem(
            id=self._ids("item"), name=name, call_id=self._ids("call"), status=ItemStatus.IN_PROGRESS
        )
        self._announce(self._call, events)
        return events, False

    def tool_arguments(self, delta: str) -> tuple[list[ServerEvent], bool]:
        """More of the arguments' JSON text, and whether the token budget is used up with it, or all that a call
        may ever carry."""
        if self._call is None or not delta:
            return [], False
        left = self._budget_left()
        most = MOST_ARGUMENT_BYTES if left is None else min(left * BYTES_PER_TOKEN, MOST_ARGUMENT_BYTES)
        fitting = text_within(delta, most - self._argument_bytes)
        full, delta = fitting != delta, fitting
        if not delta:
            return [], full
        self._arguments.append(delta)
        self._argument_bytes += len(delta.encode())
        event = FunctionArgumentsDelta(
            response_id=self.id,
            item_id=self._call.id,
            output_index=len(self._output),
            call_id=self._call.call_id,
            delta=delta,
        )
        return [event], full

    # --- the end ---------------------------------------------------------------------------------

    def finish(
        self,
        status: ResponseStatus,
        details: StatusDetails | None = None,
        usage: TokenUsage | None = None,
    ) -> list[ServerEvent]:
        """Close everything that is open, then the response. `usage` None means our own count."""
        self.move(Phase.FINISHED)
        events: list[ServerEvent] = []
        done = status is ResponseStatus.COMPLETED
        self._close_open(ItemStatus.COMPLETED if done else ItemStatus.INCOMPLETE, events)
        response = self._snapshot(status)
        spoken = spoken_tokens(self.spoken_ms)
        if usage is None:
            self.usage = replace(self.usage, output_text=self._text_tokens, output_audio=spoken)
        else:
            # A language model counts its text, and knows nothing of the voice.
            self.usage = replace(usage, output_audio=usage.output_audio or spoken)
        events.append(
            ResponseDone(
                response=replace(response, status_details=details, output=tuple(self._output), usage=self.usage)
            )
        )
        return events

    # --- inside ----------------------------------------------------------------------------------

    def _snapshot(self, status: ResponseStatus) -> Response:
        return Response(
            id=self.id,
            status=status,
            conversation_id=None if self._conversation is None else self._conversation.id,
            modality=self.plan.modality,
            voice=self.plan.voice,
            output_format=self.plan.output_format,
            temperature=self.plan.temperature,
            max_output_tokens=self.plan.max_output_tokens,
            metadata=self.plan.metadata,
        )

    def _budget_left(self) -> int | None:
        """Tokens that the open item may still use, text and audio together; None is unbounded."""
        if self.plan.max_output_tokens is None:
            return None
        return max(self.plan.max_output_tokens - self._text_tokens - spoken_tokens(self.spoken_ms), 0)

    def _open_message(self, events: list[ServerEvent]) -> tuple[OutputMessage | None, int | None]:
        """The message being said and what it may cost; a new one only if there is something left for it."""
        if self._message is None:
            self._close_open(ItemStatus.COMPLETED, events)
            if self._budget_left() == 0:
                return None, 0
            self._message = OutputMessage(
                response_id=self.id,
                item_id=self._ids("item"),
                output_index=len(self._output),
                modality=self.plan.modality,
                format=self.plan.output_format,
            )
            item = MessageItem(id=self._message.item_id, role=Role.ASSISTANT, status=ItemStatus.IN_PROGRESS)
            self._announce(item, events)
            self._message.open(events)
        return self._message, self._budget_left()

    def _announce(self, item: Item, events: list[ServerEvent]) -> None:
        events.append(OutputItemAdded(response_id=self.id, output_index=len(self._output), item=item))
        if self._conversation is not None:
            self._entry = self._conversation.add(item, ledger=self._message.ledger if self._message else None)
            events.append(ItemAdded(item=item, previous_item_id=self._conversation.previous_id(item.id)))

    def _close_open(self, status: ItemStatus, events: list[ServerEvent]) -> None:
        item: Item
        if self._message is not None:
            item = self._message.close(status, events)
            self._text_tokens += text_tokens(self._message.transcript)
            self.spoken_ms += self._message.ledger.duration_ms
            self._message = None
        elif self._call is not None:
            if status is ItemStatus.COMPLETED and not self._arguments:
                events += self.tool_arguments("{}")[0]  # clients parse them as JSON
            arguments = "".join(self._arguments)
            item = replace(self._call, arguments=arguments, status=status)
            events.append(FunctionArgumentsDone(response_id=self.id, output_index=len(self._output), item=item))
            self._text_tokens += text_tokens(arguments)
            self._call, self._arguments, self._argument_bytes = None, [], 0
        else:
            return
        if self._conversation is not None and self._entry is not None and self._conversation.settle(self._entry, item):
            events.append(ItemDone(item=item, previous_item_id=self._conversation.previous_id(item.id)))
        events.append(OutputItemDone(response_id=self.id, output_index=len(self._output), item=item))
        self._output.append(item)
