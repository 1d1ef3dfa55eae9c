"""One response: from engine results to events that open and close everything (protocol: responses, Order of events).

    Waiting ──words known──▶ GENERATING ──done, cut, cancelled, failed──▶ FINISHED
       └──────────────────cancelled, failed──────────────────────────────────▲

Output is sequential: a message or a tool call is closed before the next one opens. Whatever is open
when the response ends is closed then, so every item, part and response that was opened is closed
exactly once (docs/architecture.md, invariant 2).
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Final

from msgspec.structs import replace

from voxwire.errors import InvariantError
from voxwire.events import server
from voxwire.events.items import FunctionCallItem, Item, ItemStatus, MessageItem, Role
from voxwire.events.response import Response, ResponseParams, ResponseStatus, StatusDetails, TokenUsage
from voxwire.events.server import ServerEvent
from voxwire.events.session_config import SessionConfig
from voxwire.interfaces.inputs import SpokenAudio
from voxwire.interfaces.token_estimate import BYTES_PER_TOKEN, spoken_tokens, text_tokens, text_within
from voxwire.session.conversation import Entry
from voxwire.session.ledger import Ledger
from voxwire.session.output_message import OutputMessage
from voxwire.session.rate_window import Reservation
from voxwire.session.state import State
from voxwire.session.timings import ResponseTimes

#: Arguments of one tool call, as of an item that a client makes.
MOST_ARGUMENT_BYTES: Final = 1024 * 1024
#: Items of one answer: far more than any engine has reason to make.
MOST_ITEMS: Final = 128


@dataclass(eq=False, slots=True)
class Waiting:
    """For the words of the items that it will read: `words` are the numbers of their unfinished utterances.

    `automatic`: detection asked for the response, not the client.
    """

    entries: list[Entry]
    words: set[int]
    automatic: bool


class Phase(Enum):
    GENERATING = "generating"
    FINISHED = "finished"


class OutputCall:
    """A tool call being written. Its events leave by `emit`."""

    spoken_ms = 0.0

    def __init__(
        self, *, response_id: str, output_index: int, item: FunctionCallItem, emit: Callable[[ServerEvent], None]
    ) -> None:
        self._response_id = response_id
        self._output_index = output_index
        self._item = item
        self._emit = emit
        self._pieces: list[str] = []
        self._size = 0

    @property
    def text_tokens(self) -> int:
        return text_tokens("".join(self._pieces))

    def write(self, delta: str, most: int = MOST_ARGUMENT_BYTES) -> bool:
        """Take more of the arguments' JSON text; True when it is more than `most` bytes in all."""
        fitting = text_within(delta, most - self._size)
        if fitting:
            self._pieces.append(fitting)
            self._size += len(fitting.encode())
            self._emit(
                server.FunctionArgumentsDelta(
                    response_id=self._response_id,
                    item_id=self._item.id,
                    output_index=self._output_index,
                    call_id=self._item.call_id,
                    delta=fitting,
                )
            )
        return fitting != delta

    def close(self, status: ItemStatus) -> FunctionCallItem:
        """End the arguments; the item as it ended."""
        if status is ItemStatus.COMPLETED and not self._pieces:
            self.write("{}")  # clients parse them as JSON
        item = replace(self._item, arguments="".join(self._pieces), status=status)
        self._emit(
            server.FunctionArgumentsDone(response_id=self._response_id, output_index=self._output_index, item=item)
        )
        return item


