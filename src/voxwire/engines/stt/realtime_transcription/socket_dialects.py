"""What is said over a socket of transcription, in either dialect: messages to send, and events to words. No I/O.

A socket serves one utterance after the other. Words belong to the item that the commit made, so what still comes of
another item is passed over.
"""

from typing import Any, Final, Protocol

import msgspec
import pybase64
from msgspec.structs import replace

from voxwire.engines.stt.placed_words import place_words, text_logprobs
from voxwire.engines.stt.realtime_transcription.socket_options import SocketOptions
from voxwire.engines.stt.stt_failures import STT_FAILURES
from voxwire.errors import EngineError
from voxwire.events import session_config
from voxwire.interfaces.stt import SttConfig, SttFinal

#: More is not what somebody says in one turn.
_LONGEST: Final = 100_000
_LONGEST_PROMPT: Final = 800
_PREFIX: Final = "conversation.item.input_audio_transcription."
#: What may be asked for: its name on the wire, and that of the option and the wish.
_INCLUDED: Final = {session_config.LOGPROBS: "logprobs", session_config.WORD_TIMES: "word_times"}


class _LogProb(msgspec.Struct):
    token: str
    logprob: float


class _WordTime(msgspec.Struct):
    word: str
    start_ms: float
    end_ms: float


class _Event(msgspec.Struct):
    type: str = ""
    item_id: str = ""
    delta: str = ""
    transcript: str | None = None
    text: str | None = None
    logprobs: list[_LogProb] | None = None
    words: list[_WordTime] = []
    error: Any = None


class SocketUtterance(Protocol):
    """One utterance on one socket."""

    ready: bool
    """Audio may be sent."""
    text: str
    """The words so far."""
    final: SttFinal | None
    complete: bool
    """There is a final, and nothing more comes that belongs to it."""

    def opening(self) -> list[dict[str, Any]]:
        """What is said before the audio."""

    def audio(self, pcm: bytes) -> dict[str, Any]:
        """A piece of it."""

    def ending(self) -> list[dict[str, Any]]:
        """What is said after it."""

    def take(self, message: str | bytes) -> bool:
        """Take in an event; whether it was a sign of life. Raises EngineError."""
        ...


def utterance_of(options: SocketOptions, config: SttConfig) -> SocketUtterance:
    """An utterance in the dialect of the options."""
    return VllmUtterance(options) if options.dialect == "vllm" else GaUtterance(options, config)


def _read(message: str | bytes) -> _Event:
    try:
        return msgspec.json.decode(message, type=_Event)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise STT_FAILURES.broken("something that is no event") from None


def _append(pcm: bytes) -> dict[str, Any]:
    return {"type": "input_audio_buffer.append", "audio": pybase64.b64encode(pcm).decode("ascii")}


def _checked(text: str) -> str:
    if len(text) > _LONGEST:
        raise STT_FAILURES.broken("a transcript without end")
    return text


class GaUtterance:
    """In a transcription session of the Realtime API, in GA's form."""

    def __init__(self, options: SocketOptions, config: SttConfig) -> None:
        self.ready = False
        self.text = ""
        self.final: SttFinal | None = None
        self._options = options
        self._config = config
        self.complete = False
        self._item = ""
        self._include = [
            name for name, asked in _INCLUDED.items() if getattr(options, asked) and getattr(config, asked)
        ]

    def opening(self) -> list[dict[str, Any]]:
        """The settings; the client commits, so turn detection is off."""
        options, config = self._options, self._config
        transcription: dict[str, Any] = {"model": options.model}
        if config.language:
            transcription["language"] = config.language.partition("-")[0].lower()
        if config.prompt:
            transcription["prompt"] = config.prompt[:_LONGEST_PROMPT]
        audio_format = {"type": "audio/pcm", "rate": options.samples_a_second}
        heard = {"format": audio_format, "transcription": transcription, "turn_detection": None}
        session: dict[str, Any] = {"type": "transcription", "audio": {"input": heard}}
        if self._include:
            session["include"] = self._include
        return [{"type": "session.update", "session": session}]

    def audio(self, pcm: bytes) -> dict[str, Any]:
        return _append(pcm)

    def ending(self) -> list[dict[str, Any]]:
        return [{"type": "input_audio_buffer.commit"}]

    def take(self, message: str | bytes) -> bool:
        event = _read(message)
        match event.type:
            case "session.updated":
                self.ready = True
            case "error":
                self._trouble(event.error)
            case "input_audio_buffer.committed":
                self._item = event.item_id
                return True
            case session_config.WORD_TIMES if self.final is not None and event.item_id == self._item:
                timed = [(one.word, one.start_ms, one.end_ms) for one in event.words]
                self.final = replace(self.final, words=tuple(place_words(self.final.text, timed)))
                self.complete = True
                return True
        if not event.type.startswith(_PREFIX) or (self._item and event.item_id != self._item):
            return False
        self._item = event.item_id
        match event.type.removeprefix(_PREFIX):
            case "delta":
                self.text = _checked(self.text + event.delta)
                return bool(event.delta)
            case "completed":
                text = _checked(self.text if event.transcript is None else event.transcript).strip()
                found = event.logprobs
                tokens = None if found is None else [(one.token, one.logprob) for one in found]
                self.final = SttFinal(text=text, logprobs=text_logprobs(text, tokens))
                self.complete = not text or session_config.WORD_TIMES not in self._include
            case "failed":
                raise STT_FAILURES.in_stream()
        return True

    def _trouble(self, error: Any) -> None:
        """Raises EngineError for an error that ends the utterance."""
        code = error.get("code") if isinstance(error, dict) else None
        if not self.ready and code == "invalid_value" and str(error.get("param", "")).endswith(("language", "prompt")):
            return  # what is only a hint was left out, and the rest was applied
        if code == "input_audio_buffer_commit_empty":
            self.final, self.complete = SttFinal(text=""), True
            return
        raise refusal(code) if not self.ready else STT_FAILURES.in_stream()


def refusal(code: object) -> EngineError:
    """What an endpoint says to settings that it does not take."""
    named = f" ({code})" if isinstance(code, str) and code.isidentifier() else ""
    return STT_FAILURES.failed("stt_request_refused", f"The speech recogniser's endpoint refused the settings{named}.")


class VllmUtterance:
    """On vLLM's socket: a first commit begins, one that is final ends."""

    def __init__(self, options: SocketOptions) -> None:
        self.ready = False
        self.text = ""
        self.final: SttFinal | None = None
        self.complete = False
        self._model = options.model

    def opening(self) -> list[dict[str, Any]]:
        return [{"type": "session.update", "model": self._model}, {"type": "input_audio_buffer.commit"}]

    def audio(self, pcm: bytes) -> dict[str, Any]:
        return _append(pcm)

    def ending(self) -> list[dict[str, Any]]:
        return [{"type": "input_audio_buffer.commit", "final": True}]

    def take(self, message: str | bytes) -> bool:
        event = _read(message)
        match event.type:
            case "session.created":
                self.ready = True
            case "transcription.delta":
                self.text = _checked(self.text + event.delta)
                return bool(event.delta)
            case "transcription.done":
                self.final = SttFinal(text=_checked(self.text if event.text is None else event.text).strip())
                self.complete = True
            case "error":
                raise STT_FAILURES.in_stream()
            case _:
                return False
        return True
