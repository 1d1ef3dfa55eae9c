"""What can go wrong with a language model alone, beside what can with every endpoint
(`voxwire.engines.remote.endpoint_failures`)."""

from typing import Final

from voxwire.engines.remote.endpoint_failures import Failures
from voxwire.errors import EngineError

FAILURES: Final = Failures("llm", "language model")


def empty() -> EngineError:
    return FAILURES.failed("llm_empty_answer", "The language model gave an empty answer.")
