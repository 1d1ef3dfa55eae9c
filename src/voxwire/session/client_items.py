"""What a client does with items: it creates, retrieves, deletes and truncates them (protocol: conversation)."""

from typing import Final

from msgspec.structs import replace

from voxwire.errors import ClientError
from voxwire.events import items
from voxwire.events.client import CreateItem, DeleteItem, RetrieveItem, TruncateItem, Unsupported
from voxwire.events.items import InputAudio, Item, MessageItem
from voxwire.events.server import ItemAdded, ItemDeleted, ItemDone, ItemRetrieved, ItemTruncated
from voxwire.events.session_config import SessionKind
from voxwire.session.checks import check_text_bytes
from voxwire.session.conversation import Entry, duplicate_id
from voxwire.session.state import State
from voxwire.session.transcripts import Transcripts

#: Longest item id; clients in the field choose up to 36 characters.
_MAX_ID: Final = 128
_NO_PICTURES: Final = "Images are not supported by this deployment's language engine: describe them in words."


class ItemChecks:
    """Checks items one after the other, each as if those before it were there already.

    `joining`: they are for the conversation, so their ids must be new to it.
    """

    def __init__(self, state: State, *, joining: bool) -> None:
        self._state = state
        self._joining = joining
        self._ids: set[str] = set()
        self.calls: set[str] = set()
        """Calls that were made by the items seen so far."""

    def check_item(self, item: Item, where: str) -> Item:
        """The item without the pictures that the language engine could not see. Raises ClientError."""
        if len(item.id) > _MAX_ID:
            raise ClientError(
                f"Invalid '{where}.id': string too long. At most {_MAX_ID} characters are accepted.",
                code="string_above_max_length",
                param=f"{where}.id",
            )
        if self._joining and item.id:
            self._state.conversation.check_id(item.id)
            if item.id in self._ids:
                raise duplicate_id(item.id)
        if isinstance(item, MessageItem):
            item = self._without_pictures(item, where)
            for index, part in enumerate(item.content):
                self._check_part(part, f"{where}.content[{index}]")
        check_text_bytes(item.text_bytes, self._state.limits.item_text_bytes, where)
        if isinstance(item, items.FunctionCallOutputItem) and item.call_id not in self.calls:
            if self._state.conversation.call(item.call_id) is None:
                raise ClientError(
                    f"Tool call ID '{item.call_id}' not found in conversation.",
                    code="invalid_tool_call_id",
                    param=f"{where}.call_id",
                )
        self.see(item)
        return item

    def see(self, item: Item) -> None:
        """The items that follow may build on this one."""
        self._ids.add(item.id)
        if not isinstance(item, MessageItem) and item.call_id:
            self.calls.add(item.call_id)

    def _without_pictures(self, item: MessageItem, where: str) -> MessageItem:
        if self._state.capabilities.images or not any(isinstance(part, items.InputImage) for part in item.content):
            return item
        self._state.left_out += [
            Unsupported(param=f"{where}.content[{index}]", message=_NO_PICTURES)
            for index, part in enumerate(item.content)
            if isinstance(part, items.InputImage)
        ]
        return replace(item, content=tuple(part for part in item.content if not isinstance(part, items.InputImage)))

    def _check_part(self, part: items.ContentPart, where: str) -> None:
        limits, format = self._state.limits, self._state.config.input_format
        if not isinstance(part, InputAudio) or not isinstance(part.clip, items.AudioClip):
            return
        if len(part.clip.data) > limits.append_bytes or len(part.clip.data) % format.sample_bytes:
            message = f"Invalid audio: expected whole samples of {format.value}, at most {limits.append_bytes} bytes."
            raise ClientError(message, code="invalid_value", param=f"{where}.audio")


