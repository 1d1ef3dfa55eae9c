"""What the service's conversation has of ours, and what has to be done before it is the same again.

Items that we made carry our identifier from the start. What the service itself has said gets one in the session, which
the next request shows for the first time: they are told apart by their order, kind and text.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from voxwire.events.items import FunctionCallItem, FunctionCallOutputItem, Item, MessageItem, OutputAudio, Role

#: A cut nearer to the end than this is none: rates are converted, and a sample more or less comes of it.
_NEAR_MS = 20.0


@dataclass(eq=False, slots=True)
class Held:
    """An item that the service has. `key` is our identifier, None for what the service said and we have not seen yet.

    `id` is the service's identifier, None while it is not known. `text` is what it said, `ms` how long its audio is,
    `name` the function that it called.
    """

    id: str | None = None
    key: str | None = None
    call_id: str = ""
    text: str = ""
    name: str | None = None
    ms: float = 0.0

    def matches(self, item: Item) -> bool:
        """Whether this, which the service said, may have become `item`, perhaps cut."""
        match item:
            case FunctionCallItem():
                return self.name == item.name and self.text.startswith(item.arguments)
            case MessageItem(role=Role.ASSISTANT):
                return self.name is None and self.text.startswith(message_text(item))
        return False


class PutItem(msgspec.Struct, frozen=True):
    """Put an item at the end (`last`), or behind the one that has the identifier `behind` with us, None for first."""

    item: Item
    behind: str | None
    last: bool


class Mending(msgspec.Struct, frozen=True):
    """What to do, in this order. `kept` items stay as they are."""

    kept: int
    deletes: tuple[Held, ...]
    cuts: tuple[tuple[Held, int], ...]
    creates: tuple[PutItem, ...]

    @property
    def worth_it(self) -> bool:
        """Whether the conversations have more in common than not."""
        return len(self.deletes) <= self.kept

    @property
    def grows(self) -> bool:
        """Whether nothing has to be done but to go on at the end."""
        return not self.deletes and all(create.last for create in self.creates)


@dataclass(slots=True)
class Mirror:
    """The service's conversation, in its order."""

    held: list[Held] = field(default_factory=list)

    def mending(self, items: Sequence[Item]) -> Mending | None:
        """How it becomes these items; None when their order is another one. Nothing has changed yet, but for the
        identifiers of what the service said."""
        self._recognise(items)
        wanted = {item.id: item for item in items}
        deletes = [one for one in self.held if one.key not in wanted or _beyond_cutting(one, wanted[one.key])]
        gone = {id(one) for one in deletes}
        kept = [one for one in self.held if id(one) not in gone]
        places = {item.id: place for place, item in enumerate(items)}
        order = [places[one.key] for one in kept if one.key is not None]
        cuts = [(one, cut) for one in kept if one.key and (cut := _cut(one, wanted[one.key])) is not None]
        changed = [*deletes, *(one for one, _ in cuts)]
        if order != sorted(order) or any(one.id is None for one in changed):
            return None
        return Mending(len(kept), tuple(deletes), tuple(cuts), tuple(_creates(items, kept)))

    def call_id(self, ours: str, items: Iterable[Item]) -> str:
        """What the service calls the call that has this name with us."""
        for item in items:
            if isinstance(item, FunctionCallItem) and item.call_id == ours:
                return next((one.call_id for one in self.held if one.key == item.id and one.call_id), ours)
        return ours

    def find(self, key: str | None) -> Held | None:
        """The item that has this identifier with us."""
        return next((one for one in self.held if one.key == key), None) if key is not None else None

    def add(self, create: PutItem, one: Held) -> None:
        """Note that the service has the item now."""
        behind = self.find(create.behind)
        place = len(self.held) if create.last else 0 if behind is None else self.held.index(behind) + 1
        self.held.insert(place, one)

    def _recognise(self, items: Sequence[Item]) -> None:
        """Give what the service said the identifiers that it has with us."""
        known = {one.key for one in self.held}
        said = [one for one in self.held if one.key is None]
        for item in items:
            if item.id in known or isinstance(item, FunctionCallOutputItem):
                continue
            place = next((place for place, one in enumerate(said) if one.matches(item)), None)
            if place is not None:
                said[place].key = item.id
                del said[: place + 1]


def _creates(items: Sequence[Item], kept: Sequence[Held]) -> Iterator[PutItem]:
    left = {one.key for one in kept}
    behind = None
    for item in items:
        if item.id in left:
            left.discard(item.id)
        elif _says_something(item):
            yield PutItem(item, behind, last=not left)
        else:
            continue
        behind = item.id


def _says_something(item: Item) -> bool:
    """Of an answer of which nothing was heard nothing can be told."""
    return not isinstance(item, MessageItem) or item.role is not Role.ASSISTANT or bool(message_text(item))


def message_text(item: MessageItem) -> str:
    """What was said, in words."""
    return "".join(
        part.transcript if isinstance(part, OutputAudio) else getattr(part, "text", "") for part in item.content
    )


def _said_ms(item: Item) -> float | None:
    """How much of an answer's audio is left, None where that is not known any more."""
    for part in item.content if isinstance(item, MessageItem) else ():
        if isinstance(part, OutputAudio):
            return None if part.clip is None else part.clip.duration_ms
    return None


def _beyond_cutting(one: Held, item: Item) -> bool:
    """What the service said and was not heard to the end, and cannot be cut there: it has to be told as text."""
    if not isinstance(item, MessageItem) or item.role is not Role.ASSISTANT:
        return False
    whole = len(message_text(item)) >= len(one.text.rstrip())
    return not whole and (_said_ms(item) is None or one.ms <= 0)


def _cut(one: Held, item: Item) -> int | None:
    """Where the service has to cut what it said."""
    ms = _said_ms(item)
    return int(ms) if ms is not None and ms + _NEAR_MS < one.ms else None
