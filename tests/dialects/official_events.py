"""Client events drawn from the official types of the `openai` package, as Hypothesis strategies of JSON objects.

A field that may be left out is left out, null, or there. What the types leave to the documents stands in tables:
ranges (`VALUES`), what cannot be missing (`NEEDED`), and which fields go together where one class serves several kinds
(`PARTS`, `FLAT_ITEMS`).
"""

import base64
import types
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from openai.types.beta.realtime import conversation_item as flat_item
from openai.types.beta.realtime import conversation_item_with_reference as flat_input
from openai.types.beta.realtime import transcription_session_update
from openai.types.realtime import (
    RealtimeConversationItemAssistantMessage,
    RealtimeConversationItemSystemMessage,
    RealtimeConversationItemUserMessage,
)
from pydantic import BaseModel

Json = st.SearchStrategy[Any]

text = st.text(st.characters(codec="utf-8"), max_size=12)
#: Often those of a conversation's first items, so that events meet each other.
ids = st.sampled_from(["item_1", "item_2", "item_3", "root"]) | text
audio = st.binary(max_size=40).map(lambda data: base64.b64encode(data + data).decode())
objects = st.dictionaries(
    text, st.none() | st.booleans() | st.integers() | text | st.lists(text, max_size=2), max_size=3
)

#: What the documents say of a field and the types do not. By class and field, or by field alone.
VALUES: Mapping[str, Json] = {
    "event_id": st.text(st.characters(codec="utf-8"), max_size=512),
    "audio": audio,
    "image_url": st.just("data:image/png;base64,iVBORw0KGgo="),
    "item_id": ids,
    "previous_item_id": ids,
    "content_index": st.integers(0, 3),
    "audio_end_ms": st.integers(0, 2**31 - 1),
    "threshold": st.floats(0, 1),
    "prefix_padding_ms": st.integers(0, 10_000),
    "silence_duration_ms": st.integers(0, 60_000),
    "idle_timeout_ms": st.integers(5000, 30_000),
    "speed": st.floats(0.25, 1.5),
    "strength": st.floats(0, 10),
    "temperature": st.floats(0.6, 1.2),
    "max_output_tokens": st.integers(1, 4096) | st.just("inf"),
    "max_response_output_tokens": st.integers(1, 4096) | st.just("inf"),
    "retention_ratio": st.floats(0, 1),
    "post_instructions": st.integers(0, 100_000),
    "parameters": objects,
    "metadata": objects,
    # "Currently supports `auto` and `none`".
    "conversation": st.sampled_from(["auto", "none"]),
    # "It is not possible to request both `text` and `audio` at the same time".
    "output_modalities": st.sampled_from([["audio"], ["text"]]),
    "modalities": st.sampled_from([["text"], ["text", "audio"], ["audio", "text"]]),
    "RealtimeResponseCreateParams.metadata": st.dictionaries(text, text, max_size=16),
    "Response.metadata": st.dictionaries(text, text, max_size=16),
    # "`auto`, `none`, `required`, or specify a function": of the previews, where the type is a string.
    "Session.tool_choice": st.sampled_from(["auto", "none", "required"]),
    "Response.tool_choice": st.sampled_from(["auto", "none", "required"]),
    f"{transcription_session_update.__name__}.Session.include": st.just(["item.input_audio_transcription.logprobs"]),
}

#: Fields that the types let be missing and the documents do not: a `type` says which of several things an object is,
#: and a function without a name could not be called.
NEEDED: Mapping[str, tuple[str, ...]] = dict.fromkeys(
    ["RealtimeFunctionTool", "SessionTool", "ResponseTool"], ("type", "name")
)
#: The fields that a part of each kind needs, and those that it may have.
PARTS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "input_text": (("text",), ()),
    "input_audio": (("audio",), ("transcript",)),
    "input_image": (("image_url",), ("detail",)),
    "text": (("text",), ()),
    "output_text": (("text",), ()),
    "audio": (("transcript",), ("audio",)),
    "output_audio": (("transcript",), ("audio",)),
    "item_reference": (("id",), ()),
}
PARTS_OF_ROLE: Mapping[str, tuple[str, ...]] = {
    "system": ("input_text",),
    "user": ("input_text", "input_audio", "input_image"),
    "assistant": ("output_text", "output_audio", "text", "audio"),
}
#: The same of items, where the previews have one class for all of them.
FLAT_ITEMS: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "message": (("role", "content"), ("id", "object", "status")),
    "function_call": (("name", "arguments"), ("call_id", "id", "object", "status")),
    "function_call_output": (("call_id", "output"), ("id", "object", "status")),
    "item_reference": (("id",), ()),
}
#: Classes that are told apart by `type` although their type does not demand it.
_MESSAGES = (
    RealtimeConversationItemSystemMessage,
    RealtimeConversationItemUserMessage,
    RealtimeConversationItemAssistantMessage,
)
_FLAT = (flat_item.ConversationItem, flat_input.ConversationItemWithReference)


