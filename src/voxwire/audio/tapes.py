"""Which tape is used: the one in C where `voxwire-speedups` has it, else the one in Python (`voxwire.audio.tape`)."""

from importlib import import_module
from typing import Final, cast

from voxwire.audio.tape import Tape

#: Of `voxwire-speedups`: a package with another one counts as missing.
KNOWN_INTERFACE: Final = 3


def _native() -> type[Tape] | None:
    try:
        speedups = import_module("voxwire_speedups")
    except ImportError:
        return None
    return cast("type[Tape]", speedups.Tape) if speedups.INTERFACE == KNOWN_INTERFACE else None


#: Those that there are, by name. Both have the same interface and behave alike.
TAPES: Final[dict[str, type[Tape]]] = {
    name: kind for name, kind in (("python", Tape), ("native", _native())) if kind is not None
}
#: The one that sessions use.
new_tape: Final[type[Tape]] = TAPES.get("native", Tape)
