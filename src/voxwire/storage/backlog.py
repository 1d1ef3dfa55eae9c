"""What waits for the database, and what it has not got."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backlog:
    """Of one kind of record: `waiting` ones are to be written; `lost` ones had no room, or could not be."""

    waiting: int = 0
    lost: int = 0
