"""Every exception of Voxwire.

    VoxwireError
    ├── ClientError            the client's mistake; the session goes on (protocol: errors, Events of type error)
    │   └── RequestRefused     the same before a session: an HTTP status (protocol: connecting, Refused handshakes)
    ├── EngineError            an engine failed; ends one response or one transcription
    │   ├── EngineBusy         no lease before the deadline
    │   └── EngineDied         the worker process is gone
    ├── ConfigurationError     the operator's mistake; one clear line at start-up
    │   └── PackagesMissing    what is not installed, and the command that installs it
    ├── StorageError           the database could not do its work; nothing of what was asked was stored
    └── InvariantError         our own bug: an illegal step, with expected and actual

Exceptions carry data; the text is derived from it.
"""

from collections.abc import Mapping
from typing import Final, Literal

INVALID_REQUEST: Final = "invalid_request_error"
SERVER_ERROR: Final = "server_error"

StorageTrouble = Literal["locked", "full", "unreachable", "corrupt", "newer", "refused", "failed"]

#: Most characters of a client's own text that an error repeats.
_ECHO: Final = 100


def shorten(text: str) -> str:
    """A client's own text as an error repeats it."""
    return text if len(text) <= _ECHO else text[:_ECHO] + "…"


class VoxwireError(Exception):
    """Base of all exceptions that Voxwire raises on purpose."""


class ClientError(VoxwireError):
    """The client asked for something that cannot be done; answered by one `error` event.

    `param` is the dotted path of the offending field from the event root, in GA spelling
    (`session.audio.output.voice`); dialects with other names translate it. `event_id` is the
    client's own id of the offending event, or None when it sent none.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str,
        param: str | None = None,
        event_id: str | None = None,
        type: str = INVALID_REQUEST,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.event_id = event_id
        self.type = type


class RequestRefused(ClientError):
    """A request or handshake that is answered by a status and a JSON body (protocol: connecting, Refused handshakes).

    `headers` are added to the answer (`Retry-After`, `Allow`).
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str,
        param: str | None = None,
        type: str = INVALID_REQUEST,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        super().__init__(message, code=code, param=param, type=type)
        self.status = status
        self.headers = headers


class EngineError(VoxwireError):
    """An engine could not do its work.

    `stage` is one of `stt`, `llm`, `tts`, `vad`, `turn`; `code` is stable and goes onto the wire in
    `status_details.error.code` or in the transcription failure.
    """

    def __init__(self, stage: str, code: str, message: str) -> None:
        super().__init__(message)
        self.stage = stage
        self.code = code
        self.message = message

    def __str__(self) -> str:
        return f"{self.stage}: {self.message} ({self.code})"


class EngineBusy(EngineError):
    """Every worker stayed occupied until the deadline passed."""

    def __init__(self, stage: str, waited_s: float) -> None:
        super().__init__(stage, "engine_busy", f"No free worker within {waited_s:.0f} s.")


class EngineDied(EngineError):
    """The worker process that did the work ended."""

    def __init__(self, stage: str, detail: str) -> None:
        super().__init__(stage, "engine_died", f"The worker process ended: {detail}.")


class ConfigurationError(VoxwireError):
    """The settings cannot work; the message says what to change."""


class PackagesMissing(ConfigurationError):
    """Packages are not installed. `reasons` are sentences, one for each; `wanted` are the distributions to install,
    with the extras of each."""

    def __init__(self, reasons: tuple[str, ...], wanted: Mapping[str, tuple[str, ...]]) -> None:
        self.reasons = reasons
        self.wanted = wanted
        names = (f"{name}[{','.join(extras)}]" if extras else name for name, extras in wanted.items())
        install = " ".join(f"'{name}'" for name in names)
        it = "it" if len(reasons) == 1 else "them"
        super().__init__(f"{' '.join(reasons)} Install {it} with: pip install {install}")

    def __add__(self, other: "PackagesMissing") -> "PackagesMissing":
        """Both at once, with one command."""
        wanted = dict(self.wanted)
        for name, extras in other.wanted.items():
            wanted[name] = tuple(dict.fromkeys((*wanted.get(name, ()), *extras)))
        return PackagesMissing(tuple(dict.fromkeys((*self.reasons, *other.reasons))), wanted)


class StorageError(VoxwireError):
    """The database could not do its work; the message says why, what to do, and no secret.

    `kind`: `locked`, `full` and `unreachable` may pass by themselves; `corrupt`, `newer`, `refused` (what was asked
    for is not allowed, or not possible) and `failed` need somebody.
    """

    def __init__(self, kind: StorageTrouble, message: str) -> None:
        super().__init__(message)
        self.kind = kind

    @property
    def passing(self) -> bool:
        """Whether it is worth trying again later."""
        return self.kind in ("locked", "full", "unreachable")


class InvariantError(VoxwireError):
    """A step that the program's own rules forbid: a bug of ours."""

    def __init__(self, what: str, *, expected: object, actual: object) -> None:
        super().__init__(f"{what}: expected {expected}, got {actual}")
        self.expected = expected
        self.actual = actual
