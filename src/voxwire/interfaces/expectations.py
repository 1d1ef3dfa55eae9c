"""What users are likely to say: a capability that a language engine may have beside answering."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from voxwire.events.session_config import FunctionTool


@runtime_checkable
class Expectations(Protocol):
    """Of a language engine that understands certain sentences and no others: it knows what it can be told.

    An engine for open conversation has neither of these methods. Where an engine has both, recognisers hear of its
    sentences (`SttConfig.phrases`), and it judges what they make of them (`SttFinal.alternatives`).

    Both depend on the instructions and tools of the session alone, and are called in threads, several at once.
    Broken: EngineError, which fails the utterance.
    """

    def phrases(self, instructions: str, tools: Sequence[FunctionTool]) -> tuple[str, ...]:
        """Sentences that the engine expects to hear, in plain words; the same for the same arguments."""
        ...

    def understands(self, text: str, instructions: str, tools: Sequence[FunctionTool]) -> bool:
        """Whether `text` as a whole is something that the engine has an answer for."""
        ...
