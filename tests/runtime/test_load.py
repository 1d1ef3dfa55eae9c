"""Whether there is room."""

import logging

import pytest

from voxwire.runtime.load import Load


class Ears:
    def __init__(self) -> None:
        self.speaking, self.capacity, self.late_s = 0, 10.0, 0.0

    def hearing(self) -> tuple[int, float, float]:
        return self.speaking, self.capacity, self.late_s


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def ears() -> Ears:
    return Ears()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def load(ears: Ears, clock: Clock) -> Load:
    return Load(lambda: [ears, object()], clock)


def test_those_who_have_just_come_count_as_speakers(load: Load, clock: Clock, ears: Ears) -> None:
    ears.speaking = 6
    for _ in range(4):
        assert not load.full
        load.arrived()
    assert load.full
    clock.now += 6  # they say nothing
    assert not load.full


def test_those_who_have_left_again_do_not_count(load: Load, clock: Clock) -> None:
    """A program that opens one short session after the other is never a crowd."""
    for _ in range(50):
        assert not load.full
        load.left(load.arrived())
        clock.now += 0.1


def test_one_late_look_is_no_crowd(load: Load) -> None:
    load.judge(2.0)
    assert not load.full
    load.judge(0.0)
    load.judge(2.0)
    assert not load.full


def test_one_session_is_let_in_however_slow_the_machine(load: Load, ears: Ears) -> None:
    ears.capacity = 0.4
    assert not load.full
    load.arrived()
    assert load.full


@pytest.mark.parametrize("what", ["loop", "ears"])
def test_lateness_fills_until_all_has_been_well_for_a_while(load: Load, clock: Clock, ears: Ears, what: str) -> None:
    if what == "loop":
        load.judge(0.3)
        load.judge(0.3)
    else:
        ears.late_s = 0.6
    assert load.full
    load.judge(0.0)
    ears.late_s = 0.0
    assert load.full
    clock.now += 2.1
    assert not load.full


def test_the_log_tells_each_change_once(load: Load, clock: Clock, ears: Ears, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    ears.speaking = 10
    assert [load.full for _ in range(50)] == [True] * 50
    ears.speaking = 0
    clock.now += 3
    assert not load.full
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    assert "'can_follow': 10" in caplog.text


def test_without_ears_that_tell_there_is_no_capacity() -> None:
    load = Load(lambda: [object()])
    for _ in range(500):
        load.arrived()
    assert not load.full
    assert load.describe() == {"loop_late_ms": 0, "hearing_late_ms": 0, "speaking": 0, "can_follow": None}
