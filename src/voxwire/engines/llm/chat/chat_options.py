"""What an operator can set for the `chat` engine."""

import os
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field, PositiveInt, field_validator

from voxwire.engines.options import checked
from voxwire.engines.remote.endpoint_options import EndpointOptions
from voxwire.errors import ConfigurationError

#: Where the key comes from when no option names it: an environment shows in no list of processes.
KEY_VARIABLE: Final = "VOXWIRE_LLM_API_KEY"

#: Comes before the instructions of the session, and never changes, so that prompt caches keep it.
VOICE_PREAMBLE: Final = (
    "You are talking with somebody by voice. Your answers are spoken aloud, so write them as you would say them: "
    "short, usually one to three sentences, in the language of the user. Do not use Markdown, lists, tables, "
    "headings, emoji or links. Text such as [unintelligible] stands for speech that was not understood."
)

_Seconds = Annotated[float, Field(gt=0, le=86_400)]


class ChatOptions(EndpointOptions):
    """`docs/engines/chat.md` explains each of them."""

    ENDING: ClassVar[str] = "/chat/completions"
    EXAMPLE: ClassVar[str] = "http://127.0.0.1:11434/v1"
    KEY_VARIABLE: ClassVar[str] = KEY_VARIABLE

    base_url: str
    """Address up to and without `/chat/completions`."""
    model: str | None = None
    """None takes the only model that there is."""
    first_model: bool = False
    """Where no model is named and there are several, take the first that is none for embeddings."""
    body: dict[str, Any] = Field(default_factory=dict)
    """Further fields of every request. They win over ours."""
    preamble: str = VOICE_PREAMBLE
    temperature: float | None = Field(default=None, ge=0, le=2)
    """None sends the session's."""
    max_tokens: PositiveInt | None = None
    """Longest answer, where the session allows more."""
    stop: tuple[str, ...] = ()
    context_tokens: PositiveInt = 32_000
    """What the model can read, the answer included: older items are left out."""
    images: bool = False
    hears: bool = False
    """The model takes speech as it was said, as `input_audio`, instead of its words."""
    tools: bool = True
    parallel_tool_calls: bool | None = None
    """Whether the model may call several functions at once. None sends the session's, and nothing where it has none."""
    reasoning_effort: str | None = None
    """How much the model thinks. None sends the session's, and nothing where it has none."""
    prompt_cache_key: bool = False
    """Send the session's identifier, so that a cache or a router keeps a conversation in one place."""
    warm: bool | None = None
    """Have the model read instructions and tools when a session opens. None does so at local addresses, which cost
    nothing."""
    parallel: PositiveInt | None = None
    """Answers that the endpoint writes at once: further ones wait here, and sessions take turns. None hands all of them
    over, to the endpoint's own queue."""
    retries: Annotated[int, Field(ge=0, le=5)] = 1
    """Further tries where an endpoint cannot be reached, or fails, before it has given a first token."""
    first_token_s: _Seconds = 20.0
    """From the request to the first token."""
    idle_s: _Seconds = 10.0
    """From one token to the next."""
    thinking_s: _Seconds = 60.0
    """How long a model may think before the first word of its answer."""
    thinking_prefilled: bool = False
    """The model's template opens `<think>`, so that its answer begins inside."""
    check: bool = True
    """Ask the endpoint for its models at the start."""

    @field_validator("base_url", mode="before")
    @classmethod
    def _no_socket(cls, value: Any) -> Any:
        if isinstance(value, str) and value.strip().startswith(("ws:", "wss:")):
            raise ValueError("is the address of a chat endpoint; a Realtime service is attached with --profile relay")
        return value

    @field_validator("model", mode="before")
    @classmethod
    def _no_model(cls, value: Any) -> Any:
        return None if value == "" else value

    @property
    def patience_s(self) -> float:
        """The longest that the engine yields nothing before it fails by itself."""
        waiting_s = 0.0 if self.parallel is None else self.first_token_s
        return waiting_s + self.first_token_s + max(self.idle_s, self.thinking_s)

    @property
    def warms(self) -> bool:
        """Whether the beginnings of conversations are read ahead."""
        return self.near if self.warm is None else self.warm


def read_options(options: Mapping[str, Any]) -> ChatOptions:
    """Check the options. Raises ConfigurationError with one sentence, which never repeats a value."""
    if not options.get("base_url"):
        raise ConfigurationError("The chat engine needs base_url, such as http://127.0.0.1:11434/v1 (--llm).")
    given = dict(options)
    given.setdefault("api_key", os.environ.get(KEY_VARIABLE))
    return checked("chat", ChatOptions, given)
