"""What is asked of the engines for one response: the settings that hold for it, and the items it reads."""

from collections.abc import Sequence
from typing import Final

from msgspec import UNSET
from msgspec.structs import replace

from voxwire.events.response import ResponseParams, TokenUsage
from voxwire.events.session_config import SessionConfig, effort
from voxwire.interfaces.commands import StartResponse
from voxwire.interfaces.llm import LlmRequest
from voxwire.interfaces.token_estimate import USUAL_ANSWER
from voxwire.session.context import fit
from voxwire.session.conversation import Entry
from voxwire.session.state import State

#: As nearly all responses: nothing is otherwise than in the session.
PLAIN: Final = ResponseParams()
#: What a response may have otherwise than its session.
_OVERRIDES: Final = (
    "instructions", "modality", "voice", "output_format", "temperature", "max_output_tokens", "tools", "tool_choice",
    "parallel_tool_calls", "reasoning",
)  # fmt: skip


def resolve(config: SessionConfig, params: ResponseParams) -> SessionConfig:
    """The settings that hold for one response: the session's with its overrides."""
    if params == PLAIN:
        return config
    given = {name: getattr(params, name) for name in _OVERRIDES if getattr(params, name) is not UNSET}
    if "tools" in given and "tool_choice" not in given and not isinstance(config.tool_choice, str):
        # A tool that the session forces need not be among the response's own tools.
        given["tool_choice"] = "auto"
    return replace(config, **given)


def ask(
    state: State,
    plan: SessionConfig,
    entries: Sequence[Entry],
    *,
    generation: int,
    response_id: str | None,
    background: bool,
    words: str | None = None,
) -> tuple[StartResponse, TokenUsage]:
    """The command that starts this response, and the tokens that it reads.

    Raises ClientError when the items do not fit and may not be dropped.
    """
    count = state.capabilities.count_tokens
    context = fit(
        [entry.read or entry.context_item(count) for entry in entries],
        instructions=plan.instructions,
        tools=plan.tools,
        truncation=plan.truncation,
        context_tokens=state.capabilities.context_tokens,
        count=count,
    )
    request = LlmRequest(
        instructions=plan.instructions,
        items=context.items,
        tools=plan.tools,
        tool_choice=plan.tool_choice,
        modality=plan.modality,
        temperature=plan.temperature,
        max_output_tokens=plan.max_output_tokens,
        parallel_tool_calls=plan.parallel_tool_calls,
        reasoning=effort(plan.reasoning),
        session_key=state.session_id,
        end_user=state.end_user,
    )
    most = plan.max_output_tokens
    expected = USUAL_ANSWER if most is None else min(most, USUAL_ANSWER)
    start = StartResponse(
        generation=generation,
        response_id=response_id,
        request=request,
        voice=plan.voice,
        speed=plan.speed,
        output_format=plan.output_format,
        background=background,
        words=words,
        tokens=context.usage.total_tokens + expected,
    )
    return start, context.usage
