"""How many people the recogniser says it can follow: learnt from what decoding costs."""

from voxwire.engines.stt.pocketsphinx.engine import engine


def followed(*costs: float) -> float:
    """After steps of a quarter of a second each, at so many processor seconds a second of audio."""
    stt = engine({"size": 8})
    for cost in costs:
        stt.listening.worked(0.25, cost * 0.25)
    return stt.hearing()[1]


def test_a_second_in_which_many_begin_promises_nothing() -> None:
    """Beginnings are cheap. Ten speakers decode forty steps a second."""
    assert followed(*[0.02] * 40) < 1.2 * followed()


def test_a_fast_machine_is_known_as_one_in_time() -> None:
    assert followed(*[0.02] * 4_000) > 4 * followed()


def test_what_is_dear_counts_soon() -> None:
    assert followed(*[0.15] * 40) == followed()
    assert followed(*[0.6] * 200) < 0.8 * followed()
