"""What an ONNX file says about itself: its metadata, read without the model.

A file is a protocol buffer. Field 14 of its outermost message holds a pair of texts; the model itself, field 7, is
passed over.
"""

from pathlib import Path
from typing import BinaryIO, Final

_METADATA: Final = 14
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MOST: Final = 1024 * 1024


def read_metadata(file: Path) -> dict[str, str]:
    """Raises ValueError for a file that is no ONNX model, and OSError."""
    found: dict[str, str] = {}
    fields = 0
    with file.open("rb") as stream:
        while (tag := _varint(stream)) is not None:
            fields += 1
            field, kind = tag >> 3, tag & 7
            if kind == _BYTES:
                size = _varint(stream) or 0
                if field == _METADATA and size <= _MOST:
                    pair = _pair(stream.read(size))
                    found[pair[0]] = pair[1]
                else:
                    stream.seek(size, 1)
            elif kind in (_FIXED64, _FIXED32):
                stream.seek(8 if kind == _FIXED64 else 4, 1)
            elif kind != _VARINT or _varint(stream) is None:
                raise ValueError("no ONNX model")
        if not fields or stream.tell() != file.stat().st_size:
            raise ValueError("no ONNX model, or one that ends too early")
    return found


def _varint(stream: BinaryIO) -> int | None:
    """The next number; None at the end of the file."""
    value = 0
    for shift in range(0, 70, 7):
        byte = stream.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("no ONNX model")


def _pair(data: bytes) -> tuple[str, str]:
    """Key and value, fields 1 and 2."""
    texts = {1: "", 2: ""}
    at = 0
    while at + 1 < len(data):
        field, at = data[at] >> 3, at + 1
        size = shift = 0
        while at < len(data):
            byte, at = data[at], at + 1
            size |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                break
        texts[field] = data[at : at + size].decode("utf-8", "replace")
        at += size
    return texts[1], texts[2]
