"""How the stores of a server are, as whoever watches it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class StoreState:
    """`unreachable` says of each store whether it is. `waiting` and `lost` are numbers of records by what they are of:
    those that are to be written, and those that never will be."""

    unreachable: Mapping[str, bool] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    lost: Mapping[str, int] = field(default_factory=dict)
