"""Hard conversations with a recogniser and a turn model that make mistakes (`tests/turns`, docs/turn-taking.md)."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hard_conversations import Recording, conversations, record_all, started_voices
from published_turn_scores import published
from turn_scoring import SEMANTIC, Outcome, listen, score

from voxwire.engines.registry import load
from voxwire.interfaces.stt import SttEngine
from voxwire.interfaces.turn import TurnEngine

pytestmark = pytest.mark.timeout(300)
#: Conversations in which Whisper may mishear the word that tells: the voices' noise is never the same.
MISHEARD = 2


async def _outcomes(*, whisper: Path | None, smart_turn: Path | None) -> list[Outcome]:
    """Of all conversations by the script's words, or of the English ones, which is what tiny.en knows."""
    vad = load("vad", "silero", {})
    stt: SttEngine | None = load("stt", "whisper", {"model": str(whisper)}) if whisper else None
    turn: TurnEngine | None = load("turn", "smart-turn", {"model": str(smart_turn)}) if smart_turn else None
    heard = [one for one in conversations() if whisper is None or one.language == "en"]
    async with started_voices() as voices:
        recordings: list[Recording] = await record_all(heard, voices)
    await vad.start()
    try:
        return await listen(recordings, SEMANTIC, vad=vad, stt=stt, turn=turn, at_once=2)
    finally:
        await vad.close()


@pytest.mark.parametrize(
    ("row", "smart_turn"),
    [
        ("`semantic_vad`, Whisper tiny.en", None),
        ("`semantic_vad`, Whisper tiny.en and smart-turn v3.2", "smart-turn-v3.2"),
    ],
)
async def test_no_turn_is_cut_or_answered_late_but_for_words_that_were_not_heard(
    model: Callable[[str], Path], row: str, smart_turn: str | None
) -> None:
    whisper = model("whisper-tiny.en")
    outcomes = await _outcomes(whisper=whisper, smart_turn=model(smart_turn) if smart_turn else None)
    wrong = [outcome.recording.conversation.name for outcome in outcomes if outcome.cuts or outcome.late]
    print(f"\n{row}: {score(outcomes)} {wrong}")
    assert len(wrong) <= MISHEARD
    assert score(outcomes).turns == published(row).row.turns


async def test_with_a_turn_model_and_every_word_no_turn_is_cut_or_answered_late(model: Callable[[str], Path]) -> None:
    outcomes = await _outcomes(whisper=None, smart_turn=model("smart-turn-v3.2"))
    published("`semantic_vad`, words by the script, smart-turn v3.2").check(score(outcomes))


async def test_smart_turn_hears_a_sentence_a_filler_and_neither_in_silence(model: Callable[[str], Path]) -> None:
    """As measured: fillers are held back; silence is taken for an end, so it is asked only where somebody spoke."""
    turn: TurnEngine = load("turn", "smart-turn", {"model": str(model("smart-turn-v3.2"))})
    await turn.start()
    try:
        noise = np.random.default_rng(1).integers(-300, 300, 32_000).astype("<i2").tobytes()
        assert await turn.score(noise, "") > 0.5
        assert await turn.score(bytes(64_000), "") > 0.5
    finally:
        await turn.close()
