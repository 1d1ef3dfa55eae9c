"""Recognition in progress: which utterance belongs to which item, and what the client is told.

Recognition runs for every spoken turn; events leave only when the client asked for them
(protocol: responses, Waiting for words). Deltas carry only text that the engine will not change, so that they
concatenate to the final transcript.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from voxwire.audio.pcm import AudioFormat
from voxwire.events.server import TranscriptionCompleted, TranscriptionDelta, TranscriptionFailed
from voxwire.events.session_config import LOGPROBS, Transcription
from voxwire.interfaces.stt import SttEvent, SttFinal, SttInterim, SttPartial
from voxwire.session.commands import (
    CancelTranscription,
    FeedTranscription,
    FinishTranscription,
    ProbeTranscription,
    StartTranscription,
)
from voxwire.session.conversation import Entry
from voxwire.session.inputs import Failed
from voxwire.session.state import State


@dataclass(eq=False, slots=True)
class Utterance:
    """One recogniser at work for one audio part of one item.

    `asked` is what the client asked to be told when the utterance began, None for nothing. Until the
    item exists, words and failure wait here: `stable` is what may be said, `sent` what was. `overdue`: a
    response has waited for the words in vain, so none waits again. `paused`: a probe was sent, of `probes`, of which
    some are `unanswered`, and nothing was spoken since.
    """

    number: int
    item_id: str
    content_index: int
    asked: Transcription | None
    logprobs: bool
    stable: str = ""
    sent: str = ""
    seconds: float = 0.0
    overdue: bool = False
    probes: int = 0
    unanswered: int = 0
    paused: bool = False
    entry: Entry | None = None
    failure: Failed | None = None


class Transcripts:
    """All utterances whose words are not final yet."""

    def __init__(
        self, state: State, *, on_words: Callable[[int], None], on_interim: Callable[[str, str], None]
    ) -> None:
        """`on_words(number)` is told when an utterance has ended, well or not; `on_interim(item_id, words)`, when a
        probe was answered in the pause it was sent in."""
        self._state = state
        self._on_words = on_words
        self._on_interim = on_interim
        self._running: dict[int, Utterance] = {}

    def start(self, item_id: str, format: AudioFormat, *, content_index: int = 0, recorded: bool = False) -> Utterance:
        """Open a recogniser for an item, which need not exist yet. Of audio that clients recorded nothing is said."""
        state = self._state
        config, asked = state.config, state.config.transcription
        logprobs = LOGPROBS in (config.include or ())
        utterance = Utterance(state.number(), item_id, content_index, None if recorded else asked, logprobs)
        self._running[utterance.number] = utterance
        state.emit(
            StartTranscription(
                transcription=utterance.number,
                format=format,
                language=asked.spoken() if asked else None,
                prompt=asked.expected() if asked else None,
                recorded=recorded,
            )
        )
        return utterance

    def feed(self, utterance: Utterance, audio: bytes | bytearray) -> None:
        self._state.emit(FeedTranscription(transcription=utterance.number, audio=audio))

    def probe(self, utterance: Utterance) -> None:
        """Nothing is spoken just now: ask for the words so far."""
        utterance.paused = True
        utterance.probes += 1
        utterance.unanswered += 1
        self._state.emit(ProbeTranscription(transcription=utterance.number))

    def finish(self, utterance: Utterance, entry: Entry, duration_ms: float) -> None:
        """The utterance is complete and belongs to `entry`."""
        utterance.entry = entry
        utterance.seconds = duration_ms / 1000
        entry.hear(utterance.content_index, None)
        if utterance.failure is None:
            self._state.emit(FinishTranscription(transcription=utterance.number))

    def settle(self, utterance: Utterance) -> None:
        """Say what was heard before the item existed; call once the item was announced."""
        self._show_stable(utterance)
        if utterance.failure is not None:
            self._failed(utterance, utterance.failure)

    def cancel(self, utterance: Utterance) -> None:
        del self._running[utterance.number]
        self._state.emit(CancelTranscription(transcription=utterance.number))

    def result(self, number: int, event: SttEvent | Failed) -> None:
        """What the recogniser says; of an utterance that was cancelled nobody hears."""
        utterance = self._running.get(number)
        if utterance is None:
            return
        match event:
            case SttPartial():
                self._partial(utterance, event)
            case SttInterim():
                self._interim(utterance, event)
            case SttFinal():
                self._final(utterance, event)
            case Failed():
                self._failed(utterance, event)
            case _:
                assert_never(event)

    def pending(self, entries: list[Entry]) -> set[int]:
        """Numbers of the utterances whose words a response to these items waits for."""
        return {
            number
            for number, utterance in self._running.items()
            if not utterance.overdue and utterance.entry in entries
        }

    def give_up(self, numbers: set[int]) -> None:
        """The words of these utterances did not come in time: nobody waits for them any longer."""
        for number in numbers:
            self._running[number].overdue = True

    def _partial(self, utterance: Utterance, result: SttPartial) -> None:
        if utterance.asked is None:
            return
        stable = result.text[: result.stable]
        if stable.startswith(utterance.stable):
            utterance.stable = stable
        # An item event precedes any delta of that item (docs/architecture.md, invariant 3).
        if utterance.entry is not None:
            self._show_stable(utterance)

    def _interim(self, utterance: Utterance, result: SttInterim) -> None:
        # Answers come in the order of the probes: one that leaves others open is of an earlier pause.
        utterance.unanswered -= 1
        if utterance.paused and utterance.unanswered == 0 and utterance.entry is None:
            self._on_interim(utterance.item_id, result.text)

    def _final(self, utterance: Utterance, result: SttFinal) -> None:
        # A final before the end of the utterance cannot be one: the engine was not asked yet.
        if utterance.entry is None:
            return
        del self._running[utterance.number]
        utterance.entry.hear(utterance.content_index, result.text)
        if utterance.entry.turn is not None:
            utterance.entry.turn.words = self._state.now
        if utterance.asked is not None:
            if result.text.startswith(utterance.stable):
                utterance.stable = result.text
                self._show_stable(utterance)
            utterance.entry.set_transcript(utterance.content_index, result.text)
            self._state.emit(
                TranscriptionCompleted(
                    item_id=utterance.item_id,
                    content_index=utterance.content_index,
                    transcript=result.text,
                    seconds=utterance.seconds,
                    logprobs=result.logprobs if utterance.logprobs else None,
                )
            )
        self._on_words(utterance.number)

    def _failed(self, utterance: Utterance, result: Failed) -> None:
        if utterance.entry is None:
            utterance.failure = result
            return
        del self._running[utterance.number]
        utterance.entry.hear(utterance.content_index, "")
        utterance.entry.failure = (result.code, result.message)
        if utterance.asked is not None:
            self._state.emit(
                TranscriptionFailed(
                    item_id=utterance.item_id,
                    content_index=utterance.content_index,
                    code=result.code,
                    message=result.message,
                )
            )
        self._on_words(utterance.number)

    def _show_stable(self, utterance: Utterance) -> None:
        delta = utterance.stable[len(utterance.sent) :]
        if not delta:
            return
        utterance.sent = utterance.stable
        self._state.emit(
            TranscriptionDelta(item_id=utterance.item_id, content_index=utterance.content_index, delta=delta)
        )
