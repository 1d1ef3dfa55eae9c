"""A loop-free driver of `Session`: scripted identifiers and clock, speech scores, engine results.

Tests say what the client sends and what engines answer; the driver records every input and output.
Audio made by `speech` and `silence` scores itself, so that a turn is written as audio.
"""

from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from voxwire.audio.pcm import AudioFormat
from voxwire.events.client import AppendAudio, CreateResponse
from voxwire.events.response import ResponseParams, TokenUsage
from voxwire.events.server import ErrorOccurred, ServerEvent
from voxwire.events.session_config import SessionConfig
from voxwire.interfaces.commands import JudgeTurn, Output, StartResponse, StartTranscription
from voxwire.interfaces.engine import Word
from voxwire.interfaces.inputs import (
    Failed,
    Filtered,
    Generated,
    GenerationResult,
    Input,
    SpeechScores,
    SpokenAudio,
    Tick,
    Transcribed,
    TurnJudged,
)
from voxwire.interfaces.llm import FinishReason, LlmDone, LlmRequest, LlmText, LlmToolArguments, LlmToolCall
from voxwire.interfaces.stt import SttEvent, SttFinal, SttInterim, SttPartial
from voxwire.interfaces.turn import TurnSign
from voxwire.session.limits import Capabilities, Limits
from voxwire.session.session import Session
from voxwire.testing.invariants import Invariants

#: The byte that makes a window count as speech; it is no sample of silence in any format.
LOUD: Final = 0x11
_QUIET: Final = {AudioFormat.PCM16: 0x00, AudioFormat.ULAW: 0xFF, AudioFormat.ALAW: 0xD5}

_E = TypeVar("_E")


def speech(ms: float, format: AudioFormat = AudioFormat.PCM16) -> bytes:
    """Audio that `score_by_content` takes for speech."""
    return bytes([LOUD]) * format.size_of(ms)


def silence(ms: float, format: AudioFormat = AudioFormat.PCM16) -> bytes:
    return bytes([_QUIET[format]]) * format.size_of(ms)


def score_by_content(window: bytes) -> float:
    """0.9 for a window of which at least half is speech, else 0.05."""
    return 0.9 if 2 * window.count(LOUD) >= len(window) else 0.05


def counting_ids() -> Callable[[str], str]:
    """`item_1`, `item_2`, … for each prefix."""
    counts: dict[str, int] = {}

    def fresh(prefix: str) -> str:
        counts[prefix] = counts.get(prefix, 0) + 1
        return f"{prefix}_{counts[prefix]}"

    return fresh


