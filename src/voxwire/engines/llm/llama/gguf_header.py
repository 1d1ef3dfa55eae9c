"""What a GGUF file says of its model: read here, since llama.cpp ends the process at some files that are wrong.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import struct
from io import BufferedReader
from pathlib import Path
from typing import Any, Final

#: Versions that have lengths of 64 bits.
_VERSIONS: Final = (2, 3)
#: Kinds of values by their number: how `struct` reads one. 8 is a text, 9 a list.
_PLAIN: Final = {
    0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d",
}  # fmt: skip
_TEXT, _LIST = 8, 9
#: Above what models have: some hundred values, some thousand tensors of at most 4 dimensions.
_MOST_VALUES: Final = 65_536
_MOST_TENSORS: Final = 1_000_000
_MOST_DIMENSIONS: Final = 8
#: Longest text that is kept: chat templates have some kilobytes.
_MOST_TEXT: Final = 4 * 1024 * 1024


class NoGguf(Exception):
    """The file is no GGUF model, or not all of one; the text says why, as the end of a sentence."""


class GgufHeader:
    """The values of a model file, such as `general.architecture`; lists are left out."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.values = values
        self.architecture = str(values.get("general.architecture", ""))

    @property
    def name(self) -> str:
        """What the model calls itself; may be empty."""
        return str(self.values.get("general.name", "")).strip()

    @property
    def chat_template(self) -> str:
        """Empty where there is none."""
        return str(self.values.get("tokenizer.chat_template", "")).strip()

    @property
    def context_tokens(self) -> int | None:
        """What the model was made to read."""
        return self._number("context_length")

    def memory_of(self, tokens: int) -> int:
        """Bytes that llama.cpp needs to remember so many tokens, at 16 bits a number; 0 where the file does not say.

        Models that look back over a window need less; they count as if they needed nothing.
        """
        layers, heads = self._number("block_count"), self._number("attention.head_count")
        width = self._number("embedding_length")
        if not layers or not heads or not width or self._number("attention.sliding_window"):
            return 0
        kept = self._number("attention.head_count_kv") or heads
        key = self._number("attention.key_length") or width // heads
        value = self._number("attention.value_length") or width // heads
        return tokens * layers * kept * (key + value) * 2

    def _number(self, name: str) -> int | None:
        """A number of the model's kind; None where it has none, or one for each layer."""
        value = self.values.get(f"{self.architecture}.{name}")
        return value if isinstance(value, int) and value > 0 else None


def read_header(path: Path) -> GgufHeader:
    """Read the header of a model file; some tenths of a second where there are many words. Raises NoGguf and OSError.

    A file that ends before its last tensor begins is refused: the rest of it was never fetched.
    """
    with path.open("rb") as file:
        return _Reader(file, path.stat().st_size).header()


class _Reader:
    def __init__(self, file: BufferedReader, size: int) -> None:
        self._file = file
        self._size = size

    def header(self) -> GgufHeader:
        if self._bytes(4) != b"GGUF":
            raise NoGguf("it does not begin like one")
        version = self._plain("<I")
        if version not in _VERSIONS:
            raise NoGguf(f"its version {version} is unknown")
        tensors, count = self._plain("<Q"), self._plain("<Q")
        if count > _MOST_VALUES or tensors > _MOST_TENSORS:
            raise NoGguf("it counts more parts than a model has")
        values = {}
        for _ in range(count):
            name = self._text()
            value = self._value(self._plain("<I"))
            if value is not None:
                values[name] = value
        header = GgufHeader(values)
        if not header.architecture:
            raise NoGguf("it does not say what kind of model it is")
        last = max((self._tensor_begins() for _ in range(tensors)), default=0)
        if not tensors or self._file.tell() + last >= self._size:
            raise NoGguf("its end is missing")
        return header

    def _value(self, kind: int) -> Any:
        """A plain value or a text; a list is passed over."""
        if kind == _TEXT:
            return self._text()
        if kind in _PLAIN:
            return self._plain(_PLAIN[kind])
        if kind != _LIST:
            raise NoGguf("it has a value of an unknown kind")
        kind, count = self._plain("<I"), self._plain("<Q")
        if kind in _PLAIN:
            self._skip(count * struct.calcsize(_PLAIN[kind]))
        elif kind == _TEXT and count <= self._size:
            for _ in range(count):
                self._skip(self._plain("<Q"))
        else:
            raise NoGguf("it has a list that cannot be")
        return None

    def _tensor_begins(self) -> int:
        """Where the tensor's data begins, from the end of the header."""
        self._text()
        dimensions = self._plain("<I")
        if dimensions > _MOST_DIMENSIONS:
            raise NoGguf("it has a tensor that cannot be")
        self._skip(8 * dimensions + 4)
        begins: int = self._plain("<Q")
        return begins

    def _text(self) -> str:
        size = self._plain("<Q")
        if size > _MOST_TEXT:
            raise NoGguf("it has a text without end")
        return self._bytes(size).decode("utf-8", "replace")

    def _plain(self, format: str) -> Any:
        return struct.unpack(format, self._bytes(struct.calcsize(format)))[0]

    def _bytes(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise NoGguf("its end is missing")
        return data

    def _skip(self, size: int) -> None:
        if self._file.tell() + size > self._size:
            raise NoGguf("its end is missing")
        self._file.seek(size, 1)
