"""Settings of ephemeral keys that are too long to travel in a header: kept here, the key has their number."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

#: Longest settings that travel in the key, in bytes of JSON: base64 makes 4 KiB of them, and many proxies end a header
#: at 8 KiB.
INLINE_BYTES: Final = 3072
#: What all that are kept may take together.
_MOST_BYTES: Final = 64 * 1024 * 1024


class LargeSettings:
    """In the memory of this process. Full, it forgets the oldest; their keys are refused then."""

    def __init__(self, clock: Callable[[], float] = time.time, most_bytes: int = _MOST_BYTES) -> None:
        self._clock = clock
        self._most = most_bytes
        self._kept: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._size = 0

    def keep(self, settings: str, expires_at: float) -> str:
        """Keep settings until a time; gives their number."""
        now = self._clock()
        while self._kept:
            oldest, (text, end) = next(iter(self._kept.items()))
            if end > now and self._size + len(settings) <= self._most:
                break
            self._size -= len(text)
            del self._kept[oldest]
        number = secrets.token_urlsafe(16)
        self._kept[number] = settings, expires_at
        self._size += len(settings)
        return number

    def find(self, number: str) -> str | None:
        """The settings of this number; None where they are not here any more."""
        found = self._kept.get(number)
        return None if found is None or found[1] <= self._clock() else found[0]
