"""The context that `response.create` hands in: new items, references to items, and messages that hold both."""

from msgspec.structs import replace

from voxwire.errors import ClientError
from voxwire.events import items
from voxwire.events.items import ContentPart, Item, MessageItem, Role
from voxwire.events.response import ResponseInput
from voxwire.session.checks import check_text_bytes
from voxwire.session.client_items import ItemChecks
from voxwire.session.conversation import Conversation, Entry
from voxwire.session.state import State

_WHERE = "response.input"


def resolve_input(given: ResponseInput, state: State) -> list[Item | Entry]:
    """The items to read, those of the conversation as entries.

    Raises ClientError for what is not in the conversation, or cannot be taken.
    """
    conversation = state.conversation
    resolved: list[Item | Entry] = []
    checks = ItemChecks(state, joining=False)
    size = 0
    for index, one in enumerate(given):
        where = f"{_WHERE}[{index}]"
        entry: Entry | None = None
        if isinstance(one, items.ItemReference):
            entry = _entry(one, conversation, where)
            item = entry.item
        else:
            item = _lent(one, conversation, where) if isinstance(one, items.BorrowingMessage) else one
        if isinstance(item, items.FunctionCallOutputItem) and item.call_id not in checks.calls:
            # Without its call nobody could read the answer.
            call = conversation.call(item.call_id)
            if call is not None:
                resolved.append(call)
        if entry is not None:
            checks.see(item)
        else:
            item = checks.check_item(item, where)
            size += item.text_bytes
        resolved.append(entry or item)
    check_text_bytes(size, state.limits.conversation_text_bytes, _WHERE)
    return resolved


def _entry(reference: items.ItemReference, conversation: Conversation, where: str) -> Entry:
    entry = conversation.ever(reference.id)
    if entry is None:
        message = f"Item with id '{reference.id}' does not exist in this conversation."
        raise ClientError(message, code="invalid_value", param=f"{where}.id")
    return entry


def _lent(message: items.BorrowingMessage, conversation: Conversation, where: str) -> MessageItem:
    """The message with what others hold in the place of the references to them."""
    content: list[ContentPart] = []
    for index, part in enumerate(message.content):
        if isinstance(part, items.ItemReference):
            place = f"{where}.content[{index}]"
            content += _content(_entry(part, conversation, place), message.message.role, place)
        else:
            content.append(part)
    return replace(message.message, content=tuple(content))


def _content(entry: Entry, role: Role, where: str) -> list[ContentPart]:
    """What a message holds, as somebody of this role may say it."""
    item = entry.item
    if not isinstance(item, MessageItem):
        message = f"Item with id '{item.id}' has no content: only messages can be referred to here."
        raise ClientError(message, code="invalid_value", param=f"{where}.id")
    return [_said(part, entry.heard.get(index), role) for index, part in enumerate(item.content)]


def _said(part: ContentPart, heard: str | None, role: Role) -> ContentPart:
    """`heard`: what the recogniser has understood of the part. What it still listens to it will hear again."""
    match part:
        case items.InputAudio():
            if heard is not None:
                part = replace(part, transcript=heard, clip=None)
            return part if role is Role.USER else _text(part.transcript or "", role)
        case items.OutputAudio():
            return replace(part, clip=None) if role is Role.ASSISTANT else _text(part.transcript, role)
        case items.InputText() | items.OutputText():
            return _text(part.text, role)
    return part


def _text(text: str, role: Role) -> ContentPart:
    return items.OutputText(text=text) if role is Role.ASSISTANT else items.InputText(text=text)
