"""What every turn model must do (`voxwire.interfaces.turn`)."""

import asyncio

import pytest

from voxwire.interfaces.turn import TurnEngine
from voxwire.testing.contract.life import CLOSED_S, EngineContract
from voxwire.testing.contract.signals import hum, hush


class TurnContract(EngineContract):
    """Votes: a probability for whatever was said, at once and several at a time."""

    @staticmethod
    def make_engine() -> TurnEngine:
        raise NotImplementedError("say how an engine is made")

    @pytest.mark.parametrize("text", ["", "what time is it", "um, so I was", "one two three", "日本語 👩‍👩‍👧"])
    @pytest.mark.parametrize("ms", [0, 20, 1000, 8000, 20_000])
    async def test_a_vote_for_whatever_was_said(self, engine: TurnEngine, ms: int, text: str) -> None:
        score = await engine.score(hum(ms) + hush(200), text)
        assert 0 <= score <= 1

    async def test_several_votes_at_once(self, engine: TurnEngine) -> None:
        scores = await asyncio.gather(*(engine.score(hum(1000) + hush(200), "yes") for _ in range(8)))
        assert all(0 <= score <= 1 for score in scores)

    async def test_a_vote_that_nobody_waits_for_any_more(self, engine: TurnEngine) -> None:
        waiting = asyncio.ensure_future(engine.score(hum(8000), "yes"))
        await asyncio.sleep(0)
        waiting.cancel()
        finished, _ = await asyncio.wait([waiting], timeout=CLOSED_S)
        assert finished
        assert 0 <= await engine.score(hum(1000), "yes") <= 1