class ResponseRun:
    """A response in progress. Its events leave as they follow; out of band none are made of items.

    What takes a result of an engine is True when the token budget is used up with it, or all that an answer may
    ever hold.
    """

    def __init__(self, state: State, params: ResponseParams, plan: SessionConfig, waiting: Waiting) -> None:
        self.id = state.ids("resp")
        self.generation = state.number()
        self.params = params
        self.plan = plan
        self.phase: Waiting | Phase = waiting
        self.usage = TokenUsage()
        """Tokens of the input, once started; of everything, once finished."""
        self.spoken_ms = 0.0
        self.times = ResponseTimes()
        self.reserved: Reservation | None = None
        """Of the quota, once it was asked for."""
        self._state = state
        self._in_band = not params.out_of_band
        self._output: list[Item] = []
        self._entry: Entry | None = None
        self._open: OutputMessage | OutputCall | None = None
        self._text_tokens = 0

    def move(self, to: Phase) -> None:
        """Nothing goes back. What was waited for is forgotten, and deleted items with it."""
        if self.phase is Phase.FINISHED or self.phase is to:
            raise InvariantError(f"response {self.id}", expected="a later phase", actual=to)
        self.phase = to

    def create(self) -> None:
        self._state.emit(server.ResponseCreated(response=self._snapshot(ResponseStatus.IN_PROGRESS)))

    # --- engine results --------------------------------------------------------------------------

    def text(self, text: str) -> bool:
        """The next words."""
        if not text:
            return False
        message = self._message()
        return message is None or message.write(text, self._budget_left())

    def audio(self, speech: SpokenAudio) -> bool:
        """The next stretch of speech."""
        if not speech.pcm:
            return False
        message = self._message()
        if message is None:
            return True
        full = message.voice(speech, self._budget_left())
        if self._in_band and message.ledger.size:
            self._state.conversation.has_spoken = True
        return full

    def tool_call(self, name: str) -> bool:
        """A call begins, if there is something left for it."""
        self._close_open(ItemStatus.COMPLETED)
        if self._budget_left() == 0 or len(self._output) >= MOST_ITEMS:
            return True
        ids = self._state.ids
        item = FunctionCallItem(id=ids("item"), name=name, call_id=ids("call"), status=ItemStatus.IN_PROGRESS)
        self._announce(item)
        self._open = OutputCall(response_id=self.id, output_index=len(self._output), item=item, emit=self._state.emit)
        return False

    def tool_arguments(self, delta: str) -> bool:
        """More of the arguments' JSON text."""
        if not isinstance(self._open, OutputCall):
            return False
        left = self._budget_left()
        return self._open.write(
            delta, MOST_ARGUMENT_BYTES if left is None else min(left * BYTES_PER_TOKEN, MOST_ARGUMENT_BYTES)
        )

    # --- the end ---------------------------------------------------------------------------------

    def finish(
        self, status: ResponseStatus, details: StatusDetails | None = None, usage: TokenUsage | None = None
    ) -> None:
        """Close everything that is open, then the response. `usage` None means our own count."""
        self.move(Phase.FINISHED)
        self._close_open(ItemStatus.COMPLETED if status is ResponseStatus.COMPLETED else ItemStatus.INCOMPLETE)
        spoken = spoken_tokens(self.spoken_ms)
        if usage is None:
            self.usage = replace(self.usage, output_text=self._text_tokens, output_audio=spoken)
        else:
            # A language model counts its text, and knows nothing of the voice.
            self.usage = replace(usage, output_audio=usage.output_audio or spoken)
        response = replace(self._snapshot(status), status_details=details, output=tuple(self._output), usage=self.usage)
        self._state.emit(server.ResponseDone(response=response))

    # --- inside ----------------------------------------------------------------------------------

    def _snapshot(self, status: ResponseStatus) -> Response:
        plan = self.plan
        return Response(
            id=self.id,
            status=status,
            conversation_id=self._state.conversation.id if self._in_band else None,
            modality=plan.modality,
            voice=plan.voice,
            output_format=plan.output_format,
            temperature=plan.temperature,
            max_output_tokens=plan.max_output_tokens,
            metadata=self.params.metadata,
        )

    def _budget_left(self) -> int | None:
        """Tokens that the open item may use, text and audio together; None is unbounded."""
        if self.plan.max_output_tokens is None:
            return None
        return max(self.plan.max_output_tokens - self._text_tokens - spoken_tokens(self.spoken_ms), 0)

    def _message(self) -> OutputMessage | None:
        """The message being said; a new one only if there is something left for it."""
        if isinstance(self._open, OutputMessage):
            return self._open
        self._close_open(ItemStatus.COMPLETED)
        if self._budget_left() == 0:
            return None
        self._open = message = OutputMessage(
            response_id=self.id,
            item_id=self._state.ids("item"),
            output_index=len(self._output),
            modality=self.plan.modality,
            format=self.plan.output_format,
            emit=self._state.emit,
        )
        item = MessageItem(id=message.item_id, role=Role.ASSISTANT, status=ItemStatus.IN_PROGRESS)
        self._announce(item, message.ledger)
        message.open()
        return message

    def _announce(self, item: Item, ledger: Ledger | None = None) -> None:
        state = self._state
        state.emit(server.OutputItemAdded(response_id=self.id, output_index=len(self._output), item=item))
        if self._in_band:
            self._entry = state.conversation.add(item, ledger=ledger)
            state.emit(server.ItemAdded(item=item, previous_item_id=state.conversation.previous_id(item.id)))

    def _close_open(self, status: ItemStatus) -> None:
        opened, self._open = self._open, None
        if opened is None:
            return
        state = self._state
        item = opened.close(status)
        self._text_tokens += opened.text_tokens
        self.spoken_ms += opened.spoken_ms
        if self._entry is not None and state.conversation.settle(self._entry, item):
            state.emit(server.ItemDone(item=item, previous_item_id=state.conversation.previous_id(item.id)))
        state.emit(server.OutputItemDone(response_id=self.id, output_index=len(self._output), item=item))
        self._output.append(item)
