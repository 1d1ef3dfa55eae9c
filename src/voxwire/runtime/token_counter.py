"""Tokens of what a model reads: counted by its engine where that can, else estimated."""

from collections.abc import Callable
from typing import Final

from voxwire.interfaces.llm import CountsTokens, LlmEngine
from voxwire.interfaces.token_estimate import text_tokens
from voxwire.runtime.engine_calls import log_bug

#: Longer texts are estimated: a tokenizer takes some 10 ms for this much, and counting is done on the event loop.
_MOST_CHARS: Final = 32 * 1024


def token_counter(llm: LlmEngine) -> Callable[[str], int]:
    """Counts the tokens of a text for this engine; never raises."""
    return _Counter(llm) if isinstance(llm, CountsTokens) else text_tokens


class _Counter:
    def __init__(self, engine: CountsTokens) -> None:
        self._engine = engine
        self._broken = False

    def __call__(self, text: str) -> int:
        if self._broken or len(text) > _MOST_CHARS:
            return text_tokens(text)
        try:
            return self._engine.count_tokens(text)
        except Exception as bug:
            self._broken = True  # said once: it would fail for every item of every response
            log_bug("the language engine could not count tokens; they are estimated from now on", bug)
            return text_tokens(text)
