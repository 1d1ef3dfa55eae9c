"""How a log line is written: as text for people, or as one JSON object for machines.

Lines of all loggers are written so, those of libraries too. Each says for whom the code worked (`log_context`).
"""

import textwrap
import traceback
from collections.abc import Mapping, MutableMapping
from logging import Formatter, LogRecord
from typing import Any, Final

import structlog
from structlog.stdlib import ProcessorFormatter

from voxwire.errors import ConfigurationError, InvariantError
from voxwire.log_context import this_process, worked_for

#: The message of such an exception was written by us, or by the system about a file or a connection. That of any other
#: may quote what it was raised for: a key, or words of a conversation.
_TELLING: Final = (ConfigurationError, InvariantError, OSError, ImportError)
#: Exceptions that led to one another, or are in one group, of which a line tells.
_LONGEST_CHAIN: Final = 8


def formatter(form: str) -> Formatter:
    """Of the setting `logging.format`: `text` or `json`."""
    return JsonLines() if form == "json" else TextLines("%(asctime)s %(levelname)s %(name)s: %(message)s")


class TextLines(Formatter):
    """`… INFO voxwire.runtime: message [session_id=sess_1 deployment=gpt-realtime]`."""

    def formatMessage(self, record: LogRecord) -> str:
        line = super().formatMessage(record)
        # A line that names one itself need not say it twice.
        said = {name: value for name, value in worked_for().items() if value not in record.message}
        ids = " ".join(f"{name}={value}" for name, value in {**this_process(), **said}.items())
        return f"{line} [{ids}]" if ids else line

    def formatException(self, ei: Any) -> str:
        return telling_traceback(ei[1])


class JsonLines(ProcessorFormatter):
    """`{"time": …, "level": "info", "logger": "voxwire.runtime", "message": …, "session_id": …}`."""

    def __init__(self) -> None:
        super().__init__(
            processors=[
                ProcessorFormatter.remove_processors_meta,
                structlog.processors.EventRenamer("message"),
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
            foreign_pre_chain=[
                structlog.processors.TimeStamper(fmt="iso", key="time"),
                structlog.stdlib.add_log_level,
                _add_logger,
                _add_ids,
                _add_exception,
            ],
        )


def _add_logger(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    line["logger"] = line["_record"].name
    return line


def _add_ids(_: Any, __: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {**this_process(), **worked_for(), **line}


def _add_exception(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    error = line.pop("exc_info", None)
    if error and error[1] is not None:
        line["exception"] = telling_traceback(error[1])
    return line


def telling_traceback(error: BaseException) -> str:
    """Where an exception came from and what led to it; of messages those alone that quote nobody."""
    told: list[str] = []
    following: BaseException | None = error
    while following is not None and len(told) < _LONGEST_CHAIN:
        told.append(_one(following))
        suppressed = following.__suppress_context__
        following = following.__cause__ or (None if suppressed else following.__context__)
    return "\n\n".join(reversed(told))


def _one(error: BaseException) -> str:
    frames = "".join(traceback.format_tb(error.__traceback__))
    said = f": {error}" if isinstance(error, _TELLING) else ""
    lines = f"Traceback (most recent call last):\n{frames}{type(error).__qualname__}{said}"
    if isinstance(error, BaseExceptionGroup):
        inner = (textwrap.indent(telling_traceback(one), "  ") for one in error.exceptions[:_LONGEST_CHAIN])
        lines = "\n".join([lines, *inner])
    return lines
