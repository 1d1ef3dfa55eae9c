"""Reading an ONNX file as far as we need it, and giving it one output more, without the `onnx` package.

The file is a protocol buffer (`onnx.proto`): the model's field 7 is the graph, the graph's field 1 are the nodes and
its field 12 the outputs. Where a message stands twice in a protocol buffer, readers merge the two; so a second graph
at the end of the file, with nothing in it but an output, adds that output to the first.
"""

from collections.abc import Iterator
from enum import IntEnum
from typing import Final, NamedTuple

_GRAPH: Final = 7
_GRAPH_NODE: Final = 1
_GRAPH_OUTPUT: Final = 12
_MODEL_METADATA: Final = 14
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_NODE_INPUT, _NODE_OUTPUT, _NODE_OPERATION = 1, 2, 4
_VALUE_NAME: Final = 1


class _Wire(IntEnum):
    """How a field is written: a number of any length, eight bytes, bytes with their length, four bytes."""

    VARINT = 0
    FIXED64 = 1
    BYTES = 2
    FIXED32 = 5


class Node(NamedTuple):
    """One step of the graph: `operation` is the name of an operator of ONNX, `inputs` and `outputs` are tensors."""

    operation: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def nodes(model: bytes) -> list[Node]:
    """The steps of the graph; none when the file is no model."""
    try:
        return [
            _node(model, *node)
            for graph in _fields(model, 0, len(model), _GRAPH)
            for node in _fields(model, *graph, _GRAPH_NODE)
        ]
    except (IndexError, UnicodeDecodeError, OverflowError):
        return []


def metadata(model: bytes) -> dict[str, str]:
    """What the file says of itself, by name; nothing when it is no model."""
    try:
        entries = list(_fields(model, 0, len(model), _MODEL_METADATA))
        return {_text(model, *entry, _ENTRY_KEY): _text(model, *entry, _ENTRY_VALUE) for entry in entries}
    except (IndexError, UnicodeDecodeError, OverflowError):
        return {}


def with_output(model: bytes, tensor: str) -> bytes:
    """The model with a tensor of its inside as a further output, the last one."""
    value = _message(_VALUE_NAME, tensor.encode())
    return model + _message(_GRAPH, _message(_GRAPH_OUTPUT, value))


def _text(model: bytes, start: int, end: int, field: int) -> str:
    return "".join(model[begin:stop].decode() for begin, stop in _fields(model, start, end, field))


def _node(model: bytes, start: int, end: int) -> Node:
    def texts(field: int) -> tuple[str, ...]:
        return tuple(model[begin:stop].decode() for begin, stop in _fields(model, start, end, field))

    return Node("".join(texts(_NODE_OPERATION)), texts(_NODE_INPUT), texts(_NODE_OUTPUT))


def _fields(data: bytes, at: int, end: int, wanted: int) -> Iterator[tuple[int, int]]:
    """Where the contents of one field of a message lie; others are stepped over."""
    while at < end:
        key, at = _varint(data, at)
        match key & 7:
            case _Wire.BYTES:
                size, at = _varint(data, at)
                if key >> 3 == wanted:
                    yield at, at + size
                at += size
            case _Wire.VARINT:
                _, at = _varint(data, at)
            case _Wire.FIXED64:
                at += 8
            case _Wire.FIXED32:
                at += 4
            case _:
                raise IndexError("no protocol buffer")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise IndexError("no protocol buffer")


def _message(field: int, body: bytes) -> bytes:
    return _encoded(field << 3 | _Wire.BYTES) + _encoded(len(body)) + body


def _encoded(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
