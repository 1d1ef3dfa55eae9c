"""The time machine: a stored session, told to today's core once more."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

from voxwire.events.client import AppendAudio
from voxwire.interfaces.commands import Output
from voxwire.interfaces.inputs import Input, SpeechScores
from voxwire.interfaces.turn import Remark
from voxwire.recording.journal_format import (
    Appended,
    JournalHeader,
    JournalLine,
    Made,
    Opened,
    Scored,
    Told,
    Took,
    encode_journal,
)
from voxwire.recording.notes import sorted_out
from voxwire.recording.rebuild import digest, without_clips
from voxwire.session import Capabilities, Session

#: Lines and events that were stored together.
Chunk = tuple[list[JournalLine], list[Told]]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """Where today's core goes another way.

    `line` counts inputs from 0, which is the opening; `at_ms` is since the session began; `input` is the name of the
    input. `what` says in words what differs. `recorded` and `now` are the first events that differ; both None where
    the events are the same, and something else is not.
    """

    line: int
    at_ms: int
    input: str
    what: str
    recorded: Any = None
    now: Any = None


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: how many inputs were the same, and the first that was not."""

    inputs: int
    difference: Difference | None


class _RanOut(Exception):
    """The core asks for more than it asked for then."""


class _Answers:
    """What the session asked for then, in the same order."""

    def __init__(self) -> None:
        self.ids: deque[str] = deque()
        self.tokens: deque[int] = deque()
        self.remarks: deque[int] = deque()

    def add(self, made: Made) -> None:
        self.ids += made.ids
        self.tokens += made.tokens
        self.remarks += made.remarks

    def id(self, prefix: str) -> str:
        return str(_next(self.ids))

    def count(self, text: str) -> int:
        return int(_next(self.tokens))

    def remark(self, words: str, language: str | None) -> Remark:
        return Remark(_next(self.remarks))


class TimeMachine:
    """A session of today's core that is told what a stored one was told."""

    def __init__(self, header: JournalHeader) -> None:
        self._header = header
        self._answers = _Answers()
        self._session: Session | None = None

    def answers(self, made: Made) -> None:
        """What the session will ask for."""
        self._answers.add(made)

    def tell(self, line: Opened | Appended | Scored | Took) -> list[Output]:
        """Tell it one line; what it says. Raises RuntimeError where it asks for more than it did then."""
        try:
            if self._session is None:
                self._session = self._new_session()
            if isinstance(line, Opened):
                return self._session.open(line.patch)
            event, origin = told_by(line)
            return self._session.receive(event, now=line.at, origin=origin)
        except _RanOut:
            raise RuntimeError("it asks for more identifiers, lengths or remarks than it did") from None

    def _new_session(self) -> Session:
        header, answers = self._header, self._answers
        return Session(
            session_id=header.session_id,
            config=header.config,
            limits=header.limits,
            capabilities=_capabilities(header.capabilities, answers),
            ids=answers.id,
            now=header.now,
            expires_at=header.expires_at,
            end_user=header.end_user,
            fingerprint=header.fingerprint,
        )


def told_by(line: Appended | Scored | Took) -> tuple[Input, int | None]:
    """The input of a line, and where it came from."""
    match line:
        case Appended():
            audio = line.audio if isinstance(line.audio, bytes) else bytes(line.audio)
            return AppendAudio(audio=audio), line.origin
        case Scored():
            return SpeechScores(epoch=line.epoch, scores=line.scores), None
        case Took():
            return line.event, line.origin


def replay_session(header: JournalHeader, chunks: Iterable[Chunk]) -> Replay:
    """Tell a stored session to today's core, and compare what it says, up to the first difference."""
    replayed = Replayed(header)
    for chunk in chunks:
        if replayed.difference is None:
            replayed.chunk(chunk)
    return replayed.result


class Replayed:
    """The same, chunk by chunk."""

    def __init__(self, header: JournalHeader) -> None:
        self._header = header
        self._machine = TimeMachine(header)
        self._inputs = 0
        self.difference: Difference | None = None

    @property
    def result(self) -> Replay:
        return Replay(inputs=self._inputs, difference=self.difference)

    def chunk(self, chunk: Chunk) -> None:
        """Go on, unless there was a difference."""
        lines, events = chunk
        told = iter(events)
        for line in lines:
            if self.difference is not None:
                return
            if isinstance(line, Made):
                self._machine.answers(line)
                continue
            self.difference = self._compare(line, told)
            self._inputs += self.difference is None

    def _compare(self, line: Opened | Appended | Scored | Took, told: Iterator[Told]) -> Difference | None:
        recorded = [next(told).event for _ in range(getattr(line, "told", 0))]
        try:
            event = None if isinstance(line, Opened) else told_by(line)[0]
            outcome = sorted_out(event, self._machine.tell(line))
        except Exception as error:
            return self._difference(line, f"the core fails: {error}")
        now = [without_clips(event) for event in outcome.told]
        for before, after in zip(recorded, now, strict=False):
            if encode_journal(before) != encode_journal(after):
                return self._difference(line, "an event differs", before, after)
        if len(recorded) != len(now):
            more = now[len(recorded)] if len(now) > len(recorded) else None
            fewer = recorded[len(now)] if len(recorded) > len(now) else None
            return self._difference(line, f"{len(recorded)} events then, {len(now)} now", fewer, more)
        if digest(outcome.asked) != getattr(line, "digest", b""):
            return self._difference(line, "what engines are asked differs")
        if self._header.version > 1 and outcome.moved != getattr(line, "moved", 0):
            return self._difference(line, "sound that is handed on differs in length")
        if isinstance(line, Took) and line.audio and line.audio != b"".join(outcome.audio):
            return self._difference(line, "the sound of an answer differs")
        return None

    def _difference(self, line: JournalLine, what: str, recorded: Any = None, now: Any = None) -> Difference:
        at = getattr(line, "at", self._header.now)
        return Difference(
            line=self._inputs,
            at_ms=round((at - self._header.now) * 1000),
            input=type(line.event if isinstance(line, Took) else line).__name__,
            what=what,
            recorded=recorded,
            now=now,
        )


#: Of `Capabilities`, what stands in the header as it is.
_PLAIN: Final = tuple(
    name for name in Capabilities.__struct_fields__ if name not in ("count_tokens", "remark", "voices", "languages")
)


def plain_capabilities(capabilities: Capabilities) -> dict[str, Any]:
    """Capabilities as the header has them."""
    voices = capabilities.voices
    return {
        **{name: getattr(capabilities, name) for name in _PLAIN},
        "voices": None if voices is None else sorted(voices),
        "languages": list(capabilities.languages),
    }


def _capabilities(plain: dict[str, Any], answers: _Answers) -> Capabilities:
    voices = plain.get("voices")
    return Capabilities(
        **{name: plain[name] for name in _PLAIN if name in plain},
        voices=None if voices is None else frozenset(voices),
        languages=tuple(plain.get("languages", ())),
        count_tokens=answers.count,
        remark=answers.remark,
    )


def _next(given: deque[Any]) -> Any:
    if not given:
        raise _RanOut
    return given.popleft()
