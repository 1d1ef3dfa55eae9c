"""The listening half of a session: input audio, turns, commits (protocol: turns).

Audio goes onto the tape by `append`. With detection on, somebody scores its windows there, and `pull` follows the
scores, which start and stop turns. A turn's audio runs from its first window, padding included, to the end of its
trailing silence, and is streamed to the recogniser from the first speech window on.

**Epochs.** The detector has a memory: of the sound so far, and of the resampler's filter. The windows of one
epoch are one stream for it. A clear, another input format, and switching detection on or off begin a new epoch: it has
a new number, by which the detector forgets that memory. Such an event has waited until all windows were scored
(`session`), so no score is lost. A commit stays in its epoch, because the sound goes on; only the question "is somebody
speaking?" begins anew. What was left of an unfinished window then is never scored by itself.

**Waking.** Most scores change nothing, and nobody has to be told of them at once: while nobody speaks those below the
threshold, while somebody speaks those above silence, and in a pause those of silence until it is long enough. `expect`
says so to the tape. Then scores wait on it until one comes that counts, or until there is enough sound for the
recogniser. Whoever has something else to tell the session has it pull first, so it never acts on less than is known,
and when it was woken makes no difference to what it says.

Where a pause has to be judged (`JudgeTurn`), the scores after it wait for the answer, so that turns do not depend on
how long a judgement took. They count as not scored until then.
"""

from collections.abc import Callable
from math import inf
from typing import Final, TypeVar

from voxwire.audio.pcm import WINDOW_MS
from voxwire.audio.tape import NEVER, TICKS_PER_MS, WINDOW_TICKS, to_ms
from voxwire.audio.tapes import new_tape
from voxwire.errors import ClientError
from voxwire.events import server
from voxwire.events.items import AudioClip, InputAudio, MessageItem, Role
from voxwire.events.session_config import SessionConfig, TurnDetection
from voxwire.interfaces.commands import JudgeTurn, OverhearTurn
from voxwire.interfaces.turn import TurnSign
from voxwire.session.alarms import Alarm
from voxwire.session.conversation import Entry
from voxwire.session.drafts import Drafts
from voxwire.session.interruption import Guard, Guess
from voxwire.session.state import State
from voxwire.session.timings import TurnTimes
from voxwire.session.transcripts import Transcripts, Utterance
from voxwire.session.turn_detector import Boundary, SpeechState, TurnDetector
from voxwire.session.turn_in_progress import Judgement, TurnInProgress

_Words = TypeVar("_Words", str, str | None)

#: The end of a turn that a turn model hears.
_JUDGED_TICKS: Final = 8000 * TICKS_PER_MS
#: While somebody speaks, the recogniser gets so many windows at once: 256 ms.
_FED_WINDOWS: Final = 8
#: While speech is suspected to interrupt an answer, the next audio is waited for so long.
_MORE_AUDIO_S: Final = 1.0
#: While nobody speaks, so many scores that change nothing are followed at once: 2 s.
_SILENT_WINDOWS: Final = 64
#: What `Tape.expect` is told.
_Rule = tuple[float, float, int, int]
_EACH: Final[_Rule] = (0.0, 0.0, 1, -1)
_NONE: Final[_Rule] = (-inf, inf, NEVER, -1)


