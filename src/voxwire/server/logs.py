"""Where log lines go: stderr, so that stdout keeps what a person asked for."""

import logging
import sys

from voxwire.config import LoggingSettings

#: These print request lines and frames below WARNING, and keys with them, whatever our own level is.
_TALKATIVE = ("uvicorn", "uvicorn.error", "uvicorn.access", "websockets", "asyncio")


def configure_logging(settings: LoggingSettings) -> None:
    """Set the level of Voxwire's loggers and silence the parts of libraries that could tell secrets."""
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True)
    logging.getLogger("voxwire").setLevel(settings.level.upper())
    logging.getLogger("voxwire.access").setLevel("INFO" if settings.access else "WARNING")
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel("WARNING")
