"""What can go wrong with a language model alone, beside what can with every endpoint
(`voxwire.engines.remote.endpoint_failures`)."""

from typing import Final

from voxwire.engines.remote.endpoint_failures import Failures
from voxwire.engines.remote.http import Refused
from voxwire.errors import EngineError

FAILURES: Final = Failures("llm", "language model")
#: Those that may pass by themselves, if nothing has come of the answer yet.
PASSING: Final = ("llm_unreachable", "llm_disconnected", "llm_server_error")
#: What endpoints call a conversation that their model cannot read; the second is llama.cpp's.
_TOO_LONG: Final = ("context_length_exceeded", "exceed_context_size_error")


def of_refusal(refused: Refused) -> EngineError:
    """The failure that an error of the endpoint stands for."""
    if refused.code in _TOO_LONG:
        return FAILURES.failed(
            "llm_context_exceeded",
            "The conversation is longer than the language model can read; the option context_tokens is too large.",
        )
    return FAILURES.of_status(refused.status, refused.retry_after)


def not_chosen() -> EngineError:
    """Clients see no names of models; the log has them."""
    return FAILURES.failed(
        "llm_model_not_chosen",
        "The language model's endpoint does not have exactly one model, and the server was not told which to use: "
        "start it with --model, or set the option model.",
    )


def empty() -> EngineError:
    return FAILURES.failed("llm_empty_answer", "The language model gave an empty answer.")
