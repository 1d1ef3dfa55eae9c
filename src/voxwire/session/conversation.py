"""The conversation: items in order, what was heard of them, and their audio (protocol: conversation).

The wire view of an item and what engines read may differ: the wire shows a transcript only when
asked for, engines always read the words; a truncated answer keeps what was heard of it.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from voxwire.errors import ClientError
from voxwire.events.items import FunctionCallItem, Item, MessageItem
from voxwire.interfaces.inputs import Failed
from voxwire.interfaces.token_estimate import text_tokens
from voxwire.session.context import ContextItem
from voxwire.session.ledger import Ledger
from voxwire.session.limits import Limits
from voxwire.session.timings import TurnTimes

#: `previous_item_id` that puts an item first.
ROOT: Final = "root"
#: Deleted items that a response may still refer to by id (protocol: responses, Creating a response).
_DELETED_KEPT: Final = 64


@dataclass(eq=False, slots=True)
class Entry:
    """An item and what the session knows about it beyond the wire."""

    item: Item
    """As the wire shows it, clips included."""
    ledger: Ledger | None = None
    """Of a spoken answer."""
    heard: dict[int, str | None] = field(default_factory=dict)
    """For each audio part of a user what the recogniser understood, None while it is still listening."""
    failure: Failed | None = None
    """Why it understood nothing."""
    cut_ms: float | None = None
    """Where the client truncated it."""
    turn: TurnTimes | None = None
    """When a spoken turn ended."""
    read: ContextItem | None = None
    """As engines read it, once somebody asked; `context_item` says it to everybody."""
    text_bytes: int = field(init=False)
    """Weight of the text that the item was made with."""

    def __post_init__(self) -> None:
        self.text_bytes = self.item.text_bytes

    @property
    def size(self) -> int:
        """Bytes of audio held."""
        item = self.item
        if not isinstance(item, MessageItem) or not item.content:
            return 0
        return sum([len(clip.data) for clip in item.clips.values()])

    @property
    def spoken_ms(self) -> float:
        """Length of an answer's speech as the client may still refer to it."""
        if self.ledger is None:
            return 0.0
        return self.ledger.duration_ms if self.cut_ms is None else min(self.ledger.duration_ms, self.cut_ms)

    def for_engine(self) -> Item:
        """The item with the words that were understood."""
        return self.item.with_words(self.heard) if self.heard and isinstance(self.item, MessageItem) else self.item

    def context_item(self, count: Callable[[str], int] = text_tokens) -> ContextItem:
        """The item as engines read it. Remembered: every response reads every item, and counting 300 took 2 ms."""
        if self.read is None:
            self.read = ContextItem.of(self.for_engine(), count)
        return self.read

    def hear(self, content_index: int, words: str | None) -> None:
        """Note what the recogniser understood of an audio part, None while it is listening."""
        self.heard[content_index] = words
        self.read = None

    def set_transcript(self, content_index: int, transcript: str) -> None:
        """Show the transcript on the wire from now on."""
        if isinstance(self.item, MessageItem):
            self._become(self.item.with_words({content_index: transcript}))

    def settle(self, item: Item) -> None:
        """Take the final form of an answer, cut where the client truncated it."""
        self._become(item)
        if self.cut_ms is not None:
            self._cut(self.cut_ms)

    def truncate(self, ms: float) -> None:
        """Keep only what was heard by `ms`, also of what is still to come; a later cut gives nothing back."""
        self.cut_ms = ms if self.cut_ms is None else min(self.cut_ms, ms)
        self._cut(self.cut_ms)

    def drop_audio(self) -> None:
        if isinstance(self.item, MessageItem):
            self._become(self.item.without_clips())

    def _become(self, item: Item) -> None:
        """Nothing of the former item stays: a remembered one would hold its audio."""
        self.item = item
        self.read = None

    def _cut(self, ms: float) -> None:
        if isinstance(self.item, MessageItem) and self.ledger is not None:
            self._become(self.item.cut(self.ledger.chars_at(ms), self.ledger.size_at(ms)))


