"""Everything that can go wrong with an endpoint, as a stable code and a sentence that a client may see.

The sentences never quote the endpoint, whose messages may carry parts of keys or addresses of the inside.
"""

import re
from typing import Any, Final

import msgspec

from voxwire.errors import EngineError

_CODE: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")


class _Answered(msgspec.Struct):
    error: Any = None


class Failures(msgspec.Struct, frozen=True):
    """The failures of one kind of endpoint: `stage` begins their codes, `what` their sentences ("language model")."""

    stage: str
    what: str

    def failed(self, code: str, message: str) -> EngineError:
        """A failure of this stage, under a code of its own."""
        return EngineError(self.stage, code, message)

    def unreachable(self) -> EngineError:
        return self._one("unreachable", f"The {self.what} cannot be reached at the moment.")

    def silent(self, seconds: float) -> EngineError:
        return self._one("timeout", f"The {self.what} gave nothing for {seconds:.0f} s.")

    def disconnected(self) -> EngineError:
        return self._one("disconnected", f"The {self.what} broke off in the middle of its answer.")

    def broken(self, sent: str) -> EngineError:
        """`sent` says what came instead of an answer ("a line without end")."""
        return self._one("invalid_stream", f"The {self.what}'s endpoint sent {sent}.")

    def in_stream(self) -> EngineError:
        return self._one("error", f"The {self.what} reported an error in the middle of its answer.")

    def of_status(self, status: int, retry_after: str | None = None) -> EngineError:
        """The failure that an HTTP status other than 200 stands for."""
        match status:
            case 401 | 403:
                return self._one("key_refused", f"The {self.what}'s endpoint refuses the server's key.")
            case 404:
                return self._one("not_found", f"The {self.what}, or its endpoint, is not there (404).")
            case 408 | 504:
                return self._one("timeout", f"The {self.what} did not answer in time ({status}).")
            case 429:
                wait = f" Try again in {retry_after} s." if retry_after and retry_after.isdecimal() else ""
                return self._one("rate_limited", f"The {self.what} has too many requests.{wait}")
        if 300 <= status < 400:
            return self._one(
                "redirected",
                f"The {self.what}'s endpoint redirects to another address, and the server does not follow.",
            )
        if status >= 500:
            return self._one("server_error", f"The {self.what}'s server failed ({status}).")
        return self._one("request_refused", f"The {self.what}'s endpoint refused the request ({status}).")

    def _one(self, kind: str, sentence: str) -> EngineError:
        return self.failed(f"{self.stage}_{kind}", sentence)


def error_field(body: bytes, name: str) -> str | None:
    """A field of an error's body (`code`, `type`, `param`), where it is a plain name: safe to log, good to act upon."""
    try:
        error = msgspec.json.decode(body, type=_Answered).error
    except msgspec.DecodeError:
        return None
    value = error.get(name) if isinstance(error, dict) else None
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None
