"""One answer of a service: its events to text, speech and tool calls."""

from collections.abc import Generator, Iterator

import msgspec
import pybase64

from voxwire.engines.llm.relay.mirror import Held, Mirror
from voxwire.engines.llm.relay.pace import Pace
from voxwire.engines.llm.relay.service_errors import SERVICE_FAILURES, of_error
from voxwire.engines.llm.relay.upstream_events import UpstreamEvent, UpstreamItem, UpstreamResponse, UpstreamUsage
from voxwire.events.response import TokenUsage
from voxwire.interfaces.llm import (
    FinishReason,
    LlmAudio,
    LlmDone,
    LlmEvent,
    LlmText,
    LlmToolArguments,
    LlmToolCall,
)

#: Samples a second of the audio that every service sends.
RATE_OUT = 24_000


class RelayedAnswer:
    """Takes the events of one response, from `response.created` on, until `done`.

    What the service says is noted in the mirror, also when nobody reads on: the service goes on having it. `progress`
    grows with everything that is a piece of the answer.
    """

    def __init__(self, id: str | None, mirror: Mirror, pace: Pace, functions: frozenset[str]) -> None:
        self.done = False
        self.progress = 0
        self._id = id
        self._mirror = mirror
        self._pace = pace
        self._functions = functions
        self._open: Held | None = None
        self._part = ""
        self._half = b""

    def take(self, event: UpstreamEvent) -> Iterator[LlmEvent]:
        """What one event adds. Those of other responses, which come late, and unknown ones add nothing.

        Raises EngineError for an answer that failed, or is broken.
        """
        if event.response_id not in (None, self._id):
            return
        match event.type:
            case "response.output_item.added" | "response.output_item.done" if event.item is not None:
                yield from self._item(event.item)
            case "response.output_text.delta" | "response.output_audio_transcript.delta":
                yield from self._text(event.item_id, event.delta)
            case "response.output_text.done":
                yield from self._rest(event.item_id, event.text)
            case "response.output_audio_transcript.done":
                yield from self._rest(event.item_id, event.transcript)
            case "response.output_audio.delta":
                yield from self._audio(event.item_id, event.delta)
            case "response.function_call_arguments.delta":
                yield from self._arguments(event.delta)
            case "response.function_call_arguments.done":
                yield from self._call(event.name, event.item_id, event.arguments)
            case "response.done" if event.response is not None and event.response.id in (None, self._id):
                yield from self._end(event.response)

    # --- messages -----------------------------------------------------------------------------------

    def _item(self, item: UpstreamItem) -> Iterator[LlmEvent]:
        if item.type == "function_call":
            yield from self._call(item.name, item.id, item.arguments, item.call_id)

    def _text(self, item_id: str | None, delta: str | None) -> Iterator[LlmEvent]:
        if delta:
            message = yield from self._message(item_id)
            message.text += delta
            self._part += delta
            self.progress += 1
            yield LlmText(text=delta)

    def _rest(self, item_id: str | None, whole: str | None) -> Iterator[LlmEvent]:
        """The part is whole: some services say its text only now."""
        if whole and whole.startswith(self._part):
            yield from self._text(item_id, whole[len(self._part) :])
        self._part = ""

    def _audio(self, item_id: str | None, delta: str | None) -> Iterator[LlmEvent]:
        try:
            pcm = pybase64.b64decode(delta or "", validate=True)
        except ValueError:
            raise SERVICE_FAILURES.broken("audio that is not base64") from None
        if not pcm:
            return
        message = yield from self._message(item_id)
        pcm = self._half + pcm
        size = len(pcm) // 2 * 2
        self._half = pcm[size:]
        if size:
            message.ms += size * 500 / RATE_OUT
            self.progress += 1
            yield LlmAudio(pcm=pcm[:size], chars_to=self._pace.chars(message.text, message.ms))

    def _message(self, item_id: str | None) -> Generator[LlmEvent, None, Held]:
        """The message with this identifier, which may begin now."""
        if self._open is None or self._open.name is not None or item_id not in (None, self._open.id):
            yield from self._close()
            return self._begin(Held(item_id))
        return self._open

    # --- tool calls ---------------------------------------------------------------------------------

    def _call(
        self, name: str | None, item_id: str | None, arguments: str | None, call_id: str | None = None
    ) -> Iterator[LlmEvent]:
        """A call as far as it is known. Some services name it at its beginning, some tell all of it at its end."""
        call = self._open
        if call is None or call.name is None or (item_id is not None and call.id != item_id):
            if name is None or any(one.id == item_id and one.name for one in self._mirror.held if item_id):
                return  # not its beginning, or told a second time
            if name not in self._functions:
                raise SERVICE_FAILURES.failed(
                    "llm_unknown_tool", "The Realtime service called a function that was not offered."
                )
            yield from self._close()
            call = self._begin(Held(item_id, name=name))
            yield LlmToolCall(name=name)
        call.call_id = call_id or call.call_id
        if arguments and arguments.startswith(call.text):
            yield from self._arguments(arguments[len(call.text) :])

    def _arguments(self, delta: str | None) -> Iterator[LlmEvent]:
        if delta and self._open is not None and self._open.name is not None:
            self._open.text += delta
            self.progress += 1
            yield LlmToolArguments(delta=delta)

    # --- the end ------------------------------------------------------------------------------------

    def _begin(self, one: Held) -> Held:
        self._open = one
        self._mirror.held.append(one)
        self._part, self._half = "", b""
        self.progress += 1
        return one

    def _close(self) -> Iterator[LlmEvent]:
        """The item that is open is whole."""
        one, self._open = self._open, None
        if one is None:
            return
        if one.name is not None:
            _check_arguments(one.text)
        elif one.ms:
            self._pace.learn(one.text, one.ms)
            yield LlmAudio(pcm=b"", chars_to=len(one.text))

    def _end(self, response: UpstreamResponse) -> Iterator[LlmEvent]:
        self.done = True
        details = response.status_details
        usage = None if response.usage is None else _usage(response.usage)
        match response.status:
            case "completed":
                yield from self._close()
                yield LlmDone(usage=usage)
            case "incomplete":
                filtered = details is not None and details.reason == FinishReason.CONTENT_FILTER.value
                yield LlmDone(reason=FinishReason.CONTENT_FILTER if filtered else FinishReason.MAX_TOKENS, usage=usage)
            case "cancelled":
                raise SERVICE_FAILURES.failed("llm_disconnected", "The Realtime service cancelled its answer.")
            case _:
                raise of_error(details.error if details else None)


def _check_arguments(text: str) -> None:
    try:
        good = not text or isinstance(msgspec.json.decode(text), dict)
    except (msgspec.DecodeError, UnicodeEncodeError):
        good = False
    if not good:
        message = "The Realtime service called a function with arguments that are no object."
        raise SERVICE_FAILURES.failed("llm_invalid_arguments", message)


def _usage(usage: UpstreamUsage) -> TokenUsage | None:
    if usage.input_tokens is None or usage.output_tokens is None:
        return None
    read, written = usage.input_token_details, usage.output_token_details
    audio_in = (read.audio_tokens if read else None) or 0
    audio_out = (written.audio_tokens if written else None) or 0
    cached = read.cached_tokens_details if read else None
    cached_audio = (cached.audio_tokens if cached else None) or 0
    return TokenUsage(
        input_text=max(usage.input_tokens - audio_in, 0),
        input_audio=audio_in,
        cached_text=max(((read.cached_tokens if read else None) or 0) - cached_audio, 0),
        cached_audio=cached_audio,
        output_text=max(usage.output_tokens - audio_out, 0),
        output_audio=audio_out,
    )
