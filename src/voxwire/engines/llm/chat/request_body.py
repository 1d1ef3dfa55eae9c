"""The body of a chat completions request."""

import json
import logging
from typing import Any, Final

import msgspec
from msgspec.structs import replace
from pydantic import SecretStr

from voxwire.engines.llm.chat.chat_options import ChatOptions
from voxwire.engines.llm.chat.prompt import chat_tool_choice, chat_tools, messages
from voxwire.events.items import InputText, MessageItem, Role
from voxwire.interfaces.llm import LlmRequest

logger = logging.getLogger("voxwire.engines.chat")

#: What an endpoint may refuse and an answer can do without; the value is another name for the same.
_OPTIONAL: Final = {
    "max_tokens": "max_completion_tokens",  # OpenAI's reasoning models know only the newer name
    "temperature": None,  # and take no temperature
    "stream_options": None,
    "stop": None,
    "parallel_tool_calls": None,
    "reasoning_effort": None,
    "prompt_cache_key": None,
}


#: Those of them that a client may wish for, where the operator has chosen nothing.
_WISHES: Final = ("parallel_tool_calls", "reasoning_effort")


class RequestBody:
    """Makes the bodies of one endpoint's requests, and learns which optional fields the endpoint refuses."""

    def __init__(self, options: ChatOptions) -> None:
        self._options = options
        self._refused: set[str] = set()

    def encode(self, request: LlmRequest, model: str) -> bytes:
        """The JSON text that asks for this answer as a stream."""
        options = self._options
        system = "\n\n".join(text for text in (options.preamble, request.instructions) if text)
        offered = chat_tools(offered_tools(request))
        limits = [limit for limit in (options.max_tokens, request.max_output_tokens) if limit is not None]
        several = _first(options.parallel_tool_calls, request.parallel_tool_calls)
        fields: dict[str, Any] = {
            "model": model,
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": _first(options.temperature, request.temperature),
            "max_tokens": min(limits) if limits else None,
            "stop": list(options.stop) or None,
            "tools": offered or None,
            "tool_choice": chat_tool_choice(request.tool_choice) if offered else None,
            "parallel_tool_calls": several if offered else None,
            "reasoning_effort": _first(options.reasoning_effort, request.reasoning),
            "prompt_cache_key": request.session_key or None if options.prompt_cache_key else None,
            "user": request.end_user,
            "messages": messages(system, request.items, hears=options.hears),
        }
        body: dict[str, Any] = {}
        for name, value in fields.items():
            known = _OPTIONAL.get(name) if name in self._refused else name
            if known is not None and known not in self._refused and value is not None:
                body[known] = value
        return _json(body | options.body)

    def refused(self, field: str | None) -> bool:
        """The endpoint refuses a field of the body; whether the request is worth another try without it.

        What a client wished is not learnt: one client's wish must not take from the others what they may have.
        """
        optional = {*_OPTIONAL, *filter(None, _OPTIONAL.values())}
        if field is None or field not in optional or field in self._refused or field in self._options.body:
            return False
        if field in _WISHES and getattr(self._options, field) is None:
            return False
        self._refused.add(field)
        logger.info("the chat endpoint does not take %s: left out from now on", field)
        return True


def offered_tools(request: LlmRequest) -> tuple[Any, ...]:
    """The functions that the model may call. With the choice "none" it is offered none: many endpoints do not
    look at the choice."""
    return () if request.tool_choice == "none" else request.tools


def beginning_only(request: LlmRequest) -> LlmRequest:
    """A request that reads what this one begins with, and is answered by one token, which nobody hears.

    Templates want a user who says something; what comes before is read as in any other request.
    """
    hello = MessageItem(role=Role.USER, content=(InputText(text="Hello."),))
    return replace(request, items=(hello,), max_output_tokens=1)


def without_wishes(request: LlmRequest) -> LlmRequest:
    """The request without what a client asks of the model beside the answer, which an endpoint may not know."""
    return replace(request, parallel_tool_calls=None, reasoning=None, end_user=None)


def _first(chosen: Any, asked: Any) -> Any:
    """What the operator chose, else what the session asks for."""
    return asked if chosen is None else chosen


def _json(body: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(body, enc_hook=_revealed)
    except UnicodeEncodeError:  # half of a surrogate pair, which JSON can say and UTF-8 cannot
        return json.dumps(body, ensure_ascii=False, default=_revealed).encode("utf-8", "replace")


def _revealed(value: Any) -> Any:
    """A secret of the operator's own fields, on its way to the endpoint."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    raise TypeError(type(value))
