"""Words of the tokens that a model writes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from voxwire.engines.stt.audio_messages import TimedWord

#: How long a model's token lasts at least, for the end of the last word.
_TOKEN_MS: Final = 80.0


def words_of(tokens: Sequence[str], seconds: Sequence[float], length_ms: float) -> list[TimedWord]:
    """Words of tokens of which the first of each word begins with a space. Empty where a token has no time."""
    if len(seconds) != len(tokens):
        return []
    spelled: list[list[Any]] = []
    for token, at in zip(tokens, seconds, strict=True):
        if not spelled or token[:1] in (" ", "▁"):
            spelled.append([token.strip(" ▁"), at * 1000, at * 1000 + _TOKEN_MS])
        else:
            spelled[-1][0] += token
            spelled[-1][2] = at * 1000 + _TOKEN_MS
    ends = [min(word[2], after[1]) for word, after in pairwise(spelled)]
    ends += [min(word[2], length_ms) for word in spelled[-1:]]
    return [TimedWord(word[0], word[1], max(end, word[1])) for word, end in zip(spelled, ends, strict=True) if word[0]]