class Listener:
    """Owns the tape and the turn in progress."""

    def __init__(
        self,
        state: State,
        transcripts: Transcripts,
        drafts: Drafts,
        *,
        on_suspicion: Callable[[], bool],
        on_innocence: Callable[[int, int], None],
        on_speech: Callable[[], None],
        on_pause: Callable[[Utterance], bool],
        on_turn: Callable[[Entry], None],
    ) -> None:
        """`on_suspicion` says whether speech has to prove that it interrupts, and `on_innocence` is told that it did
        not, from when to when. `on_speech` is told that speech began, `on_pause` that the turn may be over, and says
        whether it asks for the words now; if not, it is told once more. `on_turn` is told that detection ended it as an
        item."""
        self._state = state
        self._transcripts = transcripts
        self._drafts = drafts
        self._on_suspicion = on_suspicion
        self._on_innocence = on_innocence
        self._on_speech = on_speech
        self._guard = Guard(state.limits, state.capabilities)
        self._on_pause = on_pause
        self._on_turn = on_turn
        self.tape = new_tape(state.config.input_format)
        self._detector: TurnDetector | None = None
        self._turn: TurnInProgress | None = None
        self._judgement: Judgement | None = None
        self._rule = _EACH
        self._detect(state.config.turn_detection)

    @property
    def speaking(self) -> bool:
        """Whether a turn is in progress."""
        return self._turn is not None

    @property
    def paused(self) -> bool:
        """Whether the turn in progress may be over."""
        return self._detector is not None and self._detector.paused

    @property
    def hushed(self) -> bool:
        """Whether the turn in progress may be over, or may be so in a moment."""
        return self._detector is not None and self._detector.hushed

    @property
    def unscored_ms(self) -> int:
        """Audio in whole windows that have no score, or one that waits for a judgement."""
        return (self.tape.unscored if self._judgement is None else self.tape.waiting) * WINDOW_MS

    # --- audio in --------------------------------------------------------------------------------

    def takes(self, size: int) -> bool:
        """Whether there is room for so many bytes, and an append of them adds nothing but windows to score."""
        limits = self._state.limits
        return size <= limits.append_bytes and self.tape.size + size <= limits.buffer_bytes and not self._judgement

    def append(self, audio: bytes) -> None:
        """`input_audio_buffer.append`; raises ClientError for a size that cannot be."""
        tape, limits = self.tape, self._state.limits
        if len(audio) > limits.append_bytes:
            raise ClientError(
                f"Audio chunk too large: {len(audio)} bytes, at most {limits.append_bytes} are accepted at once.",
                code="invalid_value",
                param="audio",
            )
        if len(audio) % tape.format.sample_bytes:
            raise ClientError(
                f"Invalid audio: {len(audio)} bytes are not a whole number of 16-bit samples.",
                code="invalid_value",
                param="audio",
            )
        if tape.size + len(audio) > limits.buffer_bytes:
            raise ClientError(
                f"The input audio buffer is full: it holds at most {limits.buffer_bytes} bytes. "
                "Commit or clear it first.",
                code="input_audio_buffer_full",
                param="audio",
            )
        tape.append(audio)

    def scored(self, epoch: int, scores: tuple[float, ...]) -> None:
        """Somebody else scored the next windows of an epoch; those of an older epoch are ignored."""
        if epoch == self.tape.epoch:
            for score in scores:
                self.tape.cut()
                self.tape.put(score)

    def pull(self) -> bool:
        """Follow the scores that are on the tape, up to a pause that has to be judged; whether there were any."""
        tape, detector, followed = self.tape, self._detector, self.tape.followed
        if detector is None:
            return False
        while self._judgement is None:
            if self._turn is None or not self._turn.suspected:
                tape.pass_over(*detector.unmoved, detector.undecided(tape.followed) - 1)
            if (score := tape.follow()) is None:
                break
            self._window(detector, score, tape.followed)
        if tape.followed == followed:
            return False
        if self._turn is None:
            self._forget(detector)
        elif not self._turn.held:
            self._feed(self._turn, tape.followed)
        return True

    def expect(self, *, every: bool) -> None:
        """Tell the tape which scores change something; call it after whatever may have changed that. `every`: somebody
        waits until all windows are scored."""
        rule = self._present_rule(every=every)
        if rule != self._rule:
            self._rule = rule
            self.tape.expect(*rule)

    def judged(self, number: int, sign: TurnSign | None) -> None:
        """What the pause looks like that was asked about; an answer to another question is none."""
        asked = self._judgement
        if asked is None or number != asked.number:
            return
        self._judgement = None
        detector, turn = asked.detector, asked.turn
        detector.judge(sign)
        turn.judged = turn.utterance.heard
        if detector.ends(self.tape.followed):  # of who sends no more audio, no other window would tell
            self._obey(detector, Boundary.STOPPED, self.tape.followed)
        elif sign not in (TurnSign.HESITANT, TurnSign.UNFINISHED):
            turn.held = self._on_pause(turn.utterance)
        self.pull()

    def heard_more(self) -> None:
        """The recogniser was behind, and has words that it did not have when the pause was judged: judge it again."""
        detector, turn = self._detector, self._turn
        if turn is not None and detector is not None and turn.suspected:
            if not self._state.capabilities.interims:  # who can be asked is asked, in the pause
                self._weigh(detector, turn, self._guard.while_speaking, turn.utterance.heard)
        elif turn is not None and detector is not None and detector.asks and self._judgement is None and self.paused:
            if turn.utterance.heard != turn.judged:
                self._ask(detector, turn)

    # --- commits ---------------------------------------------------------------------------------

    def commit(self) -> None:
        """`input_audio_buffer.commit`: everything buffered becomes a user item.

        With detection on, what is kept as the padding of a turn to come is nothing to commit: a "stop" button
        pressed after a turn would make a second item of it (protocol: decisions, Commit while nobody speaks).
        """
        tape = self.tape
        buffered_ms = tape.format.duration_ms(tape.size)
        waiting_ms = 0.0 if self._detector is not None and self._turn is None else buffered_ms
        if waiting_ms < self._state.limits.min_commit_ms:
            raise ClientError(
                "Error committing input audio buffer: buffer too small. Expected at least "
                f"{self._state.limits.min_commit_ms}ms of audio, but buffer only has {waiting_ms:.2f}ms of audio.",
                code="input_audio_buffer_commit_empty",
            )
        self._state.conversation.check_room()
        turn, self._turn = self._turn, None
        if turn is None:
            item_id = self._state.ids("item")
            start = tape.start
            utterance = self._transcripts.start(item_id, tape.format, to_ms(start))
            turn = TurnInProgress(item_id, start, start, utterance, start, start)
        else:
            if turn.suspected:
                self._convict(turn)
            turn.held = False  # what was not scored yet may hold a sound
            self._say_stopped(turn, tape.end)
        if self._detector is not None:
            self._detector.reset()
        self._drafts.drop()
        self._commit(turn, tape.end, speech_end=tape.end)
        # What was left of an unfinished window is committed: windows go on from here.
        tape.realign()

    def clear(self) -> None:
        """`input_audio_buffer.clear`: forget everything not committed, also speech in progress."""
        self._abandon_turn()
        self.tape.clear()
        if self._detector is not None:
            self._new_epoch()
        self._state.emit(server.BufferCleared())

    def idle(self) -> Entry:
        """Nobody spoke for `idle_timeout_ms`: the silence becomes an item (protocol: turns, Idle timeout)."""
        start, end = self.tape.start, self.tape.followed
        item_id = self._state.ids("item")
        self._state.emit(server.IdleTimeout(item_id=item_id, audio_start_ms=to_ms(start), audio_end_ms=to_ms(end)))
        return self._make_item(item_id, self._take(start, end))

    # --- settings --------------------------------------------------------------------------------

    def check(self, config: SessionConfig) -> None:
        """Refuse new settings that would lose audio already said."""
        if config.input_format is self.tape.format or not self.tape.size:
            return
        if self._turn is not None or self._detector is None:
            raise ClientError(
                "Cannot change the input audio format while the input audio buffer holds audio. "
                "Commit or clear it first.",
                code="input_audio_buffer_not_empty",
                param="session.audio.input.format",
            )

    def configure(self, config: SessionConfig) -> None:
        """Take new settings, checked before."""
        if config.input_format is not self.tape.format:
            self.tape.change_format(config.input_format)
            if self._detector is not None:
                self._new_epoch()
        settings = config.turn_detection
        if self._detector is not None and settings is not None:
            self._detector.configure(settings)
        elif self._detector is not None or settings is not None:
            self._abandon_turn()
            self._detect(settings)

    # --- inside ----------------------------------------------------------------------------------

    def _detect(self, settings: TurnDetection | None) -> None:
        limits = self._state.limits
        self._detector = TurnDetector(settings, limits.pause_ms, limits.hush_ms) if settings is not None else None
        self._new_epoch()

    def _new_epoch(self) -> None:
        epoch = self._state.number()
        self._judgement = None
        self.tape.begin(0 if self._detector is None else epoch)
        if self._detector is not None:
            self._detector.reset()

    def _present_rule(self, *, every: bool) -> _Rule:
        detector, turn = self._detector, self._turn
        if self._judgement is not None:
            return _NONE
        if detector is None or every or (turn is not None and turn.suspected):
            return _EACH
        if turn is None:
            return *detector.unmoved, _SILENT_WINDOWS, self._kept(detector)
        return *detector.unmoved, min(_FED_WINDOWS, detector.undecided(self.tape.followed)), -1

    def _forget(self, detector: TurnDetector) -> None:
        """Nobody speaks: what no turn can need."""
        self.tape.discard_before(self.tape.followed - self._kept(detector))

    def _kept(self, detector: TurnDetector) -> int:
        """Ticks before the last score that a turn may need: the padding, and one window more, so that the window that
        starts a turn has all of it."""
        return detector.padding_ticks + WINDOW_TICKS

    def _ask(self, detector: TurnDetector, turn: TurnInProgress) -> None:
        """Have the pause judged."""
        state = self._state
        audio, end = b"", self.tape.followed
        if state.capabilities.hears_turns:
            audio = self.tape.read(max(turn.start, end - _JUDGED_TICKS), end)
        number = state.number()
        self._judgement = Judgement(number, turn, detector)
        state.emit(
            JudgeTurn(judgement=number, transcription=turn.utterance.number, audio=audio, format=self.tape.format)
        )

    def _window(self, detector: TurnDetector, score: float, end: int) -> None:
        boundary = detector.step(score, end)
        turn = self._turn
        if turn is not None and turn.suspected:
            self._suspect(detector, turn, boundary, end)
        elif boundary is not None:
            self._obey(detector, boundary, end)

    def _suspect(self, detector: TurnDetector, turn: TurnInProgress, boundary: Boundary | None, end: int) -> None:
        """Another window of speech that may interrupt an answer, or not."""
        self._await_more()
        if detector.state is SpeechState.SPEAKING:
            turn.spoken = end
        if boundary in (None, Boundary.RESUMED, Boundary.HUSHED):
            self._weigh(detector, turn, self._guard.while_speaking, turn.utterance.heard)
            return
        self._feed(turn, end)
        if boundary is Boundary.STOPPED:
            # Words that are not known by now may come yet: then length alone counts.
            self._weigh(detector, turn, self._guard.after_speaking, turn.utterance.heard or None)
            if self._turn is turn:
                self._obey(detector, boundary, end)
        elif not self._guard.reads:
            self._weigh(detector, turn, self._guard.after_speaking, None)
        elif self._state.capabilities.interims:
            self._transcripts.ask(turn.utterance)

    def heard_so_far(self) -> None:
        """The recogniser has said all that it heard up to the pause."""
        detector, turn = self._detector, self._turn
        if turn is not None and turn.suspected and detector is not None and detector.paused:
            self._weigh(detector, turn, self._guard.after_speaking, turn.utterance.heard)

    def _await_more(self) -> None:
        """Audio in which a suspicion is decided: the answer is silent until then."""
        self._state.alarms.set(Alarm.SUSPICION, self._state.now + _MORE_AUDIO_S)

    def no_more_comes(self) -> None:
        """Whose microphone is off sends no pause either: what was said so far decides."""
        detector, turn = self._detector, self._turn
        assert detector is not None, "the alarm is cleared with the suspicion"
        assert turn is not None
        if self.unscored_ms:
            self._await_more()
        else:
            self._weigh(detector, turn, self._guard.after_speaking, turn.utterance.heard or None)

    def _weigh(
        self,
        detector: TurnDetector,
        turn: TurnInProgress,
        rule: Callable[[float, _Words, str | None], Guess],
        words: _Words,
    ) -> None:
        asked = self._state.config.transcription
        spoken_ms = (turn.spoken - turn.begun) / TICKS_PER_MS
        guess = rule(spoken_ms, words, asked.spoken() if asked else None)
        if guess is Guess.INTERRUPTION:
            self._convict(turn)
            if detector.asks and detector.paused:  # of a suspicion nobody asked that
                self._ask(detector, turn)
        elif guess is Guess.NONE:
            self._turn = None
            detector.reset()
            self._acquit(turn)

    def _convict(self, turn: TurnInProgress) -> None:
        """It interrupts: tell everybody, as if that had been known from the start."""
        turn.suspected = False
        self._state.alarms.clear(Alarm.SUSPICION)
        self._say_started(turn)

    def _acquit(self, turn: TurnInProgress) -> None:
        """It was nothing: the answer goes on, and there is no turn."""
        self._state.alarms.clear(Alarm.SUSPICION)
        self._transcripts.cancel(turn.utterance)
        self._state.conversation.release()
        self._on_innocence(to_ms(turn.start), to_ms(turn.spoken))

    def _obey(self, detector: TurnDetector, boundary: Boundary, end: int) -> None:
        if self._turn is None:
            self._start_turn(detector, max(self.tape.start, end - WINDOW_TICKS - detector.padding_ticks), end)
        elif boundary is Boundary.PAUSED and detector.asks:
            self._feed(self._turn, end)
            self._ask(detector, self._turn)
        elif boundary is Boundary.PAUSED or boundary is Boundary.HUSHED:
            if not self._turn.held:
                self._feed(self._turn, end)
                self._turn.held = self._on_pause(self._turn.utterance)
        elif boundary is Boundary.RESUMED:
            self._turn.held = False
            self._drafts.drop()
        else:
            turn, self._turn = self._turn, None
            self._say_stopped(turn, end)
            self._on_turn(self._commit(turn, end, speech_end=detector.speech_end))

    def _start_turn(self, detector: TurnDetector, start: int, end: int) -> None:
        """With the window that ends at `end`."""
        item_id = self._state.ids("item")
        self._state.conversation.reserve(item_id)
        suspected = self._guard.watches and self._on_suspicion()
        if not suspected:
            self._state.emit(server.SpeechStarted(item_id=item_id, audio_start_ms=to_ms(start)))
        utterance = self._transcripts.start(item_id, self.tape.format, to_ms(start))
        self._turn = turn = TurnInProgress(
            item_id, start, start, utterance, end - WINDOW_TICKS, end, suspected=suspected
        )
        # Here too, or what is left when the turn is not finished would depend on how the audio was cut.
        self.tape.discard_before(start)
        if suspected:
            self._await_more()
            self._weigh(detector, turn, self._guard.while_speaking, "")
        else:
            self._on_speech()

    def _say_started(self, turn: TurnInProgress) -> None:
        self._state.emit(server.SpeechStarted(item_id=turn.item_id, audio_start_ms=to_ms(turn.start)))
        self._on_speech()

    def _feed(self, turn: TurnInProgress, end: int) -> None:
        if end > turn.fed:
            audio = self.tape.read(turn.fed, end)
            self._transcripts.feed(turn.utterance, audio)
            if self._state.capabilities.overhears:
                number = turn.utterance.number
                self._state.emit(OverhearTurn(turn=number, audio=audio, format=self.tape.format))
            turn.fed = end

    def _commit(self, turn: TurnInProgress, end: int, *, speech_end: int) -> Entry:
        clip = self._take(turn.start, end)
        if turn.fed == turn.start:
            self._transcripts.feed(turn.utterance, clip.data)  # as it is: a slice of a bytearray would be a copy
        elif end > turn.fed and not turn.held:
            fed = (turn.fed - turn.start) * self.tape.format.bytes_per_ms // TICKS_PER_MS
            self._transcripts.feed(turn.utterance, clip.data[fed:])
        entry = self._make_item(turn.item_id, clip)
        entry.turn = TurnTimes(speech_end_ms=to_ms(speech_end), decided=self._state.now)
        self._transcripts.finish(turn.utterance, entry, clip.duration_ms)
        return entry

    def _take(self, start: int, end: int) -> AudioClip:
        return AudioClip(data=self.tape.commit(start, end), format=self.tape.format)

    def _make_item(self, item_id: str, clip: AudioClip) -> Entry:
        state = self._state
        item = MessageItem(id=item_id, role=Role.USER, content=(InputAudio(clip=clip, duration_ms=clip.duration_ms),))
        previous = state.conversation.last_id
        entry = state.conversation.add(item)
        state.emit(
            server.BufferCommitted(item_id=item_id, previous_item_id=previous),
            server.ItemAdded(item=item, previous_item_id=previous),
            server.ItemDone(item=item, previous_item_id=previous),
        )
        return entry

    def _abandon_turn(self) -> None:
        """The turn in progress, if there is one, becomes no item."""
        turn, self._turn = self._turn, None
        if turn is not None and turn.suspected:
            self._acquit(turn)
        elif turn is not None:
            self._say_stopped(turn, self.tape.end)
            self._drafts.drop()
            self._transcripts.cancel(turn.utterance)
            self._state.conversation.release()

    def _say_stopped(self, turn: TurnInProgress, end: int) -> None:
        """However a turn ends: what was said to have started is said to have stopped, or clients would wait for it."""
        self._state.emit(server.SpeechStopped(item_id=turn.item_id, audio_end_ms=to_ms(end)))
