"""The emit gate of a response that may be a draft."""

import pytest

from voxwire.errors import InvariantError
from voxwire.events.server import BufferCleared, ServerEvent, SpeechStarted
from voxwire.session.gate import EmitGate, Gate

FIRST, SECOND, THIRD = BufferCleared(), SpeechStarted(item_id="a", audio_start_ms=0), BufferCleared()


def test_an_ordinary_response_passes() -> None:
    events: list[ServerEvent] = [FIRST, SECOND]
    assert EmitGate().through(events) == events


def test_a_draft_is_held_and_then_released_in_order() -> None:
    gate = EmitGate(draft=True)
    assert gate.through([FIRST]) == []
    assert gate.through([SECOND]) == []
    assert gate.release() == [FIRST, SECOND]
    assert gate.through([THIRD]) == [THIRD]


def test_a_dropped_draft_was_never_said() -> None:
    gate = EmitGate(draft=True)
    gate.through([FIRST])
    gate.drop()
    assert gate.state is Gate.DROPPED
    assert gate.through([SECOND]) == []


@pytest.mark.parametrize("step", [EmitGate.release, EmitGate.drop])
def test_only_a_held_gate_is_decided(step: object) -> None:
    with pytest.raises(InvariantError) as caught:
        step(EmitGate())  # type: ignore[operator]
    assert caught.value.expected is Gate.HELD
