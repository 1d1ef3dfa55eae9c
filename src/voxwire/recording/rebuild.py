"""Values made anew with some of their leaves changed: sound taken out, words replaced."""

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, Final, get_args, get_type_hints

import msgspec

from voxwire.recording.journal_format import encode_journal

#: Of a leaf and the name of the field that it stands in, what stands there instead.
Change = Callable[[Any, str], Any]

_DIGEST_BYTES: Final = 8
#: Types, and whether their values can hold sound. There are some hundred.
_known: Final[dict[type, bool]] = {}


def rebuilt(value: Any, change: Change, field: str = "") -> Any:
    """`value` with every leaf changed, in structs, tuples, lists and dicts. What stays the same is not copied."""
    if isinstance(value, msgspec.Struct):
        changed = {
            name: new
            for name in value.__struct_fields__
            if (new := rebuilt(old := getattr(value, name), change, name)) is not old
        }
        return msgspec.structs.replace(value, **changed) if changed else value
    if isinstance(value, tuple | list):
        items = [rebuilt(item, change, field) for item in value]
        return value if all(map(_same, items, value)) else type(value)(items)
    if isinstance(value, dict):
        return {key: rebuilt(item, change, str(key)) for key, item in value.items()}
    return change(value, field)


def silent(value: Any) -> Any:
    """With silence of the same length in place of all sound."""
    return rebuilt(value, _silence) if _has_sound(type(value)) else value


def soundless(value: Any) -> Any:
    """With no sound in it, and the length of it where it was."""
    return rebuilt(value, _length) if _has_sound(type(value)) else value


def without_clips(value: Any) -> Any:
    """With clips that are empty: whoever reads a session looks for sound elsewhere."""
    return rebuilt(value, _nothing) if _has_sound(type(value)) else value


def digest(outputs: Iterable[Any]) -> bytes:
    """Tells one list of outputs from another. Sound in them counts by its length: it is that of the inputs."""
    named = [(type(output).__name__, soundless(output)) for output in outputs]
    return hashlib.blake2b(encode_journal(named), digest_size=_DIGEST_BYTES).digest() if named else b""


def _same(one: Any, other: Any) -> bool:
    return one is other


def _silence(leaf: Any, field: str) -> Any:
    return bytes(len(leaf)) if isinstance(leaf, bytes | bytearray) else leaf


def _length(leaf: Any, field: str) -> Any:
    return len(leaf) if isinstance(leaf, bytes | bytearray) else leaf


def _nothing(leaf: Any, field: str) -> Any:
    return b"" if leaf and isinstance(leaf, bytes | bytearray) else leaf


def _has_sound(kind: type) -> bool:
    """Whether values of this type can hold sound: most cannot, and are passed over quickly."""
    if (known := _known.get(kind)) is None:
        known = _known[kind] = _sound_within(kind, set())
    return known


def _sound_within(kind: Any, seen: set[Any]) -> bool:
    if kind in (bytes, bytearray):
        return True
    inner = get_args(kind)
    if not inner and isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in seen:
        seen.add(kind)
        inner = tuple(get_type_hints(kind).values())
    return any(_sound_within(one, seen) for one in inner)
