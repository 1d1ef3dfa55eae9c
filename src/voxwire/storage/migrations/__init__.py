"""From each released form of the database to the next: one file in `versions` for each, which `upgrade`
applies.

Nothing is released with a database yet, so there is one.
"""

from typing import Final

#: All of them, oldest first; what a database says of itself is one of these. Here, so that to compare costs no alembic.
REVISIONS: Final = ("0001_initial",)
#: Those that a released version had. What is in one of them never changes again, and `tests/storage/releases` has a
#: database of each.
RELEASED: Final[tuple[str, ...]] = ()
