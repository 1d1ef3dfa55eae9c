"""What `make bench` makes of searches for the capacity."""

from contextlib import nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

import beside_floor
from capacity import Found
from load import Stage

Searches = dict[str, list[Found]]


async def measured(monkeypatch: pytest.MonkeyPatch, searches: Searches) -> tuple[dict[str, Any], list[str], list[Any]]:
    """The result, what was thrown away, and where each search began; every frame size gets the same searches."""
    begun, thrown_away = [], list[str]()
    left = {name: iter(found * 2) for name, found in searches.items()}

    async def capacity(server: Any, pcm: bytes, frame_ms: int, start: int, report: list[str]) -> Any:
        begun.append((server.name, frame_ms, start))
        return next(left[server.name]), [Stage(start, frame_ms, seconds=5.0)]

    monkeypatch.setattr(beside_floor, "capacity", capacity)
    monkeypatch.setattr(beside_floor, "Server", lambda name: nullcontext(SimpleNamespace(name=name)))
    rounds = len(searches["floor"])
    return await beside_floor.measure_capacity(rounds, thrown_away), thrown_away, begun


async def test_medians_and_their_ratio(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = {
        "floor": [Found(900, 950), Found(1000, 1040), Found(1100, 1150)],
        "voxwire": [Found(500, 520), Found(540, 560), Found(300, 310)],
    }
    result, thrown_away, begun = await measured(monkeypatch, searches)
    assert (result["d_20ms_floor"], result["d_20ms_voxwire"], result["d_20ms_ratio"]) == (1000, 500, 0.5)
    assert not thrown_away
    assert begun[2][2] == 720, "a search begins near what the one before found"
    assert len(result["runs"]) == 12


async def test_a_search_that_was_disturbed_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = {
        "floor": [Found(0, None, "500 sessions were disturbed"), Found(1000, 1040)],
        "voxwire": [Found(500, 520), Found(520, 540)],
    }
    result, thrown_away, begun = await measured(monkeypatch, searches)
    assert (result["d_100ms_floor"], result["d_100ms_voxwire"]) == (1000, 510)
    assert thrown_away[0] == "floor, 20 ms: no sound result (500 sessions were disturbed)"
    assert begun[2] == ("floor", 20, begun[0][2]), "nothing was found to begin with"


async def test_without_any_sound_search_there_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was once 0 sessions, and a ratio of 0."""
    disturbed = Found(200, None, "250 sessions were disturbed")
    result, _, _ = await measured(monkeypatch, {"floor": [disturbed], "voxwire": [Found(500, 520)]})
    assert result["d_20ms_floor"] is None
    assert result["d_20ms_voxwire"] == 500
    assert "d_20ms_ratio" not in result
