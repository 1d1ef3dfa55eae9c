"""A null that has no meaning counts as a field that was left out.

Many programs write every field of their types, with null for those they have no value for. Where null has a meaning,
such as "off", the schema says so, and it stays. All other nulls are taken out here, when the strict parser has refused
the frame: nobody else pays for them. What stands in free-form values (a JSON Schema, metadata) is never touched.
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
    return msgspec.json.encode(_clean(msgspec.json.decode(frame), _chosen(root(schema))))


def _chosen(place: inspect.Type) -> tuple[inspect.Type, ...]:
    return tuple(alternatives(place))


def _clean(value: Any, places: tuple[inspect.Type, ...], *, siblings: bool = False) -> Any:
    """`value`, which stands where the schema has `places`.

    `siblings`: a null also goes when another of the objects that may stand here has its field. Some types, such as
    that of an item, are one flat object for all kinds on the client's side.
    """
    if isinstance(value, list):
        inner = tuple(
            kind for place in places if isinstance(place, inspect.ListType) for kind in _chosen(place.item_type)
        )
        return [_clean(each, inner, siblings=True) for each in value] if inner else value
    objects = [place for place in places if isinstance(place, inspect.StructType)]
    if not isinstance(value, dict) or not objects:
        return value
    own: dict[str, inspect.Field] = {}
    for kind in objects:
        if kind.tag_field is None or value.get(kind.tag_field) == kind.tag:
            own |= _fields(kind)
    known = frozenset().union(*map(_fields, objects)) if siblings else own.keys()
    return {
        key: _clean(inner, _chosen(own[key].type), siblings=True) if key in own else inner
        for key, inner in value.items()
        if inner is not None or key not in known or _keeps_null(own.get(key))
    }


def _fields(kind: inspect.StructType) -> dict[str, inspect.Field]:
    return _fields_of(kind.cls)


@cache
def _fields_of(cls: type) -> dict[str, inspect.Field]:
    kind = inspect.type_info(cls)
    return {field.encode_name: field for field in kind.fields} if isinstance(kind, inspect.StructType) else {}


def _keeps_null(field: inspect.Field | None) -> bool:
    """Null means something here, or a value is needed and its absence has an error of its own."""
    return field is not None and (field.required or any(_is_null(kind) for kind in alternatives(field.type)))


def _is_null(kind: inspect.Type) -> bool:
    return isinstance(kind, inspect.NoneType | inspect.AnyType)
