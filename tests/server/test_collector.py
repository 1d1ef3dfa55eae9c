"""The collector of garbage looks at what is new, and at everything only when that makes nobody wait."""

import gc
import weakref
from collections.abc import Iterator

import pytest

from voxwire.server.net.collector import Collector


class Node:
    """Holds itself, so only the collector frees it."""

    def __init__(self) -> None:
        self.me = self


@pytest.fixture
def now() -> list[float]:
    return [1000.0]


@pytest.fixture
def collector(now: list[float]) -> Iterator[Collector]:
    collector = Collector(lambda: now[0])
    collector.begin()
    yield collector
    collector.end()


def old_cycle() -> "weakref.ref[Node]":
    """Garbage that had lived through a collection before it became that."""
    node = Node()
    gc.collect()
    return weakref.ref(node)


def test_what_has_lived_through_a_collection_is_not_looked_at_again(collector: Collector) -> None:
    kept = [[] for _ in range(10_000)]
    gc.collect()
    assert len(gc.get_objects()) < 5000 < len(kept)


def test_garbage_that_is_new_is_freed(collector: Collector) -> None:
    gone = weakref.ref(Node())
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(("idle", "seconds"), [(True, 30), (False, 600)])
def test_a_cycle_of_what_was_set_aside_goes_when_it_is_time(
    collector: Collector, now: list[float], idle: bool, seconds: int
) -> None:
    """Soon where nobody is connected, and after ten minutes where somebody is."""
    gone = old_cycle()
    gc.collect()
    assert gone() is not None, "it was set aside"
    now[0] += seconds - 1
    collector.look(idle=idle)
    assert gone() is not None
    now[0] += 1
    collector.look(idle=idle)
    assert gone() is None


def test_nor_for_longer_than_a_hundred_collections(collector: Collector) -> None:
    gone = old_cycle()
    for _ in range(98):
        gc.collect(0)
    collector.look(idle=False)
    assert gone() is not None
    gc.collect(0)
    collector.look(idle=False)
    assert gone() is None


def test_an_idle_server_does_not_look_again_at_what_it_has_seen(
    collector: Collector, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []
    monkeypatch.setattr(gc, "unfreeze", lambda: looks.append(now[0]))
    old_cycle()
    for _ in range(3):
        now[0] += 60
        collector.look(idle=True)
    monkeypatch.undo()
    assert looks == [1060.0]


def test_in_the_end_the_interpreter_is_as_before() -> None:
    before = gc.get_threshold(), list(gc.callbacks)
    collector = Collector()
    collector.begin()
    assert (gc.get_threshold(), gc.callbacks) != before
    collector.end()
    assert (gc.get_threshold(), gc.callbacks) == before
    assert gc.get_freeze_count() == 0
