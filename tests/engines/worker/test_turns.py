"""Who is next."""

import asyncio

import pytest

from voxwire.engines.worker.turns import FairSemaphore, Turns
from voxwire.interfaces.engine import Claim


def order(turns: Turns[str]) -> list[str]:
    taken = []
    while turns:
        taken.append(turns.take())
    return taken


def test_owners_take_turns_however_much_each_asks_for() -> None:
    turns: Turns[str] = Turns()
    for number in range(4):
        turns.add(Claim("a"), f"a{number}")
    turns.add(Claim("b"), "b0")
    turns.add(Claim("b"), "b1")
    assert order(turns) == ["a0", "b0", "a1", "b1", "a2", "a3"]


def test_who_was_served_longest_ago_is_next() -> None:
    turns: Turns[str] = Turns()
    for owner in "abc":
        turns.add(Claim(owner), owner)
    assert order(turns) == ["a", "b", "c"]
    for owner in "cab":
        turns.add(Claim(owner), owner)
    turns.add(Claim("new"), "new")
    assert order(turns) == ["new", "a", "b", "c"]


def test_background_waits_until_nobody_else_does() -> None:
    turns: Turns[str | int] = Turns()
    for number in range(64):
        turns.add(Claim(f"crowd {number % 4}", background=True), number)
    assert [turns.take() for _ in range(4)] == [0, 1, 2, 3]
    turns.add(Claim("bystander"), "sound")
    turns.add(Claim("crowd 0"), "own answer")
    assert [turns.take() for _ in range(3)] == ["sound", "own answer", 5]


def test_who_gives_up_is_passed_over() -> None:
    turns: Turns[int] = Turns()
    turns.add(Claim("a"), 1)
    turns.add(Claim("a"), 2)
    turns.remove(Claim("a"), 1)
    turns.remove(Claim("a"), 1)
    turns.remove(Claim("b"), 1)
    assert list(turns) == [2]
    assert turns.take() == 2
    assert not turns
    with pytest.raises(IndexError, match="nobody waits"):
        turns.take()


def test_memory_of_owners_is_bounded() -> None:
    turns: Turns[int] = Turns()
    for number in range(3_000):
        turns.add(Claim(str(number)), number)
        turns.take()
    assert len(turns._owners) == 1024


def test_a_principal_with_many_sessions_has_one_share() -> None:
    turns: Turns[str] = Turns()
    for number in range(20):
        turns.add(Claim(f"session {number}", principal="many"), f"many {number}")
    for number in range(3):
        turns.add(Claim("the only one", principal="single"), f"single {number}")
    assert order(turns)[:6] == ["many 0", "single 0", "many 1", "single 1", "many 2", "single 2"]


def test_sessions_of_a_principal_take_turns_within_its_share() -> None:
    turns: Turns[str] = Turns()
    for number in range(2):
        for session in "ab":
            turns.add(Claim(session, principal="one"), f"{session}{number}")
    turns.add(Claim("a", principal="two"), "other a")
    assert order(turns) == ["a0", "other a", "b0", "a1", "b1"]


def test_a_part_that_nobody_waits_for_is_the_same_owners() -> None:
    claim = Claim("session", principal="principal")
    assert claim.aside(True) == Claim("session", True, "principal")
    assert claim.aside(False) == claim
    assert Claim(background=True).aside(False).background


async def test_a_gate_lets_in_so_many_and_those_first_whom_somebody_waits_for() -> None:
    gate = FairSemaphore(2)
    inside: list[str] = []

    async def go(name: str, claim: Claim) -> None:
        await gate.enter(claim)
        inside.append(name)

    async with asyncio.TaskGroup() as group:
        for name in ("a", "b", "patient"):
            group.create_task(go(name, Claim(name, background=True)))
        given_up = group.create_task(go("gone", Claim("gone")))
        group.create_task(go("finished", Claim("finished")))
        await asyncio.sleep(0)
        assert inside == ["a", "b"]
        assert gate.late_s > 0
        given_up.cancel()
        for name in ("finished", "patient"):
            gate.leave()
            while inside[-1] != name:  # noqa: ASYNC110 - the others go on now
                await asyncio.sleep(0)
    assert gate.late_s == 0.0
