"""Options are checked when the engine is made."""

from typing import Any

import pytest

from voxwire.engines.stt.whisper.engine import engine
from voxwire.errors import ConfigurationError

pytestmark = pytest.mark.engines


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"model": " "}, "a name of the catalogue, or a path"),
        ({"model": 3}, "model of whisper is a text"),
        ({"device": "gpu"}, "device of whisper is one of cpu, cuda"),
        ({"partial_ms": 50}, "partial_ms of whisper is a whole number, at least 100; 0 for no partials"),
        ({"partial_ms": True}, "partial_ms of whisper"),
        ({"threads": 0}, "threads of whisper"),
        ({"beam": "2"}, "beam of whisper"),
        ({"languages": "en"}, "languages of whisper is a list of codes"),
        ({"languages": ["nl"]}, "has no language nl; it has en"),
        ({"model": "whisper-base", "languages": ["english"]}, "has no language english; it has af, am"),
        ({"modell": "x"}, "whisper has no option modell"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        engine(options)
