"""What was used of one limit in its period."""

from hypothesis import given
from hypothesis import strategies as st
from scripted import Clock

from voxwire.quotas.counter import Counter


def test_a_period_begins_with_the_first_use() -> None:
    clock = Clock()
    counter = Counter(60.0, clock)
    assert (counter.idle, counter.used, counter.left_s) == (True, 0, 60.0)
    counter.add(3)
    clock.now += 20
    counter.add(4)
    assert (counter.idle, counter.used, counter.left_s) == (False, 7, 40.0)
    clock.now += 40
    assert (counter.idle, counter.used, counter.left_s) == (True, 0, 60.0)


def test_what_was_counted_in_a_period_that_is_over_does_not_come_back() -> None:
    clock = Clock()
    counter = Counter(60.0, clock)
    first = counter.add(10)
    counter.take_back(4, first)
    assert counter.used == 6
    clock.now += 60
    second = counter.add(1)
    counter.take_back(6, first)
    assert counter.used == 1
    counter.take_back(1, second)
    assert counter.used == 0


def test_others_count_too_and_say_when_the_period_ends() -> None:
    clock = Clock()
    counter = Counter(60.0, clock)
    counter.add(5)
    counter.learned(7, 12.0)
    assert (counter.used, counter.own) == (12, 5)
    assert 12.0 <= counter.left_s <= 12.1
    clock.now += 12.1
    assert (counter.used, counter.idle) == (0, True)


def test_one_that_has_counted_nothing_learns_what_others_have() -> None:
    counter = Counter(60.0, Clock())
    counter.learned(9, 30.0)
    assert (counter.used, counter.own, counter.idle) == (9, 0, False)


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("add"), st.integers(0, 100)),
            st.tuples(st.just("back"), st.integers(0, 100)),
            st.tuples(st.just("learned"), st.integers(0, 100)),
            st.tuples(st.just("wait"), st.integers(0, 70)),
        ),
        max_size=40,
    )
)
def test_never_below_nothing_and_nothing_is_kept_past_the_period(steps: list[tuple[str, int]]) -> None:
    clock = Clock()
    counter = Counter(60.0, clock)
    reserved: list[tuple[int, int]] = []
    for step, number in steps:
        if step == "add":
            reserved.append((number, counter.add(number)))
        elif step == "back" and reserved:
            amount, period = reserved.pop()
            counter.take_back(min(number, amount), period)
        elif step == "learned":
            counter.learned(number, 30.0)
        else:
            clock.now += number
        assert counter.own >= 0
        assert counter.used >= counter.own
    clock.now += 61
    assert counter.used == 0
    assert counter.idle
