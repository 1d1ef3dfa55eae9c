"""One answer of a chat endpoint: the data of its events to text and tool calls."""

from collections.abc import Iterator
from typing import Annotated, Any, Final

import msgspec

from voxwire.engines.llm.chat.failures import FAILURES, empty
from voxwire.engines.llm.chat.thinking import ThinkingFilter
from voxwire.errors import EngineError
from voxwire.events.response import TokenUsage
from voxwire.interfaces.llm import FinishReason, LlmDone, LlmEvent, LlmText, LlmToolArguments, LlmToolCall

#: Characters that a token has at most on average, in an answer that is meant.
_TOKEN_CHARS: Final = 16

_REASONS: Final = {"length": FinishReason.MAX_TOKENS, "content_filter": FinishReason.CONTENT_FILTER}


class _Function(msgspec.Struct):
    name: str | None = None
    arguments: Any = None


class _ToolCall(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: _Function | None = None


class _Delta(msgspec.Struct):
    content: Any = None
    refusal: Any = None
    tool_calls: list[_ToolCall] | None = None
    reasoning_content: Any = None
    reasoning: Any = None


class _Choice(msgspec.Struct):
    index: int = 0
    delta: _Delta | None = None
    finish_reason: str | None = None


_Count = Annotated[int, msgspec.Meta(ge=0)]


class _Details(msgspec.Struct):
    cached_tokens: _Count | None = None
    audio_tokens: _Count | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: _Count
    completion_tokens: _Count
    prompt_tokens_details: _Details | None = None


class _Chunk(msgspec.Struct):
    choices: list[_Choice] | None = None
    usage: Any = None
    error: Any = None


_CHUNKS: Final = msgspec.json.Decoder(_Chunk)


class _Call:
    """The tool call that is being written."""

    def __init__(self, index: int, id: str | None) -> None:
        self.index = index
        self.id = id
        self.arguments: list[str] = []


class AnswerReader:
    """Reads one answer. `take` every event's data until `complete`, then `finish`.

    `tokens` counts what the model really wrote, thinking included: events that carry nothing are no sign of life.
    """

    def __init__(self, functions: frozenset[str], *, most_tokens: int, thinking: bool = False) -> None:
        """`functions` are the names that may be called; `thinking` when the answer begins inside its thinking. One
        that has `most_tokens` is cut off: it would never end."""
        self.complete = False
        self.tokens = 0
        self._chars = 0
        self._most_tokens = most_tokens
        self._functions = functions
        self._filter = ThinkingFilter(thinking=thinking)
        self._reason: str | None = None
        self._usage: TokenUsage | None = None
        self._call: _Call | None = None
        self._calls = 0
        self._visible = False

    @property
    def finished(self) -> bool:
        """The model has said why it stopped: nothing but usage and the end mark may follow."""
        return self._reason is not None

    @property
    def begun(self) -> bool:
        """Something for the user has come: words or a tool call."""
        return self._visible or self._calls > 0

    def take(self, data: bytes) -> Iterator[LlmEvent]:
        """What one event adds to the answer; nothing once it is complete. Raises EngineError."""
        if self.complete:
            return
        if data.strip() == b"[DONE]":
            self.complete = True
            return
        try:
            chunk = _CHUNKS.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            raise FAILURES.broken("something that is no piece of an answer") from None
        if chunk.error is not None:
            raise FAILURES.in_stream()
        if chunk.usage is not None:
            self._usage = _usage(chunk.usage)
        if not chunk.choices:
            return
        if len(chunk.choices) > 1 or chunk.choices[0].index != 0:
            raise FAILURES.failed("llm_several_answers", "The language model gave several answers at once.")
        choice = chunk.choices[0]
        if choice.delta is not None:
            yield from self._delta(choice.delta)
        self._reason = choice.finish_reason or self._reason
        if self.tokens > self._most_tokens or self._chars > self._most_tokens * _TOKEN_CHARS:
            self._reason = "length"
            self.complete = True

    def finish(self) -> Iterator[LlmEvent]:
        """The end of the answer, once the stream has ended. Raises EngineError for one that is not whole."""
        if not self.complete and not self.finished:
            raise FAILURES.disconnected()
        if rest := self._filter.flush():
            yield self._text(rest)
        reason = _REASONS.get(self._reason or "", FinishReason.STOP)
        if reason is FinishReason.STOP:
            self._end_call()
            if not self.begun:
                raise empty()
        yield LlmDone(reason=reason, usage=self._usage)

    def _delta(self, delta: _Delta) -> Iterator[LlmEvent]:
        if delta.reasoning_content or delta.reasoning:
            self.tokens += 1
        if content := delta.content or delta.refusal:
            text = _plain(content)
            self.tokens += 1
            self._chars += len(text)
            if visible := self._filter.feed(text):
                yield self._text(visible)
        for call in delta.tool_calls or ():
            yield from self._tool_call(call)

    def _text(self, text: str) -> LlmText:
        self._visible = self._visible or bool(text.strip())
        return LlmText(text=text)

    def _tool_call(self, piece: _ToolCall) -> Iterator[LlmEvent]:
        self.tokens += 1
        function = piece.function or _Function()
        if self._begins(piece, function):
            self._end_call()
            index = piece.index if piece.index is not None else self._calls
            if function.name not in self._functions:
                raise FAILURES.failed("llm_unknown_tool", "The language model called a function that was not offered.")
            self._call = _Call(index, piece.id)
            self._calls += 1
            yield LlmToolCall(name=function.name or "")
        call = self._call
        if call is None or (piece.index is not None and piece.index != call.index):
            raise FAILURES.broken("a piece of a tool call without its beginning")
        if function.arguments:
            arguments = function.arguments
            text = arguments if isinstance(arguments, str) else msgspec.json.encode(arguments).decode()
            call.arguments.append(text)
            self._chars += len(text)
            yield LlmToolArguments(delta=text)

    def _begins(self, piece: _ToolCall, function: _Function) -> bool:
        """Some servers number every call 0, some give no number, some repeat id and name in every piece."""
        call = self._call
        if call is None:
            return True
        if piece.index is not None and piece.index > call.index:
            return True
        return bool(function.name and piece.id and piece.id != call.id)

    def _end_call(self) -> None:
        """The arguments of the call that ends must be an object. Raises EngineError."""
        if self._call is None or not self._call.arguments:
            return
        try:
            good = isinstance(msgspec.json.decode("".join(self._call.arguments)), dict)
        except (msgspec.DecodeError, UnicodeEncodeError):
            good = False
        if not good:
            raise invalid_arguments()


def invalid_arguments() -> EngineError:
    return FAILURES.failed(
        "llm_invalid_arguments", "The language model called a function with arguments that are no object."
    )


def _plain(content: Any) -> str:
    """Text, which some endpoints send as a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(part["text"] for part in content if isinstance(part, dict) and isinstance(part.get("text"), str))
    raise FAILURES.broken("something that is no piece of an answer")


def _usage(found: Any) -> TokenUsage | None:
    """What the endpoint counted; None where it cannot be: the session estimates then."""
    try:
        usage = msgspec.convert(found, _Usage)
    except msgspec.ValidationError:
        return None
    details = usage.prompt_tokens_details or _Details()
    heard = min(details.audio_tokens or 0, usage.prompt_tokens)
    read = usage.prompt_tokens - heard
    return TokenUsage(
        input_text=read,
        input_audio=heard,
        cached_text=min(details.cached_tokens or 0, read),
        output_text=usage.completion_tokens,
    )
