"""Where log lines go: stderr, so that stdout keeps what a person asked for."""

import logging
import sys

from voxwire.config import LoggingSettings
from voxwire.telemetry.log_lines import formatter

#: These print request lines and frames below WARNING, and keys with them, whatever our own level is.
_TALKATIVE = ("uvicorn", "uvicorn.error", "uvicorn.access", "websockets", "asyncio")


def configure_logging(settings: LoggingSettings) -> None:
    """Set the form of all lines and the level of Voxwire's, and silence the parts of libraries that could tell
    secrets."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(settings.format))
    logging.basicConfig(handlers=[handler], force=True)
    logging.captureWarnings(settings.format == "json")  # or they would be lines in no form
    logging.getLogger("voxwire").setLevel(settings.level.upper())
    logging.getLogger("voxwire.access").setLevel("INFO" if settings.access else "WARNING")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel("WARNING")
