"""Everything that can go wrong with a chat endpoint, as a stable code and a sentence that a client may see.

The sentences never quote the endpoint, whose messages may carry parts of keys or addresses of the inside.
"""

import re
from typing import Any, Final

import msgspec

from voxwire.errors import EngineError

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


class _Answered(msgspec.Struct):
    error: Any = None


def failed(code: str, message: str) -> EngineError:
    """A failure of the language model."""
    return EngineError("llm", code, message)


def unreachable() -> EngineError:
    return failed("llm_unreachable", "The language model cannot be reached at the moment.")


def silent(seconds: float) -> EngineError:
    return failed("llm_timeout", f"The language model gave nothing for {seconds:.0f} s.")


def disconnected() -> EngineError:
    return failed("llm_disconnected", "The language model broke off in the middle of its answer.")


def broken_stream(what: str) -> EngineError:
    return failed("llm_invalid_stream", f"The language model's endpoint sent {what}.")


def empty() -> EngineError:
    return failed("llm_empty_answer", "The language model gave an empty answer.")


def in_stream() -> EngineError:
    return failed("llm_error", "The language model reported an error in the middle of its answer.")


def of_status(status: int, retry_after: str | None) -> EngineError:
    """The failure that an HTTP status other than 200 stands for."""
    match status:
        case 401 | 403:
            return failed("llm_key_refused", "The language model's endpoint refuses the server's key.")
        case 404:
            return failed("llm_not_found", "The language model, or its endpoint, is not there (404).")
        case 408 | 504:
            return failed("llm_timeout", f"The language model did not answer in time ({status}).")
        case 429:
            wait = f" Try again in {retry_after} s." if retry_after and retry_after.isdecimal() else ""
            return failed("llm_rate_limited", f"The language model has too many requests.{wait}")
    if 300 <= status < 400:
        return failed(
            "llm_redirected",
            "The language model's endpoint redirects to another address, and the server does not follow.",
        )
    if status >= 500:
        return failed("llm_server_error", f"The language model's server failed ({status}).")
    return failed("llm_request_refused", f"The language model's endpoint refused the request ({status}).")


def error_field(body: bytes, name: str) -> str | None:
    """`error.code` or `error.param` of an error's body, where it is a plain name: safe to log, useful to act upon."""
    try:
        error = msgspec.json.decode(body, type=_Answered).error
    except msgspec.DecodeError:
        return None
    value = error.get(name) if isinstance(error, dict) else None
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None
