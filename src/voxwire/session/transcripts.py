"""Recognition in progress: which utterance belongs to which item, and what the client is told.

Recognition runs for every spoken turn; events leave only when the client asked for them
(protocol: responses, Waiting for words). Where the language engine hears by itself, only the client needs the words,
and who judges pauses: recognition runs when the client has asked for them, or for `semantic_vad`. Deltas carry only
text that the engine will not change, so that they concatenate to the final transcript.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from voxwire.audio.pcm import AudioFormat
from voxwire.events.server import TranscriptionCompleted, TranscriptionDelta, TranscriptionFailed, WordTime, WordTimes
from voxwire.events.session_config import LOGPROBS, WORD_TIMES, SemanticVad, Transcription
from voxwire.interfaces import commands
from voxwire.interfaces.engine import Word
from voxwire.interfaces.inputs import Failed
from voxwire.interfaces.stt import SttEvent, SttFinal, SttInterim, SttPartial
from voxwire.session.conversation import Entry
from voxwire.session.state import State


@dataclass(eq=False, slots=True)
class Speaking:
    """The utterance goes on, and its item does not exist yet: a failure waits here.

    Of its probes some are `unanswered`.
    """

    failure: Failed | None = None
    unanswered: int = 0


@dataclass(eq=False, slots=True)
class Spoken:
    """The utterance is complete and belongs to `entry`."""

    entry: Entry
    seconds: float


@dataclass(eq=False, slots=True)
class Utterance:
    """One recogniser at work for one audio part of one item.

    `asked` is what the client asked to be told when the utterance began, None for nothing; `start_ms` is where it began
    in the input audio; `heard` is all that was understood so far, `stable` what may be said of it, `sent` what was.
    `drafts` were begun of its words.
    """

    number: int
    item_id: str
    content_index: int
    start_ms: int
    asked: Transcription | None
    logprobs: bool
    word_times: bool
    heard: str = ""
    stable: str = ""
    sent: str = ""
    drafts: int = 0
    state: Speaking | Spoken = field(default_factory=Speaking)


class Transcripts:
    """All utterances whose words are not final yet."""

    def __init__(
        self,
        state: State,
        *,
        on_words: Callable[[int], None],
        on_interim: Callable[[Utterance, str], None],
        on_more: Callable[[], None],
    ) -> None:
        """`on_words(number)` is told when an utterance has ended, well or not; `on_interim(utterance, words)`, when
        the last probe was answered; `on_more`, when more was heard of an utterance that goes on."""
        self._state = state
        self._on_words = on_words
        self._on_interim = on_interim
        self._on_more = on_more
        self._running: dict[int, Utterance] = {}
        self._overdue: frozenset[int] = frozenset()
        """For these a response has waited in vain, so none waits again."""

    def start(
        self, item_id: str, format: AudioFormat, start_ms: int = 0, *, content_index: int = 0, recorded: bool = False
    ) -> Utterance:
        """Open a recogniser for an item, which need not exist yet; it begins at `start_ms` of the input audio.

        Audio that clients recorded is no part of that, and nothing is said of it.
        """
        state = self._state
        config, asked = state.config, state.config.transcription
        include = config.include or ()
        logprobs, word_times = LOGPROBS in include, WORD_TIMES in include
        told = None if recorded else asked
        utterance = Utterance(state.number(), item_id, content_index, start_ms, told, logprobs, word_times)
        judged = isinstance(config.turn_detection, SemanticVad) and not recorded
        if told is None and state.capabilities.hears and not judged:
            return utterance  # of which nobody needs the words
        self._running[utterance.number] = utterance
        state.emit(
            commands.StartTranscription(
                transcription=utterance.number,
                format=format,
                language=asked.spoken() if asked else None,
                prompt=asked.expected() if asked else None,
                word_times=word_times and told is not None,
                logprobs=logprobs and told is not None,
                recorded=recorded,
            )
        )
        return utterance

    def feed(self, utterance: Utterance, audio: bytes | bytearray) -> None:
        if utterance.number in self._running:
            self._state.emit(commands.FeedTranscription(transcription=utterance.number, audio=audio))

    def probe(self, utterance: Utterance) -> bool:
        """Nothing is spoken just now: ask for the words so far. False where no draft may be begun of them."""
        if not isinstance(utterance.state, Speaking) or not self.drafts_left(utterance):
            return False
        self.ask(utterance)
        return True

    def drafts_left(self, utterance: Utterance) -> int:
        """How many drafts may yet be begun of this utterance."""
        return max(0, self._state.limits.max_drafts_per_turn - utterance.drafts)

    def ask(self, utterance: Utterance) -> None:
        """Ask for the words so far of an utterance that goes on, and whose recogniser can say them."""
        assert isinstance(utterance.state, Speaking)
        utterance.state.unanswered += 1
        self._state.emit(commands.ProbeTranscription(transcription=utterance.number))

    def finish(self, utterance: Utterance, entry: Entry, duration_ms: float) -> None:
        """The utterance is complete and belongs to `entry`, which was announced: say what was heard before that."""
        if utterance.number not in self._running:
            return
        before, utterance.state = utterance.state, Spoken(entry, duration_ms / 1000)
        entry.hear(utterance.content_index, None)
        failure = before.failure if isinstance(before, Speaking) else None
        if failure is None:
            self._state.emit(commands.FinishTranscription(transcription=utterance.number))
        self._show_stable(utterance)
        if failure is not None:
            self._failed(utterance, failure)

    def cancel(self, utterance: Utterance) -> None:
        if self._running.pop(utterance.number, None):
            self._state.emit(commands.CancelTranscription(transcription=utterance.number))

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
        if self._state.capabilities.hears:
            return set()
        return {
            number
            for number, utterance in self._running.items()
            if isinstance(state := utterance.state, Spoken) and number not in self._overdue and state.entry in entries
        }

    def give_up(self, numbers: set[int]) -> None:
        """The words of these utterances did not come in time: nobody waits for them any longer."""
        self._overdue |= numbers

    def _partial(self, utterance: Utterance, result: SttPartial) -> None:
        if isinstance(utterance.state, Speaking):
            utterance.heard = result.text
            self._on_more()
        if utterance.asked is None:
            return
        stable = result.text[: result.stable]
        if stable.startswith(utterance.stable):
            utterance.stable = stable
        # An item event precedes any delta of that item (docs/architecture.md, invariant 3).
        if isinstance(utterance.state, Spoken):
            self._show_stable(utterance)

    def _interim(self, utterance: Utterance, result: SttInterim) -> None:
        state = utterance.state
        if not isinstance(state, Speaking):
            return
        utterance.heard = result.text
        # Answers come in the order of the probes: one that leaves others open is of an earlier pause. One without a
        # probe from here was given to who judges a pause.
        if state.unanswered == 0:
            self._on_more()
            return
        state.unanswered -= 1
        if state.unanswered == 0:
            self._on_interim(utterance, result.text)

    def _final(self, utterance: Utterance, result: SttFinal) -> None:
        spoken = utterance.state
        if not isinstance(spoken, Spoken):
            return  # it cannot be a final: the engine was not asked for it yet
        if spoken.entry.turn is not None:
            spoken.entry.turn.words = self._state.now
        if utterance.asked is not None:
            if result.text.startswith(utterance.stable):
                utterance.stable = result.text
                self._show_stable(utterance)
            spoken.entry.set_transcript(utterance.content_index, result.text)
            self._state.emit(
                TranscriptionCompleted(
                    item_id=utterance.item_id,
                    content_index=utterance.content_index,
                    transcript=result.text,
                    seconds=spoken.seconds,
                    logprobs=result.logprobs if utterance.logprobs else None,
                )
            )
            if utterance.word_times and result.words:
                self._state.emit(_word_times(utterance, spoken.seconds, result.words))
        self._end(utterance, spoken.entry, result.text)

    def _failed(self, utterance: Utterance, result: Failed) -> None:
        if isinstance(utterance.state, Speaking):
            utterance.state.failure = result
            return
        entry = utterance.state.entry
        entry.failure = result
        if utterance.asked is not None:
            self._state.emit(
                TranscriptionFailed(
                    item_id=utterance.item_id,
                    content_index=utterance.content_index,
                    code=result.code,
                    message=result.message,
                )
            )
        self._end(utterance, entry, "")

    def _end(self, utterance: Utterance, entry: Entry, words: str) -> None:
        del self._running[utterance.number]
        self._overdue -= {utterance.number}
        entry.hear(utterance.content_index, words)
        self._on_words(utterance.number)

    def _show_stable(self, utterance: Utterance) -> None:
        delta = utterance.stable[len(utterance.sent) :]
        if not delta:
            return
        utterance.sent = utterance.stable
        self._state.emit(
            TranscriptionDelta(item_id=utterance.item_id, content_index=utterance.content_index, delta=delta)
        )


def _word_times(utterance: Utterance, seconds: float, words: tuple[Word, ...]) -> WordTimes:
    """In the time of the input audio. Recognisers count in frames: no word ends after the item."""

    def at(ms: float) -> int:
        return utterance.start_ms + min(round(ms), int(1000 * seconds))

    return WordTimes(
        item_id=utterance.item_id,
        content_index=utterance.content_index,
        words=tuple(WordTime(word=word.text, start_ms=at(word.start_ms), end_ms=at(word.end_ms)) for word in words),
    )