def events(union: Any, *, without: frozenset[str] = frozenset()) -> Json:
    """Every event of an official union but those whose `type` is in `without`, most often those that hold most."""
    kinds = [kind for kind in get_args(get_args(union)[0]) if _tag(kind) not in without]
    rich = [kind for kind in kinds if {"session", "response", "item"} & kind.model_fields.keys()]
    return st.sampled_from(list(map(of_model, kinds + 2 * rich))).flatmap(lambda chosen: chosen)


@cache
def of_model(cls: type[BaseModel]) -> Json:
    """Objects of a class."""
    if cls in _FLAT:
        return st.one_of(*(_flat_item(cls, kind) for kind in _tags(cls)))
    if cls in _MESSAGES:
        (role,) = get_args(cls.model_fields["role"].annotation)
        return _fields(cls, replaced={"content": _content(cls, role)})
    return _fields(cls)


def _fields(cls: type[BaseModel], replaced: Mapping[str, Json] | None = None) -> Json:
    needed: dict[str, Json] = {}
    optional: dict[str, Json] = {}
    for name, field in cls.model_fields.items():
        value = replaced[name] if replaced and name in replaced else _value(cls, name, field.annotation)
        if field.is_required() or name in NEEDED.get(cls.__name__, ("type",)):
            needed[name] = value
        else:
            optional[name] = st.none() | value
    return st.fixed_dictionaries(needed, optional=optional)


def _value(cls: type[BaseModel], name: str, annotation: Any) -> Json:
    for key in (f"{cls.__module__}.{cls.__name__}.{name}", f"{cls.__name__}.{name}", name):
        if key in VALUES and (name != "audio" or str in _within(annotation)):
            return VALUES[key]
    return _of(annotation)


def _of(annotation: Any) -> Json:
    """Values of a type; None is left to the field, which decides whether it may be missing."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _of(get_args(annotation)[0])
    if origin in (Union, types.UnionType):
        return st.one_of(*(_of(inner) for inner in get_args(annotation) if inner is not type(None)))
    if origin is Literal:
        return st.sampled_from(get_args(annotation))
    if origin is list:
        return st.lists(_of(get_args(annotation)[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(text, _of(get_args(annotation)[1]), max_size=3)
    if annotation is object:
        return objects
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return st.deferred(lambda: of_model(annotation))
    return {str: text, int: st.integers(0, 1000), float: st.floats(0, 1), bool: st.booleans()}[annotation]


def _content(cls: type[BaseModel], role: str) -> Json:
    """Parts that this role may say, of those that the class knows."""
    (part,) = (arg for arg in _within(cls.model_fields["content"].annotation) if issubclass(arg, BaseModel))
    known = [kind for kind in (*PARTS_OF_ROLE[role], "item_reference") if kind in _tags(part)]
    if part is flat_item.ConversationItemContent:
        # "`item_reference` content types in `response.create` events", not when an item is made.
        known.remove("item_reference")
    return st.lists(st.one_of(*(_shape(part, kind, PARTS[kind]) for kind in known)), max_size=3)


def _flat_item(cls: type[BaseModel], kind: str) -> Json:
    if kind != "message":
        return _shape(cls, kind, FLAT_ITEMS[kind])
    return st.one_of(
        *(
            _shape(cls, kind, FLAT_ITEMS[kind], {"role": st.just(role), "content": _content(cls, role)})
            for role in PARTS_OF_ROLE
        )
    )


def _shape(
    cls: type[BaseModel],
    kind: str,
    fields: tuple[tuple[str, ...], tuple[str, ...]],
    replaced: Mapping[str, Json] | None = None,
) -> Json:
    """Objects of one kind of a class for several: the fields of others are left out, or null."""
    needed, possible = fields
    mapping: dict[str, Json] = {"type": st.just(kind)}
    optional: dict[str, Json] = {}
    for name, field in cls.model_fields.items():
        value = replaced[name] if replaced and name in replaced else _value(cls, name, field.annotation)
        if name in needed:
            mapping[name] = value
        elif name in possible:
            optional[name] = st.none() | value
        elif name != "type":
            optional[name] = st.none()
    return st.fixed_dictionaries(mapping, optional=optional)


def _within(annotation: Any) -> list[type]:
    """All classes that a type names."""
    found = [annotation] if isinstance(annotation, type) and get_origin(annotation) is None else []
    return found + [inner for arg in get_args(annotation) for inner in _within(arg)]


def _tag(cls: type[BaseModel]) -> str:
    return str(_tags(cls)[0])


def _tags(cls: type[BaseModel]) -> tuple[str, ...]:
    """The kinds that the `type` of a class names."""
    annotation = cls.model_fields["type"].annotation
    literals = [annotation, *get_args(annotation)]
    return tuple(tag for literal in literals if get_origin(literal) is Literal for tag in get_args(literal))
