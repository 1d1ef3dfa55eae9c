"""What one session was told, noted as it comes, until it is taken away to be stored.

A note is made for every piece of audio and every score, between them and what follows of them. So the two that come
many times a second are encoded at once, by hand, with the fields of the lines in `journal_format`: bytes weigh little,
and the collector has nothing to look at. All others are encoded once they are taken away.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from voxwire.events.client import AppendAudio
from voxwire.events.server import AudioDelta, BufferCommitted, ServerEventBase, SpeechStarted
from voxwire.events.session_config import SessionPatch
from voxwire.interfaces.commands import (
    DiscardPendingAudio,
    FeedTranscription,
    FinishTranscription,
    Output,
    OverhearTurn,
    StartTranscription,
)
from voxwire.interfaces.inputs import Input, SpeechScores, Transcribed
from voxwire.interfaces.stt import SttFinal
from voxwire.interfaces.turn import Remark
from voxwire.recording.journal_format import (
    Appended,
    HeardEvent,
    ListenedEvent,
    Made,
    Opened,
    ReadableEvent,
    Scored,
    SilencedEvent,
    SpokenEvent,
    Told,
    Took,
    encode_journal,
)
from voxwire.recording.rebuild import digest, silent, without_clips
from voxwire.session import Capabilities

#: Commands that hand sound on. It is that of the inputs, so its length is enough to compare.
_MOVES: Final = (FeedTranscription, OverhearTurn)
#: Events that name the item of an utterance, among the same outputs as the command to begin or to end it.
_OF_SPEECH: Final = (SpeechStarted, BufferCommitted)
#: What a note weighs beside the sound in it, about.
_NOTE_BYTES: Final = 200

#: The beginning of a list in msgpack; its length follows.
_LIST: Final = b"\xdd"

_APPENDED: Final = Appended.__struct_config__.tag
_SCORED: Final = Scored.__struct_config__.tag


class Outcome(NamedTuple):
    """Outputs, sorted: what clients were told, what engines were asked, sound that was handed on (bytes), and sound of
    answers."""

    told: list[ReadableEvent]
    asked: list[Output]
    moved: int
    audio: list[bytes]


def sorted_out(event: Input | None, outputs: list[Output]) -> Outcome:
    """Sort what came of an input, or of the opening. Wire order is kept within each kind."""
    told: list[ReadableEvent] = []
    asked: list[Output] = []
    audio: list[bytes] = []
    moved = 0
    if type(event) is Transcribed and type(event.event) is SttFinal:
        told.append(HeardEvent(event.number, event.event.text))
    for output in outputs:
        if isinstance(output, _MOVES):
            moved += len(output.audio)
        elif type(output) is AudioDelta:
            told.append(SpokenEvent(output.response_id, output.item_id, len(output.pcm), output.format.rate))
            audio.append(output.pcm)
        elif isinstance(output, ServerEventBase):
            told.append(output)
        else:
            asked.append(output)
    for command in asked:
        if type(command) is DiscardPendingAudio:
            told.append(SilencedEvent(command.response_id))
        elif isinstance(command, StartTranscription | FinishTranscription):
            told += [ListenedEvent(command.transcription, one.item_id) for one in told if isinstance(one, _OF_SPEECH)]
    return Outcome(told, asked, moved, audio)


class Batch(NamedTuple):
    """Notes that were taken away."""

    keep_audio: bool
    ids: list[str]
    tokens: list[int]
    remarks: list[int]
    notes: list[Any]


class Notes:
    """The notes of one session. It is written to wherever the session works, one call at a time, and taken from on the
    event loop."""

    def __init__(self, *, keep_audio: bool) -> None:
        self.keep_audio = keep_audio
        self.open = True
        """Whether notes are made; it ends when nobody can store them."""
        self.size = 0
        """What waits, in bytes of memory, about; what is small and comes all the time does not count."""
        self._ids: list[str] = []
        self._tokens: list[int] = []
        self._remarks: list[int] = []
        self._notes: list[Any] = []

    def listening(self, ids: Callable[[str], str], capabilities: Capabilities) -> dict[str, Any]:
        """The same for a session, overheard."""

        def made(prefix: str) -> str:
            given = ids(prefix)
            if self.open:
                self._ids.append(given)
            return given

        def counted(text: str) -> int:
            given = capabilities.count_tokens(text)
            if self.open:
                self._tokens.append(given)
            return given

        def judged(words: str, language: str | None) -> Remark:
            given = capabilities.remark(words, language)
            if self.open:
                self._remarks.append(given.value)
            return given

        return {"ids": made, "capabilities": replace(capabilities, count_tokens=counted, remark=judged)}

    def opened(self, at: float, patch: SessionPatch | None, outputs: list[Output]) -> None:
        """The session was opened."""
        self._notes.append(_Opening(at, patch, sorted_out(None, outputs)))

    def took(self, at: float, event: Input, origin: int | None, outputs: list[Output]) -> None:
        """The session took an input."""
        if type(event) is AppendAudio and event.event_id is None and not outputs:
            self.appended(at, event.audio, origin)
            return
        if type(event) is SpeechScores:
            moved = 0
            for output in outputs:  # one at most, nearly always
                if type(output) is not FeedTranscription:
                    break
                moved += len(output.audio)
            else:
                self._notes.append(encode_journal((_SCORED, at, event.epoch, event.scores, moved)))
                return
        outcome = sorted_out(event, outputs)
        self.size += _NOTE_BYTES * (1 + len(outputs)) + sum(map(len, outcome.audio))
        self._notes.append(_Input(at, event, origin, outcome))

    def appended(self, at: float, audio: bytes, origin: int | None = None) -> None:
        """Audio came, and nothing followed of it."""
        line = encode_journal((_APPENDED, at, audio if self.keep_audio else len(audio), origin, 0))
        self.size += len(line)
        self._notes.append(line)

    def take(self) -> Batch:
        """Take away what there is. What a session asks for is noted before the input that it was asked for, so it is
        taken after it: a batch never lacks any."""
        notes = _cut(self._notes)
        self.size = 0
        return Batch(self.keep_audio, _cut(self._ids), _cut(self._tokens), _cut(self._remarks), notes)

    def stop(self) -> None:
        """Make no more notes, and forget those that are there."""
        self.open = False
        self.take()

    def __bool__(self) -> bool:
        return bool(self._notes)


class _Opening(NamedTuple):
    at: float
    patch: SessionPatch | None
    outcome: Outcome


class _Input(NamedTuple):
    at: float
    event: Input
    origin: int | None
    outcome: Outcome


def packed(batch: Batch) -> tuple[bytes, bytes]:
    """The lines and the events of a batch, encoded. It may take milliseconds: call it in a thread."""
    lines = [encode_journal(Made(tuple(batch.ids), tuple(batch.tokens), tuple(batch.remarks)))]
    told: list[Told] = []
    for note in batch.notes:
        if type(note) is bytes:
            lines.append(note)
            continue
        outcome: Outcome = note.outcome
        if isinstance(note, _Opening):
            lines.append(encode_journal(Opened(note.patch, len(outcome.told), digest(outcome.asked))))
        else:
            lines.append(encode_journal(_took(batch.keep_audio, note)))
        told += [Told(note.at, without_clips(event)) for event in outcome.told]
    return _LIST + len(lines).to_bytes(4, "big") + b"".join(lines), encode_journal(told)


def _took(keep_audio: bool, note: _Input) -> Took:
    outcome = note.outcome
    return Took(
        at=note.at,
        event=note.event if keep_audio else silent(note.event),
        origin=note.origin,
        told=len(outcome.told),
        digest=digest(outcome.asked),
        moved=outcome.moved,
        audio=b"".join(outcome.audio) if keep_audio else b"",
    )


def _cut(noted: list[Any]) -> list[Any]:
    """Everything that is in the list now, taken out of it: one step at a time, each of which is whole, for a thread may
    add to it meanwhile."""
    count = len(noted)
    taken = noted[:count]
    del noted[:count]
    return taken
