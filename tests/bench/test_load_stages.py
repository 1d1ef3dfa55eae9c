"""What one measurement says, and what the slices of servers that take turns say together."""

import json

import pytest

from cost import Cost
from load import Stage, Wire


def stage(us: float, waited: float = 0.0, **changes: object) -> Stage:
    """A thousand frames in three seconds."""
    made = Stage(100, 100, seconds=3.0, late=[1.0] * 1000, cpu_s=us / 1000, waited_s=waited * 3.0)
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_the_cost_of_a_frame() -> None:
    assert stage(43.0).cpu_us_per_frame == pytest.approx(43)
    assert stage(0.0).cpu_us_per_frame is None, "of a process that cannot be seen"
    assert Stage(100, 100).cpu_us_per_frame is None, "without a frame"


def test_what_disturbs() -> None:
    assert stage(43, waited=0.09).fault is None
    assert stage(43, waited=0.25).fault == "the server waited 25% of the time for a processor"
    late = stage(43, late=[1.0] * 90 + [30.0] * 10)
    assert late.fault == late.generator_fault == "the generator fell behind (30 ms at p95)"


def test_held() -> None:
    assert stage(43, updates=[20.0] * 96 + [900.0] * 4).held
    assert not stage(43, updates=[20.0] * 90 + [900.0] * 10).held
    assert not stage(43, updates=[20.0], starts=[900.0]).held
    assert stage(43, updates=[20.0], starts=[900.0], judges_detection=False).held
    assert not stage(43, updates=[20.0], lost=1).held


def test_a_ratio_of_servers_that_took_turns() -> None:
    floor = Cost("floor", [stage(40), stage(80), stage(44)])
    ours = Cost("now", [stage(80), stage(160), stage(88)])
    assert floor.median_us == pytest.approx(44)
    assert ours.ratio_to(floor) == pytest.approx(2)


def test_disturbed_slices_do_not_count_where_there_are_sound_ones() -> None:
    cost = Cost("now", [stage(80), stage(500, waited=0.4), stage(84)])
    assert cost.disturbed == 1
    assert cost.median_us == pytest.approx(82)
    assert cost.ratio_to(Cost("floor", [stage(40), stage(40), stage(42)])) == pytest.approx(2)


def test_where_all_are_disturbed_they_are_shown_and_counted() -> None:
    cost = Cost("now", [stage(80, waited=0.4), stage(90, waited=0.4)])
    assert (cost.disturbed, cost.median_us) == (2, pytest.approx(85))


def test_a_server_that_fell_behind_has_no_cost_of_a_frame() -> None:
    """It was asked for frames that it has not handled yet, so each would seem cheap."""
    behind = stage(20, waited=0.9, updates=[7000.0])
    assert behind.behind
    assert Cost("now", [behind, behind]).median_us is None
    assert Cost("now", [behind, stage(80, waited=0.4)]).median_us == pytest.approx(80)
    assert Cost("now", [stage(20, updates=[7000.0]), stage(80)]).median_us == pytest.approx(80)


def test_turns_show_that_detection_keeps_up() -> None:
    cost = Cost("now", [stage(80, turns=30), stage(80, turns=40)])
    assert cost.turns_a_minute == pytest.approx(60 * 70 / (100 * 6))


def settings(wire: bytes) -> dict[str, object]:
    return json.loads(wire[8:] if wire[1] & 127 == 126 else wire[6:])["session"]


def test_sessions_are_set_up_in_both_dialects() -> None:
    ga, preview = settings(Wire().opening), settings(Wire(preview=True).opening)
    detection = ga["audio"]["input"]["turn_detection"]  # type: ignore[index]
    assert detection == preview["turn_detection"]
    assert detection["type"] == "server_vad"
    assert detection["create_response"] is False, "answers are no part of the load"
    assert settings(Wire().probe) == {"type": "realtime"}
    assert settings(Wire(preview=True).probe) == {}
    assert settings(Wire(detection={"type": "x"}).opening)["audio"] == {"input": {"turn_detection": {"type": "x"}}}
