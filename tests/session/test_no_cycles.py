"""Whatever clients send, a session keeps nothing that only the garbage collector would free.

A mistake of a client once held its frame, of up to 32 MiB, by its own traceback.
"""

import gc
from collections.abc import Iterator

import pytest
from fuzz.fuzz_session import Round


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def throw(seed: int) -> None:
    """A connection that sends 100 frames, half of them damaged, to a session that works; then all is let go."""
    round = Round(seed)
    for _ in range(100):
        round._client()
        round._world()
        round._look()


@pytest.mark.parametrize("seed", range(20))
def test_frames_and_sessions_are_freed_without_a_collection(seed: int, no_collector: None) -> None:
    throw(seed)
    gc.collect()  # caches that were filled on the way
    throw(seed)
    assert gc.collect() == 0
