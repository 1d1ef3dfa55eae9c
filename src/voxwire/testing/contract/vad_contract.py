"""What every speech detector must do (`voxwire.interfaces.vad`)."""

import pytest

from voxwire.interfaces.vad import VadEngine
from voxwire.testing.contract.life import EngineContract
from voxwire.testing.contract.signals import hum, hush, noise

#: 512 samples.
_WINDOW = 1_024


def windows(pcm: bytes) -> list[bytes]:
    return [pcm[at : at + _WINDOW] for at in range(0, len(pcm) - _WINDOW + 1, _WINDOW)]


class VadContract(EngineContract):
    """Scores: one for each window, of conversations that know nothing of each other."""

    @staticmethod
    def make_engine() -> VadEngine:
        raise NotImplementedError("say how an engine is made")

    async def test_a_score_for_each_window(self, engine: VadEngine) -> None:
        heard = windows(hum(1000) + hush(500) + noise(500))
        scores = engine.score([engine.new_state()] * len(heard), heard)
        assert len(scores) == len(heard)
        assert all(isinstance(score, float) and 0 <= score <= 1 for score in scores)

    async def test_nothing_asked_nothing_said(self, engine: VadEngine) -> None:
        assert engine.score([], []) == []

    @pytest.mark.parametrize("pcm", [hush(1000), noise(1000)], ids=["silence", "hiss"])
    async def test_what_is_no_speech(self, engine: VadEngine, pcm: bytes) -> None:
        heard = windows(pcm)
        assert max(engine.score([engine.new_state()] * len(heard), heard)) < 0.5

    async def test_one_pass_is_as_many(self, engine: VadEngine) -> None:
        """A conversation's windows may come one by one or several at once, alone or among others."""
        heard, others = windows(hum(1000)), windows(noise(1000))
        one, many, other = engine.new_state(), engine.new_state(), engine.new_state()
        alone = [engine.score([one], [window])[0] for window in heard]
        mixed = [pair for both in zip(heard, others, strict=True) for pair in zip((many, other), both, strict=True)]
        together = engine.score([state for state, _ in mixed], [window for _, window in mixed])[::2]
        assert together == pytest.approx(alone, abs=0.01)

    async def test_each_conversation_begins_anew(self, engine: VadEngine) -> None:
        heard = windows(hum(500))
        first = engine.score([engine.new_state()] * len(heard), heard)
        assert engine.score([engine.new_state()] * len(heard), heard) == pytest.approx(first, abs=0.01)
