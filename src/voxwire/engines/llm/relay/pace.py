"""Which text of a service its audio voices: it says what it speaks, and not when."""

from typing import Final

from voxwire.interfaces.token_estimate import text_within

#: UTF-8 bytes a second: 15 characters of English, 5 of Chinese, which are three bytes each.
_FIRST_GUESS: Final = 15.0
#: Shorter messages teach nothing.
_WORTH_MS: Final = 1000.0


class Pace:
    """How fast the service speaks, in bytes of text a second: learnt from messages that are whole."""

    def __init__(self) -> None:
        self._bytes_per_s = _FIRST_GUESS

    def chars(self, text: str, ms: float) -> int:
        """How much of `text`, which may not be all yet, is voiced by the first `ms` milliseconds."""
        return len(text_within(text, int(ms * self._bytes_per_s / 1000)))

    def learn(self, text: str, ms: float) -> None:
        """A whole message: this text took so long."""
        if ms >= _WORTH_MS and text:
            spoken = len(text.encode()) * 1000 / ms
            self._bytes_per_s = (self._bytes_per_s + spoken) / 2
