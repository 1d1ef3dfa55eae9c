"""What a line looks like in either form, and what is left out of it."""

import contextvars
import json
import logging
import warnings
from typing import Any

import pytest

from voxwire import log_context
from voxwire.config import LoggingSettings
from voxwire.errors import ConfigurationError, EngineError
from voxwire.server.logs import configure_logging

logger = logging.getLogger("voxwire.runtime")


def written(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_a_json_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LoggingSettings(format="json"))
    logger.info("%d of %s", 3, "four\nlines")
    (line,) = written(capsys)
    assert line.pop("time").endswith("Z")
    assert line == {"level": "info", "logger": "voxwire.runtime", "message": "3 of four\nlines"}


def in_a_session() -> None:
    log_context.work_for(session_id="sess_1", deployment="gpt-4o")
    log_context.work_for(request_id="r-1", principal=None)
    logger.warning("sess_1 is slow")


def test_lines_say_for_whom_the_code_worked(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LoggingSettings(format="json"))
    contextvars.copy_context().run(in_a_session)
    logger.warning("nobody's")
    theirs, nobodys = written(capsys)
    assert (theirs["session_id"], theirs["deployment"], theirs["request_id"]) == ("sess_1", "gpt-4o", "r-1")
    assert "principal" not in theirs
    assert "session_id" not in nobodys


def test_text_lines_say_it_too_and_nothing_twice(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LoggingSettings())
    contextvars.copy_context().run(in_a_session)
    logger.warning("nobody's")
    theirs, nobodys = capsys.readouterr().err.splitlines()
    assert theirs.endswith("WARNING voxwire.runtime: sess_1 is slow [deployment=gpt-4o request_id=r-1]")
    assert nobodys.endswith("WARNING voxwire.runtime: nobody's")


def test_libraries_write_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LoggingSettings(format="json"))
    logging.getLogger("httpx2").error("no %s", "route")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    library, warned = written(capsys)
    assert (library["logger"], library["message"]) == ("httpx2", "no route")
    assert (warned["logger"], "DeprecationWarning: old" in warned["message"]) == ("py.warnings", True)


SAID = "marzipan"


def fail() -> None:
    try:
        try:
            raise EngineError("llm", "engine_failed", SAID)
        except EngineError as error:
            raise ValueError(SAID) from error
    except ValueError:
        raise ExceptionGroup(SAID, [ConfigurationError("Say who."), KeyError(SAID)]) from None


@pytest.mark.parametrize("form", ["text", "json"])
def test_exceptions_say_where_and_quote_nobody(form: Any, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LoggingSettings(format=form))
    try:
        fail()
    except ExceptionGroup:
        logger.exception("it failed")
    try:
        try:
            raise EngineError("llm", "engine_failed", SAID)
        except EngineError as error:
            raise OSError(28, "No space left on device") from error
    except OSError:
        logger.exception("it failed, too")
    told = capsys.readouterr().err
    assert SAID not in told
    where = "in fail", "ExceptionGroup", "KeyError", "EngineError"
    for part in (*where, "ConfigurationError: Say who.", "No space left"):
        assert part in told
