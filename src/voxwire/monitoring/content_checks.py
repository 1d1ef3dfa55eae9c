"""What a check is, and checks by name.

An entry point of the group `voxwire.checks` names a function that takes the options of the settings (a mapping), and
returns a check. It raises ConfigurationError for options that it does not take.
"""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import Any, Final, Protocol, runtime_checkable

from voxwire.errors import ConfigurationError, PackagesMissing

_GROUP: Final = "voxwire.checks"


@runtime_checkable
class LooksAtOnce(Protocol):
    """A check in this process."""

    def look(self, text: str) -> str | None:
        """What it found, as a word for people that repeats nothing of the text; None for nothing. Called on the event
        loop with up to 2,000 characters: it takes well under a millisecond for that, whatever they are."""
        ...


@runtime_checkable
class AsksSomebody(Protocol):
    """A check that takes time."""

    async def ask(self, text: str) -> str | None:
        """The same. Raises any Exception where nobody can say."""
        ...

    async def close(self) -> None:
        """Free what it holds. It may be asked again."""
        ...


ContentCheck = LooksAtOnce | AsksSomebody


def make_check(kind: str, options: Mapping[str, Any]) -> ContentCheck:
    """Raises ConfigurationError."""
    points = {point.name: point for point in entry_points(group=_GROUP)}
    if kind not in points:
        offered = ", ".join(map(repr, sorted(points)))
        raise ConfigurationError(f"There is no check {kind!r}. Installed: {offered}.")
    try:
        check = points[kind].load()(options)
    except ModuleNotFoundError as error:
        wanted = {"voxwire": ("monitoring",)} if error.name == "re2" else {error.name or kind: ()}
        raise PackagesMissing((f"The check {kind!r} lacks the package {error.name!r}.",), wanted) from error
    assert isinstance(check, LooksAtOnce | AsksSomebody)
    return check
