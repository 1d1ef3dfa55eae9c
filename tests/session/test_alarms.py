"""Deadlines by name, and the first of them."""

from hypothesis import given
from hypothesis import strategies as st

from voxwire.session.alarms import Alarm, Alarms
from voxwire.session.limits import Limits
from voxwire.testing.driver import Driver


def test_nothing_is_due_before_anything_is_set() -> None:
    alarms = Alarms()
    assert alarms.next is None
    assert alarms.ring(1e9) is None


def test_the_first_is_next_and_may_be_moved_or_taken_back() -> None:
    alarms = Alarms()
    alarms.set(Alarm.SESSION, 60.0)
    alarms.set(Alarm.IDLE, 5.0)
    assert alarms.next == 5.0
    alarms.set(Alarm.IDLE, 70.0)
    assert alarms.next == 60.0
    alarms.clear(Alarm.SESSION)
    assert alarms.next == 70.0
    alarms.clear(Alarm.IDLE)
    assert alarms.next is None


def test_a_number_tells_apart_several_of_one_kind() -> None:
    alarms = Alarms()
    alarms.set(Alarm.WORDS, 12.0, 7)
    alarms.set(Alarm.WORDS, 11.0, 8)
    alarms.clear(Alarm.WORDS, 9)
    assert alarms.ring(20.0) == (Alarm.WORDS, 8)
    assert alarms.next == 12.0


def test_none_rings_early_and_each_rings_once() -> None:
    alarms = Alarms()
    alarms.set(Alarm.IDLE, 5.0)
    assert alarms.ring(4.999) is None
    assert alarms.ring(5.0) == (Alarm.IDLE, 0)
    assert alarms.ring(5.0) is None


def test_all_are_taken_back_at_the_end() -> None:
    alarms = Alarms()
    alarms.set(Alarm.IDLE, 5.0)
    alarms.clear_all()
    assert alarms.next is None
    assert alarms.ring(10.0) is None


@given(
    st.lists(st.tuples(st.sampled_from(Alarm), st.none() | st.integers(0, 20), st.integers(0, 2))), st.integers(0, 20)
)
def test_they_ring_in_the_order_of_their_times(steps: list[tuple[Alarm, int | None, int]], now: int) -> None:
    alarms, model = Alarms(), dict[tuple[Alarm, int], int]()
    for alarm, at, number in steps:
        if at is None:
            alarms.clear(alarm, number)
            model.pop((alarm, number), None)
        else:
            alarms.set(alarm, at, number)
            model[alarm, number] = at
        assert alarms.next == min(model.values(), default=None)
    rung = []
    while (name := alarms.ring(now)) is not None:
        rung.append(model.pop(name))
    assert rung == sorted(rung)
    assert all(at > now for at in model.values())


def test_a_session_that_has_ended_waits_for_nothing() -> None:
    driver = Driver(limits=Limits(session_seconds=60))
    assert driver.session.deadline == driver.now + 60
    driver.advance(61)
    assert driver.session.deadline is None