class Conversation:
    """Ordered items, bounded in number, in text and in audio."""

    def __init__(self, id: str, limits: Limits) -> None:
        self.id = id
        self._limits = limits
        self._entries: dict[str, Entry] = {}
        self._order: list[str] = []
        self._deleted: OrderedDict[str, Entry] = OrderedDict()
        self._with_audio: OrderedDict[str, None] = OrderedDict()
        self._audio_bytes = 0
        self._text_bytes = 0
        self._reserved: str | None = None
        self.has_spoken = False

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Entry]:
        return map(self._entries.__getitem__, self._order)

    @property
    def audio_bytes(self) -> int:
        """Audio held by all items; at most the limit."""
        return self._audio_bytes

    @property
    def last_id(self) -> str | None:
        return self._order[-1] if self._order else None

    def get(self, item_id: str) -> Entry | None:
        return self._entries.get(item_id)

    def ever(self, item_id: str) -> Entry | None:
        """An item of the conversation, also one deleted lately."""
        return self._entries.get(item_id) or self._deleted.get(item_id)

    def previous_id(self, item_id: str) -> str | None:
        """The actual predecessor at this moment (docs/architecture.md, invariant 4)."""
        # Nearly always asked of the newest items, so look from the end.
        for index in range(len(self._order) - 1, -1, -1):
            if self._order[index] == item_id:
                return self._order[index - 1] if index else None
        return None

    def check_room(self, *items: Item) -> None:
        """Refuse when these items, or one without text, would pass a bound."""
        if len(self._order) + max(len(items), 1) > self._limits.items:
            bound = f"{self._limits.items} items"
        elif self._text_bytes + sum(item.text_bytes for item in items) > self._limits.conversation_text_bytes:
            bound = f"{self._limits.conversation_text_bytes} bytes of text"
        else:
            return
        raise ClientError(
            f"The conversation is full: it holds at most {bound}. Delete some items first.", code="conversation_full"
        )

    def check_id(self, item_id: str) -> None:
        """Refuse an id that no new item can have."""
        if item_id == ROOT:
            message = f"Error adding item: the id '{ROOT}' is reserved, for previous_item_id to mean the beginning."
            raise ClientError(message, code="invalid_value", param="item.id")
        if item_id in self._entries or item_id == self._reserved:
            raise duplicate_id(item_id)

    def check_after(self, previous_item_id: str | None) -> None:
        """Refuse a place that does not exist."""
        if previous_item_id not in (None, ROOT) and previous_item_id not in self._entries:
            message = f"Error adding item: the previous item with id '{previous_item_id}' does not exist."
            raise ClientError(message, code="item_create_invalid_previous_item_id", param="previous_item_id")

    def reserve(self, item_id: str) -> None:
        """Keep an id that was announced for the one item to come, so that no client takes it."""
        self._reserved = item_id

    def release(self) -> None:
        """The announced item has come, or will not."""
        self._reserved = None

    def call(self, call_id: str) -> Entry | None:
        """The latest function call with this id."""
        for item_id in reversed(self._order):
            entry = self._entries[item_id]
            if isinstance(entry.item, FunctionCallItem) and entry.item.call_id == call_id:
                return entry
        return None

    def add(self, item: Item, *, after: str | None = None, ledger: Ledger | None = None) -> Entry:
        """Insert an item: at the end, first (`root`), or after another.

        Clients are refused when the conversation is full (`check_room`); turns and answers cannot
        be, so the oldest item makes room for them.
        """
        entry = Entry(item, ledger)
        if after == ROOT:
            self._order.insert(0, item.id)
        elif after is None or after == self.last_id:
            self._order.append(item.id)
        else:
            self._order.insert(self._order.index(after) + 1, item.id)
        self._entries[item.id] = entry
        self._text_bytes += entry.text_bytes
        self._deleted.pop(item.id, None)
        if item.id == self._reserved:
            self.release()
        if len(self._order) > self._limits.items:
            self.delete(self._order[0])
        self.retain(entry)
        return entry

    def delete(self, item_id: str) -> None:
        entry = self._entries.pop(item_id)
        self._order.remove(item_id)
        self._text_bytes -= entry.text_bytes
        self._with_audio.pop(item_id, None)
        self._forget_audio(entry)
        self._deleted[item_id] = entry
        if len(self._deleted) > _DELETED_KEPT:
            self._deleted.popitem(last=False)

    def settle(self, entry: Entry, item: Item) -> bool:
        """Take the final form of an item that was added in progress; False when it was deleted meanwhile."""
        if self._entries.get(item.id) is not entry:
            return False
        entry.settle(item)
        self.retain(entry)
        return True

    def truncate(self, entry: Entry, ms: float) -> None:
        """Cut a spoken answer at the heard point."""
        before = entry.size
        entry.truncate(ms)
        self._audio_bytes -= before - entry.size

    def retain(self, entry: Entry) -> None:
        """Count an item's audio; past the bound the oldest items lose it (protocol: conversation, Retained audio)."""
        size = entry.size
        if not size:
            return
        self._with_audio[entry.item.id] = None
        self._audio_bytes += size
        while self._audio_bytes > self._limits.retained_audio_bytes:
            oldest, _ = self._with_audio.popitem(last=False)
            self._forget_audio(self._entries[oldest])

    def _forget_audio(self, entry: Entry) -> None:
        self._audio_bytes -= entry.size
        entry.drop_audio()


def duplicate_id(item_id: str) -> ClientError:
    message = f"Error adding item: an item with id '{item_id}' already exists."
    return ClientError(message, code="item_create_duplicate_item_id", param="item.id")
