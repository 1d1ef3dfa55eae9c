"""What one session's outputs say to those who watch it: its turns, and how much audio went in and out."""

from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import Any, ClassVar, Final

from voxwire.audio.pcm import AudioFormat
from voxwire.events.response import ResponseStatus, TokenUsage
from voxwire.events.server import (
    AudioDelta,
    ResponseCreated,
    ResponseDone,
    SessionCreated,
    SessionUpdated,
    SpeechStarted,
)
from voxwire.interfaces.commands import Output, StartResponse, StartTranscription, TakeDraft
from voxwire.runtime.observer import SessionObserver, TurnFacts

#: Audio that comes in is told in pieces of so many bytes, 10 s of PCM16.
_TOLD_BYTES: Final = 480_000
#: Utterances without an answer that one answer may still be about, and answers at once.
_MOST_UTTERANCES: Final = 8
_MOST_ANSWERS: Final = 64


class _Answer:
    """A response in progress."""

    __slots__ = ("begun", "created", "first_audio", "generation", "utterances")

    def __init__(self, begun: float, created: float, utterances: tuple[int, ...]) -> None:
        self.begun = begun
        self.created = created
        self.utterances = utterances
        self.first_audio: float | None = None
        self.generation: int | None = None


class SessionWatch:
    """Is told of everything but what comes many times a second, for which it has `appended` and `spoke`."""

    def __init__(self, observer: SessionObserver) -> None:
        self._observer = observer
        self._answers: OrderedDict[str, _Answer] = OrderedDict()
        self._utterances: list[int] = []
        self._speech_began: float | None = None
        self._format = AudioFormat.PCM16
        self._heard_bytes = 0
        self._spoken_s = 0.0
        self._voiced: str | None = None

    @property
    def answering(self) -> bool:
        """Whether a response is in progress."""
        return bool(self._answers)

    def appended(self, size: int) -> None:
        """So many bytes of audio have come."""
        self._heard_bytes += size
        if self._heard_bytes >= _TOLD_BYTES:
            self._tell_audio()

    def spoke(self, delta: AudioDelta) -> None:
        """A piece of speech goes out."""
        self._spoken_s += len(delta.pcm) / (2 * delta.format.rate)
        if delta.response_id != self._voiced:  # the first of an answer, mostly
            self._voiced = delta.response_id
            answer = self._answers.get(delta.response_id)
            if answer is not None and answer.first_audio is None:
                answer.first_audio = monotonic()

    def saw(self, output: Output) -> None:
        """Any other output of the session."""
        note = self._NOTES.get(type(output))
        if note is not None:
            note(self, output)

    def _speech_started(self, _: SpeechStarted) -> None:
        self._speech_began = monotonic()

    def _transcribes(self, command: StartTranscription) -> None:
        self._utterances = [*self._utterances, command.transcription][-_MOST_UTTERANCES:]

    def _generates(self, command: StartResponse | TakeDraft) -> None:
        if command.response_id is not None and (answer := self._answers.get(command.response_id)):
            answer.generation = command.generation

    def _configured(self, event: SessionCreated | SessionUpdated) -> None:
        self._tell_audio()
        self._format = event.config.input_format

    def _created(self, event: ResponseCreated) -> None:
        response, now = event.response, monotonic()
        answer = _Answer(now, now, ())
        if response.conversation_id is not None:  # one beside the conversation answers no speech
            answer.begun, self._speech_began = self._speech_began or now, None
            answer.utterances, self._utterances = tuple(self._utterances), []
        self._answers[response.id] = answer
        if len(self._answers) > _MOST_ANSWERS:
            self._answers.popitem(last=False)

    def _done(self, event: ResponseDone) -> None:
        response = event.response
        answer = self._answers.pop(response.id, None)
        if answer is None:
            return
        self._tell_audio()
        details = response.status_details
        turn = TurnFacts(
            response_id=response.id,
            begun=answer.begun,
            created=answer.created,
            ended=monotonic(),
            first_audio=answer.first_audio,
            end=(details and details.reason) or response.status.value,
            utterances=answer.utterances,
            generation=answer.generation,
            usage=response.usage,
            failure=details.code if details and response.status is ResponseStatus.FAILED else None,
        )
        self._observer.answered(turn)

    def used(self, usage: TokenUsage) -> None:
        """A response that was asked for has used so much."""
        self._observer.used(usage)

    def ended(self) -> None:
        """The session is over."""
        self._tell_audio()
        self._observer.ended()

    def _tell_audio(self) -> None:
        if self._heard_bytes or self._spoken_s:
            self._observer.streamed(self._format.duration_ms(self._heard_bytes) / 1000, self._spoken_s)
            self._heard_bytes, self._spoken_s = 0, 0.0

    #: By type, for most outputs are of no kind that counts here, and `match` asks each of them eight times.
    _NOTES: ClassVar[dict[type, Callable[["SessionWatch", Any], None]]] = {
        SpeechStarted: _speech_started,
        StartTranscription: _transcribes,
        ResponseCreated: _created,
        StartResponse: _generates,
        TakeDraft: _generates,
        ResponseDone: _done,
        SessionCreated: _configured,
        SessionUpdated: _configured,
    }
