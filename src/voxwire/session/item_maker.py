"""Items that the client makes: checks, identifiers, recognition of their audio (PROTOCOL 3.6)."""

from typing import Final

from msgspec.structs import replace

from voxwire.errors import ClientError
from voxwire.events.client import Unsupported
from voxwire.events.items import (
    AudioClip,
    ContentPart,
    FunctionCallItem,
    FunctionCallOutputItem,
    InputAudio,
    InputImage,
    Item,
    MessageItem,
    OutputAudio,
)
from voxwire.events.server import ItemAdded, ItemDone
from voxwire.session.checks import check_text_bytes
from voxwire.session.conversation import Entry, duplicate_id, text_bytes
from voxwire.session.state import State
from voxwire.session.transcripts import Transcripts

#: Longest item id; clients in the field choose up to 36 characters.
_MAX_ID: Final = 128


class ItemMaker:
    """Puts client-made items into the conversation."""

    def __init__(self, state: State, transcripts: Transcripts) -> None:
        self._state = state
        self._transcripts = transcripts

    def create(self, item: Item, previous_item_id: str | None = None) -> list[Unsupported]:
        """`conversation.item.create`; what of the item is beyond the deployment and was left out.

        Raises ClientError and changes nothing when it cannot be.
        """
        state = self._state
        conversation = state.conversation
        item, left_out = self.without_pictures(item, "item")
        conversation.check_place(item, previous_item_id)
        self.check_content(item, "item")
        conversation.check_room(item)
        if isinstance(item, FunctionCallOutputItem):
            self.check_call_id(item, set(), "item")
        item = self.complete(item)
        entry = conversation.add(item, after=previous_item_id)
        previous = conversation.previous_id(item.id)
        state.emit(ItemAdded(item=item, previous_item_id=previous), ItemDone(item=item, previous_item_id=previous))
        self.recognise(entry)
        return left_out

    def without_pictures(self, item: Item, where: str) -> tuple[Item, list[Unsupported]]:
        """The item without the pictures that the language engine could not see, and what to say of each."""
        if self._state.capabilities.images or not isinstance(item, MessageItem):
            return item, []
        message = "Images are not supported by this deployment's language engine: describe them in words."
        left_out = [
            Unsupported(param=f"{where}.content[{index}]", message=message)
            for index, part in enumerate(item.content)
            if isinstance(part, InputImage)
        ]
        if not left_out:
            return item, []
        return replace(item, content=tuple(part for part in item.content if not isinstance(part, InputImage))), left_out

    def check_all(self, items: tuple[Item, ...], where: str) -> None:
        """Refuse a list of items when any of them cannot be added one after the other."""
        conversation = self._state.conversation
        if items:
            conversation.check_room(*items)
        calls: set[str] = set()
        taken: set[str] = set()
        for index, item in enumerate(items):
            conversation.check_place(item, None)
            if item.id and item.id in taken:
                raise duplicate_id(item.id)
            taken.add(item.id)
            self.check_content(item, f"{where}[{index}]")
            if isinstance(item, FunctionCallItem):
                calls |= {item.call_id} - {""}
            elif isinstance(item, FunctionCallOutputItem):
                self.check_call_id(item, calls, f"{where}[{index}]")

    def check_call_id(self, item: FunctionCallOutputItem, known: set[str], where: str) -> None:
        """Refuse the answer to a tool call that nobody made."""
        if item.call_id not in known and self._state.conversation.call(item.call_id) is None:
            raise ClientError(
                f"Tool call ID '{item.call_id}' not found in conversation.",
                code="invalid_tool_call_id",
                param=f"{where}.call_id",
            )

    def check_content(self, item: Item, where: str) -> None:
        """Refuse ids, text or audio that the session cannot take."""
        if len(item.id) > _MAX_ID:
            raise ClientError(
                f"Invalid '{where}.id': string too long. At most {_MAX_ID} characters are accepted.",
                code="string_above_max_length",
                param=f"{where}.id",
            )
        check_text_bytes(text_bytes(item), self._state.limits.item_text_bytes, where)
        if isinstance(item, MessageItem):
            for index, part in enumerate(item.content):
                self._check_part(part, f"{where}.content[{index}]")

    def complete(self, item: Item) -> Item:
        """Give ids that the client left out, and audio its real format."""
        if not item.id:
            item = replace(item, id=self._state.ids("item"))
        if isinstance(item, FunctionCallItem) and not item.call_id:
            item = replace(item, call_id=self._state.ids("call"))
        if isinstance(item, MessageItem):
            item = replace(item, content=tuple(self._complete_part(part) for part in item.content))
        return item

    def recognise(self, entry: Entry) -> None:
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

    def _check_part(self, part: ContentPart, where: str) -> None:
        limits, format = self._state.limits, self._state.config.input_format
        if not isinstance(part, InputAudio) or not isinstance(part.clip, AudioClip):
            return
        if len(part.clip.data) > limits.append_bytes or len(part.clip.data) % format.sample_bytes:
            raise ClientError(
                f"Invalid audio: expected whole samples of {format.value}, at most {limits.append_bytes} bytes.",
                code="invalid_value",
                param=f"{where}.audio",
            )

    def _complete_part(self, part: ContentPart) -> ContentPart:
        if isinstance(part, InputAudio) and part.clip is not None:
            clip = AudioClip(data=part.clip.data, format=self._state.config.input_format)
            return replace(part, clip=clip, duration_ms=clip.duration_ms)
        if isinstance(part, OutputAudio):
            # Assistant audio cannot be populated by clients; its transcript can.
            return replace(part, clip=None)
        return part