class Driver:
    """A session, what went in, and what came out.

    `outputs` holds everything since the start, `log` inputs and outputs in the order in which they happened, `windows`
    the windows that were scored, each with its epoch. Windows are scored at once unless `hold_scores`; then
    `deliver_scores` scores them. Scores are pulled as soon as they are there. With `as_served` it is as
    the runtime does it: audio goes the short way where there is one, and scores are pulled when the tape wakes, and
    before other inputs. A pause is judged at once to be `sign`, unless `hold_judgements`; then `judge` says
    it. Every output passes the invariants.
    """

    def __init__(
        self,
        config: SessionConfig | None = None,
        *,
        limits: Limits | None = None,
        capabilities: Capabilities | None = None,
        score: Callable[[bytes], float] = score_by_content,
        hold_scores: bool = False,
        as_served: bool = False,
        sign: TurnSign | None = None,
        hold_judgements: bool = False,
        chunk_ms: float = 100,
        new_ids: Callable[[], Callable[[str], str]] = counting_ids,
        end_user: str | None = None,
    ) -> None:
        """`new_ids` makes the source of identifiers, again for a replay."""
        self.now = 1000.0
        self.score = score
        self.hold_scores = hold_scores
        self.as_served = as_served
        self.sign = sign
        self.hold_judgements = hold_judgements
        self.chunk_ms = chunk_ms
        self._new_ids = new_ids
        self.inputs: list[tuple[Input, float, int | None]] = []
        self.outputs: list[Output] = []
        self.log: list[Input | Output] = []
        self.windows: list[tuple[int, bytes]] = []
        self._arguments = {
            "session_id": "sess_1",
            "end_user": end_user,
            "config": config or SessionConfig(model="scripted"),
            "limits": limits or Limits(),
            "capabilities": capabilities or Capabilities(),
        }
        self.session = self._new_session()
        self.invariants = Invariants(self.session)
        self._noted = 0
        self._pauses: deque[int] = deque()
        self._take(self.session.open())

    # --- inputs ----------------------------------------------------------------------------------

    def send(self, event: Input, *, origin: int | None = None) -> list[Output]:
        """Hand in one input; everything that followed, also of the scores of what it brought."""
        before = len(self.outputs)
        self._receive(event, origin)
        while self.unscored_windows and not self.hold_scores:
            self.deliver_scores()
        return self.outputs[before:]

    def append(self, *audio: bytes) -> None:
        """Append pieces of PCM16, each in chunks of `chunk_ms`."""
        size = AudioFormat.PCM16.size_of(self.chunk_ms)
        for piece in audio:
            for start in range(0, len(piece), size):
                self.send(AppendAudio(audio=piece[start : start + size]))

    def deliver_scores(self, count: int | None = None) -> list[Output]:
        """Score the oldest `count` windows, or all that are there."""
        before, tape = len(self.outputs), self.session.tape
        for _ in range(tape.ready if count is None else min(count, tape.ready)):
            window = bytes(tape.cut()[-tape.format.window_bytes :])
            self.windows.append((tape.epoch, window))
            tape.put(self.score(window))
            if self.as_served and tape.wakes:
                self.pull()
        if not self.as_served:
            self.pull()
        return self.outputs[before:]

    def pull(self) -> None:
        """Have the session follow the scores that are on the tape; a replay is told them as an input."""
        tape = self.session.tape
        scores = tape.scores[self._noted :]
        if scores:
            self._note(SpeechScores(epoch=tape.epoch, scores=scores), None)
            self._take(self.session.pull(now=self.now), told=True)

    def judge(self, sign: TurnSign | None) -> list[Output]:
        """Say what the oldest pause looks like that was asked about."""
        before = len(self.outputs)
        self._receive(TurnJudged(self._pauses.popleft(), sign))
        return self.outputs[before:]

    @property
    def unjudged_pauses(self) -> int:
        return len(self._pauses)

    @property
    def unscored_windows(self) -> int:
        """Of which the detector has not taken any yet."""
        return self.session.tape.ready

    def advance(self, seconds: float) -> None:
        """Let time pass, with a tick at every deadline of the session on the way."""
        end = self.now + seconds
        while (deadline := self.session.deadline) is not None and deadline <= end:
            self.now = max(self.now, deadline)
            self.send(Tick())
        self.now = end

    # --- engine results, for the work begun last unless a number is given --------------------------

    @property
    def transcription(self) -> int:
        return self.all(StartTranscription)[-1].transcription

    @property
    def generation(self) -> int:
        return self.all(StartResponse)[-1].generation

    def hear(self, text: str, transcription: int | None = None) -> None:
        self.transcribed(SttFinal(text=text), transcription)

    def hear_part(self, text: str, stable: int | None = None) -> None:
        """A partial; all of it is stable unless said otherwise."""
        self.transcribed(SttPartial(text=text, stable=len(text) if stable is None else stable))

    def hear_so_far(self, text: str, transcription: int | None = None) -> None:
        """The answer to a probe."""
        self.transcribed(SttInterim(text=text), transcription)

    def fail_hearing(self, code: str = "engine_died", transcription: int | None = None) -> None:
        self.transcribed(Failed(code=code, message="The recogniser failed."), transcription)

    def transcribed(self, event: SttEvent | Failed, transcription: int | None = None) -> None:
        self.send(Transcribed(self.transcription if transcription is None else transcription, event))

    def write(self, text: str, generation: int | None = None) -> None:
        self.generated(LlmText(text=text), generation)

    def voice(
        self, ms: float, chars_to: int, words: tuple[Word, ...] = (), *, generation: int | None = None, rate: int = 24
    ) -> None:
        """Speech of this length at `rate` samples a millisecond."""
        self.generated(SpokenAudio(pcm=bytes(2 * int(ms * rate)), chars_to=chars_to, words=words), generation)

    def say(self, text: str, ms: float | None = None) -> None:
        """Text and its speech, 60 ms a character unless said otherwise, in one stretch."""
        self.write(text)
        self.voice(60 * len(text) if ms is None else ms, len(text))

    def call(self, name: str, *arguments: str, generation: int | None = None) -> None:
        """A tool call with its arguments in pieces."""
        self.generated(LlmToolCall(name=name), generation)
        for delta in arguments:
            self.generated(LlmToolArguments(delta=delta), generation)

    def finish(
        self, reason: FinishReason = FinishReason.STOP, usage: TokenUsage | None = None, generation: int | None = None
    ) -> None:
        self.generated(LlmDone(reason=reason, usage=usage), generation)

    def fail(self, code: str = "engine_died", generation: int | None = None) -> None:
        self.generated(Failed(code=code, message="The engine failed."), generation)

    def filter(self, generation: int | None = None) -> None:
        """A check of the content ends the answer."""
        self.generated(Filtered(), generation)

    def generated(self, event: GenerationResult, generation: int | None = None) -> None:
        self.send(Generated(self.generation if generation is None else generation, event))

    # --- shorthand -------------------------------------------------------------------------------

    def speak(self, ms: float = 640, pause_ms: float = 640) -> None:
        """One spoken turn: speech, then enough silence to end it."""
        self.append(speech(ms), silence(pause_ms))

    def respond(self, **params: object) -> None:
        self.send(CreateResponse(params=ResponseParams(**params)))  # type: ignore[arg-type]

    # --- outputs ---------------------------------------------------------------------------------

    def all(self, kind: type[_E]) -> list[_E]:
        """Outputs of one type, in order."""
        return [output for output in self.outputs if isinstance(output, kind)]

    def last(self, kind: type[_E]) -> _E:
        return self.all(kind)[-1]

    @property
    def events(self) -> list[ServerEvent]:
        """Outputs that go to clients."""
        return [output for output in self.outputs if isinstance(output, ServerEvent)]

    @property
    def errors(self) -> list[str | None]:
        """Codes of the errors so far."""
        return [error.code for error in self.all(ErrorOccurred)]

    @property
    def request(self) -> LlmRequest:
        """What the engine was asked last."""
        return self.last(StartResponse).request

    def names(self, since: int = 0) -> list[str]:
        """Class names of the server events from output number `since` on."""
        return [type(output).__name__ for output in self.outputs[since:] if isinstance(output, ServerEvent)]

    def replay(self) -> list[Output]:
        """What a fresh session makes of the same inputs."""
        session = self._new_session()
        outputs = session.open()
        for event, now, origin in self.inputs:
            outputs += session.receive(event, now=now, origin=origin)
        return outputs

    # --- inside ----------------------------------------------------------------------------------

    def _new_session(self) -> Session:
        return Session(ids=self._new_ids(), now=1000.0, expires_at=1_700_003_600, **self._arguments)  # type: ignore[arg-type]

    def _receive(self, event: Input, origin: int | None = None) -> None:
        if type(event) is not AppendAudio:
            self.pull()
        self._note(event, origin)
        if self.as_served and type(event) is AppendAudio:
            if self.session.append(event.audio, now=self.now) is not None:
                return
        self._take(self.session.receive(event, now=self.now, origin=origin), told=type(event) is not AppendAudio)

    def _note(self, event: Input, origin: int | None) -> None:
        self.inputs.append((event, self.now, origin))
        self.log.append(event)

    def _answer_pauses(self) -> None:
        while self._pauses and not self.hold_judgements:
            self.judge(self.sign)

    def _take(self, outputs: Iterable[Output], *, told: bool = False) -> None:
        """`told`: of the scores that are on the tape, the log knows all."""
        outputs = list(outputs)
        self.outputs += outputs
        self.log += outputs
        self.invariants.observe(outputs)
        if told:
            self._noted = len(self.session.tape.scores)
        self._pauses.extend(output.judgement for output in outputs if isinstance(output, JudgeTurn))
        self._answer_pauses()
