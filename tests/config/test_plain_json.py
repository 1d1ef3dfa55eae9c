"""Which JSON of others can be kept."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from voxwire.config import EngineSettings, check_json
from voxwire.config.plain_json import DEEPEST

HALF = "\ud800"


def nested(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value", [None, True, 1, 1.5, "é\n😀", [], {"a": [{"b": ()}]}, SecretStr("s"), nested(DEEPEST - 1)], ids=ascii
)
def test_this_can(value: Any) -> None:
    check_json(value)


@pytest.mark.parametrize(
    "value",
    [
        "\0", HALF, {HALF: 1}, {"a": [HALF]}, {"api_key": SecretStr(HALF)}, float("inf"), [float("-inf")],
        {"a": float("nan")}, nested(DEEPEST + 1), nested(100_000),
    ],
    ids=lambda value: ascii(value)[:20] if not isinstance(value, list) else "list",
)  # fmt: skip
def test_this_cannot(value: Any) -> None:
    with pytest.raises(ValueError, match=r"NUL|infinite|nested") as refused:
        check_json(value)
    assert HALF not in str(refused.value)


def test_options_of_an_engine_are_held_to_it() -> None:
    with pytest.raises(ValidationError, match="NUL"):
        EngineSettings(name="chat", options={"model": HALF})
