"""`voxwire.engine_changed`: told to who asked, and to nobody else (protocol: decisions, Events of our own)."""

import pytest

from voxwire.events.server import EngineChanged
from voxwire.events.session_config import ENGINE_CHANGED, TURN_TIMINGS, SessionConfig
from voxwire.interfaces.inputs import EngineTookOver
from voxwire.testing.driver import Driver


@pytest.mark.parametrize(
    ("include", "told"),
    [((ENGINE_CHANGED,), True), ((TURN_TIMINGS, ENGINE_CHANGED), True), ((TURN_TIMINGS,), False), (None, False)],
)
def test_who_asked_is_told(include: tuple[str, ...] | None, told: bool) -> None:
    driver = Driver(SessionConfig(model="scripted", include=include))
    driver.send(EngineTookOver(stage="llm", engine="assistant", before="chat", code="llm_timeout"))
    expected = [EngineChanged(stage="llm", engine="assistant", before="chat", code="llm_timeout")]
    assert driver.all(EngineChanged) == (expected if told else [])
