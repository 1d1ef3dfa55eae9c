"""When each word was heard."""

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from voxwire.engines.stt.whisper.messages import HeardWord

#: Milliseconds of which the encoder makes one vector.
_STEP_MS: Final = 20.0


def timed(words: Sequence[HeardWord], path: Sequence[tuple[int, int]], heard: tuple[float, float]) -> list[HeardWord]:
    """Words with their times.

    `path` is the way through tokens and steps of 20 ms that CTranslate2 found. It begins at 0 and goes on to the end,
    whatever is heard there; `heard` is where there is sound, in milliseconds.
    """
    first, last = heard
    begins: dict[int, float] = {}
    for token, step in path:
        begins.setdefault(token, step * _STEP_MS)
    result: list[HeardWord] = []
    token, earliest = 0, first
    for word in words:
        start = min(max(begins.get(token, earliest), earliest), last)
        token += len(word.tokens)
        end = min(max(begins.get(token, last), start), last)
        result.append(replace(word, start_ms=start, end_ms=end))
        earliest = end
    return result
