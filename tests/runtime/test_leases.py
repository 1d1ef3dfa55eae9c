"""Engines that are shared: made once, started once, closed with the last lease, whatever fails meanwhile."""

import asyncio
from collections.abc import Callable

import pytest

from voxwire.errors import ConfigurationError, EngineError
from voxwire.runtime.leases import EngineLease, EngineLeases


class Probe:
    """An engine; `log` is its life."""

    def __init__(self, *, fault: Exception | None = None, slow: bool = False) -> None:
        self.log: list[str] = []
        self.fault = fault
        self.slow = slow

    async def start(self) -> None:
        self.log.append("start")
        if self.slow:
            try:
                await asyncio.Event().wait()
            finally:
                self.log.append("interrupted")
        if self.fault:
            raise self.fault

    async def close(self) -> None:
        self.log.append("close")


class Maker:
    """Makes the engines it was given, in turn."""

    def __init__(self, *probes: Probe) -> None:
        self.made: list[Probe] = []
        self._left = list(probes)

    def __call__(self) -> Probe:
        self.made.append(self._left.pop(0))
        return self.made[-1]


def one(leases: EngineLeases, key: str, make: Callable[[], Probe]) -> EngineLease:
    return leases.lease({"stage": (key, make)})["stage"]


async def test_the_same_engine_is_shared_and_ends_with_the_last_lease() -> None:
    leases, probe = EngineLeases(), Probe()
    make = Maker(probe)
    first, second = one(leases, "a", make), one(leases, "a", make)
    assert first.engine is second.engine is probe
    await asyncio.gather(first.start(), second.start())
    await first.start()
    await first.release()
    await first.release()
    assert probe.log == ["start"]
    await second.release()
    assert probe.log == ["start", "close"]
    assert len(leases) == 0


async def test_after_the_end_a_new_one_is_made() -> None:
    leases, make = EngineLeases(), Maker(Probe(), Probe())
    await one(leases, "a", make).release()
    again = one(leases, "a", make)
    assert again.engine is make.made[1]
    assert make.made[0].log == ["close"]


async def test_another_key_is_another_engine() -> None:
    leases, make = EngineLeases(), Maker(Probe(), Probe())
    assert one(leases, "a", make).engine is not one(leases, "b", make).engine


async def test_nothing_is_held_when_one_of_several_cannot_be_made() -> None:
    def refuse() -> Probe:
        raise ConfigurationError("no such engine")

    leases = EngineLeases()
    with pytest.raises(ConfigurationError):
        leases.lease({"stt": ("a", Probe), "llm": ("b", refuse)})
    assert len(leases) == 0


async def test_one_that_failed_is_closed_and_another_is_tried() -> None:
    leases = EngineLeases()
    make = Maker(Probe(fault=EngineError("stt", "down", "Down.")), Probe())
    first, second = one(leases, "a", make), one(leases, "a", make)
    with pytest.raises(EngineError):
        await first.start()
    await second.start()
    assert [probe.log for probe in make.made] == [["start", "close"], ["start"]]
    assert first.engine is second.engine is make.made[1]


async def test_who_gives_up_does_not_stop_it_for_others() -> None:
    leases, probe = EngineLeases(), Probe(slow=True)
    make = Maker(probe)
    first, second = one(leases, "a", make), one(leases, "a", make)
    waiting = [asyncio.create_task(lease.start()) for lease in (first, second)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.wait({waiting[0]})
    await first.release()
    assert not waiting[1].done()
    waiting[1].cancel()
    await second.release()
    assert probe.log == ["start", "interrupted", "close"]
