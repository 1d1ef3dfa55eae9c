"""What an operator can set for the `llama` engine."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, SecretStr

from voxwire.engines.llm.chat.chat_options import VOICE_PREAMBLE, ChatOptions
from voxwire.engines.options import checked
from voxwire.errors import ConfigurationError

_Seconds = Annotated[float, Field(gt=0, le=86_400)]


class LlamaOptions(BaseModel):
    """`docs/engines/llama.md` explains each of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    model: str = Field(min_length=1)
    """A name of the catalogue, or the path of a GGUF file."""
    chat_template: Path | None = None
    """A file with a Jinja template, instead of the model's own."""
    context_tokens: PositiveInt = 8_192
    """Of each conversation, the answer included; less where the model can read less."""
    parallel: Annotated[int, Field(ge=1, le=64)] = 2
    """Answers that are written at once."""
    threads: PositiveInt | None = None
    """None takes the processors that there are, at most 8."""
    gpu_layers: NonNegativeInt | None = None
    """Layers of the model on the graphics card. None takes as many as fit."""
    cache_mib: NonNegativeInt = 512
    """Memory for conversations of which no answer is being written."""
    start_s: _Seconds = 300.0
    """How long loading the model may take."""
    thinking: bool = False
    """Let models think that can be told not to."""

    preamble: str = VOICE_PREAMBLE
    temperature: float | None = Field(default=None, ge=0, le=2)
    max_tokens: PositiveInt | None = None
    stop: tuple[str, ...] = ()
    tools: bool = True
    body: dict[str, Any] = Field(default_factory=dict)
    warm: bool = True
    first_token_s: _Seconds = 20.0
    idle_s: _Seconds = 10.0
    thinking_s: _Seconds = 60.0
    thinking_prefilled: bool = False

    @property
    def patience_s(self) -> float:
        """The longest that the engine yields nothing: waiting for a place, and in two children after each other."""
        return self.first_token_s + 2 * (self.first_token_s + max(self.idle_s, self.thinking_s))

    def chat(self, base_url: str, key: str, context_tokens: int) -> ChatOptions:
        """How llama.cpp's server at this address is asked."""
        same = self.model_dump(
            include={
                "preamble", "temperature", "max_tokens", "stop", "tools", "warm", "first_token_s", "idle_s",
                "thinking_s", "thinking_prefilled",
            }
        )  # fmt: skip
        body = self.body if self.thinking else {"chat_template_kwargs": {"enable_thinking": False}, **self.body}
        return ChatOptions(
            base_url=base_url,
            api_key=SecretStr(key),
            # llama.cpp closes the connection after an answer whatever it says: else the next request may meet that.
            headers={"Connection": SecretStr("close")},
            context_tokens=context_tokens,
            body=body,
            retries=0,  # at the same address it would be the same: the engine asks the next process
            **same,
        )


def read_llama_options(options: Mapping[str, Any]) -> LlamaOptions:
    """Check the options. Raises ConfigurationError with one sentence, which never repeats a value."""
    if not options.get("model"):
        raise ConfigurationError(
            "The llama engine needs model, the path of a GGUF file or a name of the catalogue (voxwire models list)."
        )
    return checked("llama", LlamaOptions, options)
