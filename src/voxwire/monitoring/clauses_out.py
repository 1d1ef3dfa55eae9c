"""Text in clauses: a check sees the end of one before any of it is said. A voice waits for that end anyway."""

import re
from typing import Final

#: What ends a clause, with the space after it that says that no more of it comes; Chinese and Japanese have none.
_END: Final = re.compile(r"[.!?…;:,]\s|[\u3002\uff01\uff1f\uff1b\uff0c\n]")
#: A clause that has no end is cut at a word.
_LONGEST: Final = 400


class ClausesOut:
    """Holds text back until a clause of it is complete."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, text: str) -> str:
        """All complete clauses."""
        self._held += text
        cut = max((found.end() for found in _END.finditer(self._held)), default=0)
        if len(self._held) - cut > _LONGEST:
            cut = self._held.rfind(" ") + 1 or len(self._held)
        passed, self._held = self._held[:cut], self._held[cut:]
        return passed

    def flush(self) -> str:
        """What is left."""
        passed, self._held = self._held, ""
        return passed
