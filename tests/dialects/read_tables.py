"""Tables of what the server reads: every field that a client may send, from the schemas of the decoders."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from msgspec import inspect
from table_rows import COLUMNS, NO, YES, code, head, row

from voxwire.dialects.ga.requests import DECODER as GA_DECODER
from voxwire.dialects.preview.requests import FIRST_DECODER, LATER_DECODER
from voxwire.dialects.preview.voice_live import LIVE_DECODER

SCHEMAS = {
    "GA": GA_DECODER.schema,
    "preview": LATER_DECODER.schema,
    "2024-10-01": FIRST_DECODER.schema,
    "Voice Live": LIVE_DECODER.schema,
}

#: What answers an event that is in order.
REPLIES = {
    "session.update": "`session.updated`",
    "transcription_session.update": "`transcription_session.updated`",
    "input_audio_buffer.append": "nothing",
    "input_audio_buffer.commit": "`input_audio_buffer.committed`, then the events of the item",
    "input_audio_buffer.clear": "`input_audio_buffer.cleared`",
    "output_audio_buffer.clear": "an error: a WebSocket has no such buffer",
    "conversation.item.create": "`conversation.item.added` and `.done`; previews `conversation.item.created`",
    "conversation.item.retrieve": "`conversation.item.retrieved`",
    "conversation.item.truncate": "`conversation.item.truncated`",
    "conversation.item.delete": "`conversation.item.deleted`",
    "response.create": "`response.created` … `response.done`",
    "response.cancel": "the closing events of the response, `response.done` last",
}
#: Fields that hold the same in several places, and have a table of their own.
ELSEWHERE = ("tools[]", "tool_choice", "input[]", "input_items[]", "append_input_items[]")


class Field(NamedTuple):
    """One field that a client may send; `only` says in which kinds of object it stands."""

    path: str
    needed: bool
    value: str
    default: str
    only: str


def structs_of(place: inspect.Type) -> list[inspect.StructType]:
    options = place.types if isinstance(place, inspect.UnionType) else (place,)
    return [each for each in options if isinstance(each, inspect.StructType)]


def client_structs(schema: Any) -> dict[str, inspect.StructType]:
    return {str(each.tag): each for each in structs_of(inspect.type_info(schema))}


def client_events() -> list[str]:
    accepted = {name: client_structs(schema) for name, schema in SCHEMAS.items()}
    rows = [
        row(code(event), *(YES if event in accepted[name] else NO for name in COLUMNS), reply)
        for event, reply in REPLIES.items()
    ]
    unknown = set().union(*accepted.values()) - set(REPLIES)
    if unknown:
        raise LookupError(f"nothing says what answers {unknown}")
    return [*head("event", *COLUMNS, "answered by"), *rows]


def words(place: inspect.Type) -> str:
    """What a value that is no object of ours may be."""
    match place:
        case inspect.BoolType():
            return "true or false"
        case inspect.IntType(ge=least, le=most):
            return "integer" if most is None else f"integer, {least:,} to {most:,}"
        case inspect.FloatType(ge=least, le=most):
            return "number" if most is None else f"number, {least:g} to {most:g}" if least is not None else "number"
        case inspect.StrType(max_length=most):
            return "text" if most is None else f"text, at most {most} characters"
        case inspect.LiteralType(values=values):
            return code(*map(str, values))
        case inspect.EnumType(cls=cls):
            return code(*(str(member.value) for member in cls))
        case inspect.ListType(item_type=inner):
            return f"list of {words(inner)}"
        case inspect.DictType(max_length=most):
            return "object" if most is None else f"object of at most {most} entries"
        case inspect.UnionType(types=options):
            return "; ".join(words(each) for each in options)
        case inspect.NoneType():
            return "null"
        case inspect.AnyType():
            return "anything"
    return "object"


def fields_of(kinds: Sequence[inspect.StructType], path: str, only: str = "") -> Iterator[Field]:
    """The fields of the objects that may stand at `path`."""
    tags = [str(kind.tag) for kind in kinds if kind.tag is not None]
    if tags and path:
        yield Field(f"{path}.{kinds[0].tag_field}", True, code(*tags), "", only)
    seen: dict[tuple[str, str, str], tuple[inspect.Field, list[inspect.StructType]]] = {}
    for kind in kinds:
        for field in kind.fields:
            same = (field.encode_name, repr(field.type), repr(field.default))
            seen.setdefault(same, (field, []))[1].append(kind)
    for (name, _, _), (field, having) in seen.items():
        within = (
            only
            if len(having) == len(kinds)
            else "; ".join(filter(None, (only, code(*(str(each.tag) for each in having)))))
        )
        yield from place_of(field, f"{path}.{name}" if path else name, within)


def place_of(field: inspect.Field, path: str, only: str) -> Iterator[Field]:
    options = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
    objects = structs_of(field.type)
    lists = [each.item_type for each in options if isinstance(each, inspect.ListType) and structs_of(each.item_type)]
    null_counts = not field.required and repr(field.default) == "NODEFAULT"
    plain = [
        words(each)
        for each in options
        if not isinstance(each, inspect.StructType | inspect.NoneType)
        and not (isinstance(each, inspect.ListType) and structs_of(each.item_type))
    ]
    if objects:
        plain.append("object")
    if lists:
        plain.append("list of objects")
    if any(isinstance(each, inspect.NoneType) for each in options) and (null_counts or not plain):
        plain.append("null")
    if field.required or plain != ["object"] or not objects:
        yield Field(path, field.required, "; ".join(plain), default_of(field), only)
    if objects:
        yield from fields_of(objects, path, only)
    for inner in lists:
        yield from fields_of(structs_of(inner), f"{path}[]", only)


def fields(schema: Any, event: str, kind: str = "") -> list[Field]:
    """The fields of one client event; of its `session` those of one `kind`, where there are several."""
    root = client_structs(schema)[event]
    if not kind:
        return [each for each in fields_of([root], "") if each.path != "event_id"]
    (session,) = (each for each in root.fields if each.encode_name == "session")
    return list(fields_of([each for each in structs_of(session.type) if each.tag == kind], "session"))


def below(found: list[Field], path: str) -> list[Field]:
    """What stands below `path`, which ends in a dot."""
    return [each._replace(path=each.path.removeprefix(path)) for each in found if each.path.startswith(path)]


def has_own_table(field: Field) -> bool:
    return any(f"{shared}." in field.path for shared in ELSEWHERE)


def side_by_side(columns: dict[str, list[Field]]) -> list[str]:
    """Fields of several dialects; what has the same path and values in several stands once."""
    rows: dict[Field, set[str]] = {}
    for name, found in columns.items():
        for each in found:
            if not has_own_table(each) and each.path != "session":
                rows.setdefault(each, set()).add(name)
    order = {path: at for at, path in enumerate(dict.fromkeys(each.path for each in rows))}
    lines = [
        row(
            code(each.path),
            f"{each.value} (in {each.only})" if each.only else each.value,
            left_out(each),
            *(YES if name in rows[each] else NO for name in columns),
        )
        for each in sorted(rows, key=lambda each: order[each.path])
    ]
    return [*head("field", "value", "left out", *columns), *lines]


def one_table(found: list[Field]) -> list[str]:
    """Fields that are the same wherever they stand."""
    lines = [row(code(each.path), each.value, left_out(each), each.only) for each in found]
    return [*head("field", "value", "left out", "only in"), *lines]


def left_out(field: Field) -> str:
    return "error" if field.needed else field.default


def default_of(field: inspect.Field) -> str:
    value = field.default
    if field.required or value is None or repr(value) == "NODEFAULT":
        return ""
    return str(value).lower() if isinstance(value, bool) else str(getattr(value, "value", value))


def session_update() -> list[str]:
    return side_by_side(
        {
            "GA": fields(SCHEMAS["GA"], "session.update", "realtime"),
            "GA, transcription": fields(SCHEMAS["GA"], "session.update", "transcription"),
            **{name: fields(SCHEMAS[name], "session.update") for name in ("preview", "2024-10-01", "Voice Live")},
            "preview, transcription": fields(SCHEMAS["preview"], "transcription_session.update"),
        }
    )


def response_create() -> list[str]:
    return side_by_side({name: fields(schema, "response.create") for name, schema in SCHEMAS.items()})


def plain_events() -> list[str]:
    """Fields of the other events, which are the same in every dialect that has them."""
    lines = []
    for event in client_structs(SCHEMAS["preview"]):
        if event not in ("session.update", "transcription_session.update", "response.create"):
            found = [each for each in fields(SCHEMAS["preview"], event) if not each.path.startswith("item.")]
            lines += [row(code(event), code(each.path), each.value, left_out(each)) for each in found]
    return [*head("event", "field", "value", "left out"), *lines]


def items() -> list[str]:
    return one_table(below(fields(SCHEMAS["preview"], "conversation.item.create"), "item."))


def tools() -> list[str]:
    return one_table(below(fields(SCHEMAS["preview"], "session.update"), "session.tools[]."))


def tool_choice() -> list[str]:
    return one_table(below(fields(SCHEMAS["preview"], "session.update"), "session.tool_choice."))
