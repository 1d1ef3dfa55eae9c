"""What may be logged, and where."""

import logging
from collections.abc import Iterator

import pytest

from voxwire.config import LoggingSettings
from voxwire.server.logs import configure_logging

NAMES = ("", "voxwire", "voxwire.access", "uvicorn", "uvicorn.error", "uvicorn.access", "websockets", "asyncio")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in NAMES]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers


def test_goes_to_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LoggingSettings())
    logging.getLogger("voxwire.server").info("hello")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.endswith("INFO voxwire.server: hello\n")


def test_libraries_that_print_requests_stay_quiet_at_every_level(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LoggingSettings(level="debug"))
    for name in ("uvicorn.error", "uvicorn.access", "websockets.server", "websockets.client"):
        logging.getLogger(name).info("GET /v1/realtime?api-key=secret")
    assert capsys.readouterr().err == ""
    assert logging.getLogger("voxwire.runtime").isEnabledFor(logging.DEBUG)


@pytest.mark.parametrize("access", [True, False])
def test_access_log_can_be_switched_off(access: bool, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LoggingSettings(access=access, level="warning"))
    logging.getLogger("voxwire.access").info("GET /")
    assert ("GET /" in capsys.readouterr().err) is access
