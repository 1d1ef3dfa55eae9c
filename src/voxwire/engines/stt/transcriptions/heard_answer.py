"""What an endpoint answers: its JSON, or its events, as words."""

from typing import Any, Final

import msgspec

from voxwire.engines.stt.placed_words import place_words, text_logprobs
from voxwire.engines.stt.stt_failures import STT_FAILURES
from voxwire.interfaces.stt import SttFinal

#: More is not what somebody says in one turn.
_LONGEST: Final = 100_000


class _Word(msgspec.Struct):
    word: str
    start: float
    end: float


class _LogProb(msgspec.Struct):
    token: str
    logprob: float


class _Answer(msgspec.Struct):
    text: str
    words: list[_Word] | None = None
    logprobs: list[_LogProb] | None = None


class _Event(msgspec.Struct):
    type: str = ""
    delta: str = ""
    text: str | None = None
    logprobs: list[_LogProb] | None = None
    error: Any = None


def read_answer(body: bytes) -> SttFinal:
    """Raises EngineError for what is no transcript."""
    try:
        answer = msgspec.json.decode(body, type=_Answer)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise STT_FAILURES.broken("something that is no transcript") from None
    return _final(answer.text, answer.words, answer.logprobs)


class EventTranscript:
    """Reads the events of one answer. `take` each one's data until `final` is there."""

    def __init__(self) -> None:
        self.text = ""
        self.final: SttFinal | None = None

    def take(self, data: bytes) -> bool:
        """Whether there are more words than before. Raises EngineError."""
        if data.strip() == b"[DONE]":
            self.final = self.final or _final(self.text, None, None)
            return False
        try:
            event = msgspec.json.decode(data, type=_Event)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise STT_FAILURES.broken("something that is no event of a transcript") from None
        if event.error is not None or event.type == "error":
            raise STT_FAILURES.in_stream()
        if event.type == "transcript.text.done":
            self.final = _final(self.text if event.text is None else event.text, None, event.logprobs)
        elif event.type == "transcript.text.delta" and event.delta:
            self.text += event.delta
            if len(self.text) > _LONGEST:
                raise STT_FAILURES.broken("a transcript without end")
            return True
        return False


def _final(text: str, words: list[_Word] | None, logprobs: list[_LogProb] | None) -> SttFinal:
    said = text.strip()
    if len(said) > _LONGEST:
        raise STT_FAILURES.broken("a transcript without end")
    return SttFinal(
        text=said,
        words=tuple(place_words(said, [(one.word, one.start * 1000, one.end * 1000) for one in words or ()])),
        logprobs=text_logprobs(said, None if logprobs is None else [(one.token, one.logprob) for one in logprobs]),
    )
