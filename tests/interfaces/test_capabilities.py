"""What engines declare is read, or it does not exist: an author must know that a field matters."""

import ast
from pathlib import Path

import msgspec
import pytest

from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.llm import LlmCapabilities
from voxwire.interfaces.stt import SttCapabilities
from voxwire.interfaces.tts import TtsCapabilities
from voxwire.interfaces.turn import TurnCapabilities
from voxwire.interfaces.vad import VadCapabilities

PACKAGE = Path(__file__).parents[2] / "src" / "voxwire"
#: Those who may ask an engine what it can do.
READERS = ("runtime", "server", "cli")
DECLARED = [
    (kind, field.name)
    for kind in (VadCapabilities, SttCapabilities, LlmCapabilities, TtsCapabilities, TurnCapabilities, EngineInfo)
    for field in msgspec.structs.fields(kind)
]


def read() -> set[str]:
    """Names of all fields that are read of something called `capabilities` or `info`."""
    found = set()
    for path in (path for reader in READERS for path in (PACKAGE / reader).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute):
                owner = node.value
                name = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "")
                if name in ("capabilities", "info"):
                    found.add(node.attr)
    return found


READ = read()


@pytest.mark.parametrize(("kind", "field"), DECLARED, ids=lambda value: getattr(value, "__name__", value))
def test_every_capability_is_read(kind: type, field: str) -> None:
    assert field in READ