class ClientItems:
    """The items of the conversation, as far as the client handles them. Its mistakes raise ClientError."""

    def __init__(self, state: State, transcripts: Transcripts) -> None:
        self._state = state
        self._transcripts = transcripts

    def create(self, event: CreateItem) -> None:
        state = self._state
        if state.config.kind is SessionKind.TRANSCRIPTION:
            raise ClientError("Items cannot be created in a transcription session.", code="invalid_value", param="type")
        item = ItemChecks(state, joining=True).check_item(event.item, "item")
        state.conversation.check_after(event.previous_item_id)
        state.conversation.check_room(item)
        self.add(item, event.previous_item_id)

    def add(self, item: Item, after: str | None = None) -> None:
        """Put an item that was checked into the conversation."""
        conversation = self._state.conversation
        item = self._complete(item)
        entry = conversation.add(item, after=after)
        previous = conversation.previous_id(item.id)
        self._state.emit(
            ItemAdded(item=item, previous_item_id=previous), ItemDone(item=item, previous_item_id=previous)
        )
        self._recognise(entry)

    def adopt(self, item: Item) -> Entry:
        """An item that was checked, for one response only."""
        entry = Entry(self._complete(item))
        self._recognise(entry)
        return entry

    def retrieve(self, event: RetrieveItem) -> None:
        entry = self._entry(event.item_id, "retrieving", "item_retrieve_invalid_item_id")
        self._state.emit(
            ItemRetrieved(item=entry.item, audio=self._audio_of(entry.item), format=self._state.config.input_format)
        )

    def delete(self, event: DeleteItem) -> None:
        self._entry(event.item_id, "deleting", "item_delete_invalid_item_id")
        self._state.conversation.delete(event.item_id)
        self._state.emit(ItemDeleted(item_id=event.item_id))

    def truncate(self, event: TruncateItem) -> None:
        state = self._state
        entry = self._entry(event.item_id, "truncating", "item_truncate_invalid_item_id")
        if event.content_index != 0:
            raise ClientError(
                f"Invalid value: {event.content_index}. Item '{event.item_id}' has one content part, with index 0.",
                code="invalid_value",
                param="content_index",
            )
        spoken_ms = entry.spoken_ms
        has_audio = entry.ledger is not None and entry.ledger.size > 0  # also when it was truncated to nothing
        if not has_audio and (event.audio_end_ms or state.limits.strict_truncate):
            raise ClientError(
                "Only model output audio messages can be truncated", code="unsupported_content_type", param="item_id"
            )
        if event.audio_end_ms > spoken_ms and state.limits.strict_truncate:
            raise ClientError(
                f"Audio content of {int(spoken_ms)}ms is already shorter than {event.audio_end_ms}ms",
                code="invalid_value",
                param="audio_end_ms",
            )
        # Clients overshoot: they count after resampling (protocol: decisions, Truncation beyond the end).
        end_ms = min(float(event.audio_end_ms), spoken_ms)
        if end_ms < spoken_ms or entry.item.status is not items.ItemStatus.COMPLETED:
            state.conversation.truncate(entry, end_ms)
        state.emit(ItemTruncated(item_id=event.item_id, content_index=0, audio_end_ms=int(end_ms)))

    # --- inside ----------------------------------------------------------------------------------

    def _entry(self, item_id: str, doing: str, code: str) -> Entry:
        entry = self._state.conversation.get(item_id)
        if entry is None:
            raise ClientError(
                f"Error {doing} item: the item with id '{item_id}' does not exist.", code=code, param="item_id"
            )
        return entry

    def _audio_of(self, item: Item) -> dict[int, items.AudioClip | items.PcmClip]:
        """The item's audio, unless in the input format it would grow past what is retained."""
        clips = item.clips if isinstance(item, MessageItem) else {}
        left, format = self._state.limits.retained_audio_bytes, self._state.config.input_format
        kept: dict[int, items.AudioClip | items.PcmClip] = {}
        for index, clip in clips.items():
            left -= format.size_of(clip.duration_ms)
            if left < 0:
                break
            kept[index] = clip
        return kept

    def _complete(self, item: Item) -> Item:
        """Give ids that the client left out, and audio its real format."""
        if not item.id:
            item = replace(item, id=self._state.ids("item"))
        if isinstance(item, items.FunctionCallItem) and not item.call_id:
            item = replace(item, call_id=self._state.ids("call"))
        if isinstance(item, MessageItem):
            item = replace(item, content=tuple(self._complete_part(part) for part in item.content))
        return item

    def _complete_part(self, part: items.ContentPart) -> items.ContentPart:
        if isinstance(part, InputAudio) and part.clip is not None:
            clip = items.AudioClip(data=part.clip.data, format=self._state.config.input_format)
            return replace(part, clip=clip, duration_ms=clip.duration_ms)
        if isinstance(part, items.OutputAudio):
            # Assistant audio cannot be populated by clients; its transcript can.
            return replace(part, clip=None)
        return part

    def _recognise(self, entry: Entry) -> None:
        """Have the audio of a client-made item understood; no events are sent for it."""
        if not isinstance(entry.item, MessageItem):
            return
        for index, part in enumerate(entry.item.content):
            if not isinstance(part, InputAudio) or part.clip is None:
                continue
            if part.duration_ms < self._state.limits.min_commit_ms:
                # No word is that short, and a recogniser is worth more than a few samples.
                entry.hear(index, "")
            else:
                format = part.clip.format
                utterance = self._transcripts.start(entry.item.id, format, content_index=index, recorded=True)
                self._transcripts.feed(utterance, part.clip.data)
                self._transcripts.finish(utterance, entry, part.duration_ms)
