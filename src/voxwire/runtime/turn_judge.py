"""One pause: the votes about it, gathered within a deadline, and what they come to (ADR 26)."""

import asyncio
from contextlib import suppress
from typing import Final

from voxwire.audio.convert import to_pcm
from voxwire.audio.pcm import AudioFormat
from voxwire.audio.resample import Resampler
from voxwire.awake import Deadline
from voxwire.errors import EngineError
from voxwire.interfaces.commands import JudgeTurn
from voxwire.interfaces.inputs import TurnJudged
from voxwire.interfaces.turn import TurnEngine, TurnSign
from voxwire.runtime.engine_calls import log_failure, turn_errors
from voxwire.runtime.revocable_sink import RevocableSink
from voxwire.runtime.stage_timing import StageTimings
from voxwire.runtime.transcriber import Transcriber
from voxwire.turns import sign_of, verdict

#: What a turn model hears.
_RATE: Final = 16_000
#: How long a recogniser that cannot be asked may take to say the last words.
_GRACE_S: Final = 0.12


class TurnJudge:
    """Judges one pause. `run` delivers one `TurnJudged`, with what is known at the deadline."""

    def __init__(
        self,
        command: JudgeTurn,
        engine: TurnEngine | None,
        transcriber: Transcriber | None,
        delivery: RevocableSink,
        deadline_s: float,
        timings: StageTimings | None = None,
    ) -> None:
        """`transcriber` hears the turn; None where nobody does."""
        self._command = command
        self._engine = engine
        self._transcriber = transcriber
        self._delivery = delivery
        self._deadline_s = deadline_s
        self._timings = timings or StageTimings()
        self._words: str | None = None
        self._score: float | None = None

    async def run(self) -> None:
        with suppress(TimeoutError):
            async with Deadline(self._deadline_s), asyncio.TaskGroup() as votes:
                votes.create_task(self._read())
                votes.create_task(self._listen())
        self._delivery.submit(TurnJudged(self._command.judgement, verdict(self._sign_of_words(), self._score)))

    def _sign_of_words(self) -> TurnSign | None:
        transcriber, words = self._transcriber, self._words
        if transcriber is None:
            return None
        if words == "":
            # It listened, and understood nothing. A turn model alone would end the turn sooner, and answer no words.
            return TurnSign.OPEN
        return sign_of(transcriber.words_so_far if words is None else words, transcriber.language)

    async def _read(self) -> None:
        if self._transcriber is not None:
            self._words = await self._transcriber.words(_GRACE_S)

    async def _listen(self) -> None:
        command, engine, transcriber = self._command, self._engine, self._transcriber
        if engine is None:
            return
        try:
            with self._timings.begin("turn", command.transcription), turn_errors:
                pcm = await asyncio.to_thread(_heard, command.audio, command.format)
                self._score = await engine.score(pcm, "" if transcriber is None else transcriber.words_so_far)
        except EngineError as error:
            log_failure(error)


def _heard(audio: bytes, format: AudioFormat) -> bytes:
    return Resampler(format.rate, _RATE).push(to_pcm(audio, format))
