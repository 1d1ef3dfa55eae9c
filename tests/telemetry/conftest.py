"""What tests of telemetry leave as they found it."""

import logging
from collections.abc import Iterator

import pytest

_SET = ("", "voxwire", "voxwire.access", "uvicorn", "uvicorn.error", "uvicorn.access", "websockets", "asyncio")


@pytest.fixture(autouse=True)
def _nothing_blocks(unblocked_loop: None) -> None:
    """No event loop is blocked by what is measured or written down."""


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in _SET]
    before = [(logger, logger.level, logger.handlers[:]) for logger in loggers]
    yield
    logging.captureWarnings(False)
    for logger, level, handlers in before:
        logger.setLevel(level)
        logger.handlers[:] = handlers
