"""A null that has no meaning counts as a field that was left out.

Many programs write every field of their types, with null for those they have no value for. Where null has a meaning,
such as "off", the schema says so, and it stays. All other nulls are taken out here, when the strict parser has refused
the frame, so other frames cost no more. What stands in free-form values (a JSON Schema, metadata) is never touched.
"""

from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from voxwire.dialects.shapes import alternatives, root


def may_hold_null(frame: str | bytes) -> bool:
    """Whether there is anything to take out; quick also for a large frame."""
    return "null" in frame if isinstance(frame, str) else b"null" in frame


def without_nulls(frame: str | bytes, schema: Any) -> bytes:
    """The frame without the nulls that `schema` has no use for.

    Raises as `msgspec.json.decode` does when the frame is no JSON.
    """
    value = msgspec.json.decode(frame)
    _clean(value, _whole(schema))
    return msgspec.json.encode(value)


class _Object(msgspec.Struct, frozen=True):
    """One kind of object: the fields whose null goes, and the places below it that may hold others."""

    idle: frozenset[str]
    below: dict[str, "_Place"]


class _Place(msgspec.Struct, frozen=True):
    """Where a value stands: what its entries are if it is a list, and what it is by its tag if it is an object."""

    entries: "_Place | None"
    tag_field: str | None
    objects: dict[str | None, _Object]


def _clean(value: Any, place: _Place) -> None:
    """Take the idle nulls out of `value`, in place: a frame may hold 100,000 objects."""
    if isinstance(value, list):
        if place.entries is not None:
            for entry in value:
                _clean(entry, place.entries)
    elif isinstance(value, dict):
        tag = None if place.tag_field is None else value.get(place.tag_field)
        kind = place.objects.get(tag) if tag is None or isinstance(tag, str) else None
        if kind is None:
            return
        for name in [name for name, inner in value.items() if inner is None and name in kind.idle]:
            del value[name]
        for name, below in kind.below.items():
            if name in value:
                _clean(value[name], below)


# --- what a schema has no use for -------------------------------------------------------------------


@cache
def _whole(schema: Any) -> _Place:
    """Of the event itself only its own fields may be null: no program writes those of all events."""
    return _place(root(schema), siblings=False)


def _place(kind: inspect.Type, *, siblings: bool = True) -> _Place:
    """`siblings`: a null also goes where another of the objects that may stand here has its field.

    Some types, such as that of an item, are one flat object for all kinds on the client's side.
    """
    kinds = list(alternatives(kind))
    lists = [_place(each.item_type) for each in kinds if isinstance(each, inspect.ListType)]
    structs = [each for each in kinds if isinstance(each, inspect.StructType)]
    everybody = frozenset(field.encode_name for each in structs for field in each.fields) if siblings else frozenset()
    return _Place(
        entries=lists[0] if lists else None,
        tag_field=structs[0].tag_field if structs else None,
        objects={None if each.tag is None else str(each.tag): _object(each, everybody) for each in structs},
    )


def _object(kind: inspect.StructType, everybody: frozenset[str]) -> _Object:
    names = frozenset(field.encode_name for field in kind.fields)
    idle = frozenset(field.encode_name for field in kind.fields if not _keeps_null(field))
    below = {field.encode_name: _place(field.type) for field in kind.fields}
    return _Object(
        idle=idle | (everybody - names),
        below={name: place for name, place in below.items() if place.entries is not None or place.objects},
    )


def _keeps_null(field: inspect.Field) -> bool:
    """Null means something here, or a value is needed and its absence has an error of its own."""
    return field.required or any(
        isinstance(kind, inspect.NoneType | inspect.AnyType) for kind in alternatives(field.type)
    )
