"""What a client knows of the conversation: speech, items in their order, and the words that were heard."""

from functools import singledispatchmethod

from voxwire.events.server import (
    BufferCleared,
    BufferCommitted,
    IdleTimeout,
    ItemAdded,
    ItemDeleted,
    ItemDone,
    ItemTruncated,
    SessionUpdated,
    SpeechStarted,
    SpeechStopped,
    TranscriptionCompleted,
    TranscriptionDelta,
    TranscriptionFailed,
)
from voxwire.interfaces.commands import Output
from voxwire.testing.invariants.promise import Promise


class ConversationPromises:
    """Speech, items and transcripts."""

    def __init__(self, promise: Promise, *, most_items: int, stable_transcripts: bool) -> None:
        self._promise = promise
        self._require = promise.require
        self._most_items = most_items
        self._stable = stable_transcripts
        self.order: list[str] = []
        """The items, as the client believes them to follow each other."""
        self.ever: set[str] = set()
        self.settled: str | None = None
        """The item that was done last."""
        self._undone: set[str] = set()
        self._speaking: str | None = None
        self._stopped: str | None = None
        self._committed: str | None = None
        self._heard: dict[tuple[str, int], str | None] = {}

    def check_ended(self) -> None:
        """Nothing may be open any more."""
        undone = self._undone & set(self.order)
        self._require(not undone, undone, "an item was never done")
        unheard = [key for key, words in self._heard.items() if words is not None]
        self._require(not unheard, unheard, "a transcription never ended")

    def speech_is_over(self, event: SessionUpdated | BufferCleared) -> None:
        self._require(self._speaking in (None, self._stopped), event, "what had started has stopped")
        self._speaking = None

    @singledispatchmethod
    def see(self, output: Output) -> None:
        """What is none of its matters."""

    @see.register
    def _(self, event: SpeechStarted) -> None:
        self._require(self._speaking is None, event, "speech stops before it starts again")
        self._require(event.item_id not in self.ever, event, "a turn announces a new item")
        self._speaking = event.item_id

    @see.register
    def _(self, event: SpeechStopped) -> None:
        self._require(self._speaking == event.item_id != self._stopped, event, "what stops had started")
        self._stopped = event.item_id

    @see.register
    def _(self, event: IdleTimeout) -> None:
        self._require(self._speaking is None, event, "nobody speaks at an idle timeout")
        self._require(event.audio_start_ms <= event.audio_end_ms, event, "a stretch of audio ends after its start")

    @see.register
    def _(self, event: BufferCleared) -> None:
        self.speech_is_over(event)

    @see.register
    def _(self, event: BufferCommitted) -> None:
        self._require(event.previous_item_id == self._last, event, f"the last item is {self._last}")
        said = self._speaking is None or self._speaking == event.item_id == self._stopped
        self._require(said, event, f"{self._speaking} is being said")
        self._require(self._committed is None, event, "a commit is followed by its item")
        self._speaking = None
        self._committed = event.item_id

    @see.register
    def _(self, event: ItemAdded) -> None:
        item_id, previous = event.item.id, event.previous_item_id
        self._require(self._committed in (None, item_id), event, "the committed item comes next")
        self._require(item_id != self._speaking, event, "a spoken item is committed first")
        self._committed = None
        self._require(bool(item_id) and item_id not in self.order, event, "an item is added once")
        self._require(previous is None or previous in self.order, event, "the predecessor exists")
        self.order.insert(0 if previous is None else self.order.index(previous) + 1, item_id)
        if len(self.order) > self._most_items:
            # A full conversation lets its oldest item go without a word.
            del self.order[0]
        if item_id in self.ever:
            self._heard = {key: words for key, words in self._heard.items() if key[0] != item_id}
        self.ever.add(item_id)
        self._undone.add(item_id)

    @see.register
    def _(self, event: ItemDone) -> None:
        self._require(event.item.id in self.order, event, "an item that ends had begun")
        self._require(event.item.id in self._undone, event, "an item ends once")
        self._undone.remove(event.item.id)
        index = self.order.index(event.item.id)
        previous = self.order[index - 1] if index else None
        self._require(event.previous_item_id == previous, event, f"the predecessor is {previous}")
        self.settled = event.item.id

    @see.register
    def _(self, event: ItemDeleted) -> None:
        self._require(event.item_id in self.order, event, "what is deleted was there")
        self.order.remove(event.item_id)

    @see.register
    def _(self, event: ItemTruncated) -> None:
        self._require(event.item_id in self.order, event, "what is truncated was there")
        self._require(event.audio_end_ms >= 0, event, "a truncation keeps no negative length")

    @property
    def _last(self) -> str | None:
        return self.order[-1] if self.order else None

    # --- transcription ---------------------------------------------------------------------------

    @see.register
    def _(self, event: TranscriptionDelta) -> None:
        self._require(event.item_id in self.ever, event, "an item event precedes its words")
        key = (event.item_id, event.content_index)
        before = self._heard.get(key, "")
        if before is None:
            raise self._promise.broken(event, "words come before the end of a transcription")
        self._require(bool(event.delta), event, "a delta is not empty")
        self._heard[key] = before + event.delta

    @see.register
    def _(self, event: TranscriptionCompleted) -> None:
        self._require(event.item_id in self.ever, event, "an item event precedes its words")
        key = (event.item_id, event.content_index)
        heard = self._heard.get(key, "")
        self._require(heard is not None, event, "a transcription ends once")
        if self._stable:
            self._require(heard == event.transcript, event, f"deltas concatenate to the transcript: {heard!r}")
        self._heard[key] = None

    @see.register
    def _(self, event: TranscriptionFailed) -> None:
        key = (event.item_id, event.content_index)
        self._require(event.item_id in self.ever, event, "an item event precedes its failure")
        self._require(self._heard.get(key, "") is not None, event, "a transcription ends once")
        self._heard[key] = None
