"""Why a model was not fetched.

VoxwireError
└── PullError            the model could not be had
    ├── TermsNotAccepted its licence has to be accepted first
    └── NoRoom           the disk is too full
SourceFailed             one source could not give a file; the next is tried
"""

from collections.abc import Mapping
from pathlib import Path

from voxwire.errors import VoxwireError


class SourceFailed(Exception):
    """A source does not have the file. The text says why, as the end of a sentence."""


class SourceUnreachable(SourceFailed):
    """There is no way to the source, so there is none for the next model either."""


class PullError(VoxwireError):
    """A model could not be fetched. `reasons` says why, by source."""

    def __init__(self, name: str, reasons: Mapping[str, str]) -> None:
        why = "; ".join(f"{source}: {reason}" for source, reason in reasons.items())
        super().__init__(f"The model {name} could not be fetched. {why or 'It has no source that may be asked'}.")
        self.name = name
        self.reasons = dict(reasons)


class TermsNotAccepted(PullError):
    """The licence is not open, and nobody has accepted it here."""

    def __init__(self, name: str, licence: str, terms: str) -> None:
        VoxwireError.__init__(
            self,
            f"The model {name} is under {licence}. Read {terms}, and if you accept that, type: "
            f"voxwire models pull {name} --accept-licence",
        )
        self.name = name
        self.reasons = {}


class NoRoom(PullError):
    """The disk has too little room; `needed` and `free` are bytes."""

    def __init__(self, name: str, folder: Path, needed: int, free: int) -> None:
        VoxwireError.__init__(
            self,
            f"There is no room for the model {name}: {megabytes(needed)} are needed in {folder}, and "
            f"{megabytes(free)} are free. Free some, or name another folder by VOXWIRE_MODELS.",
        )
        self.name = name
        self.reasons = {}


def megabytes(count: int) -> str:
    """Bytes as a person reads them."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
