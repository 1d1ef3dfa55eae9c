"""What no engine here can do: read strictly, left out, and said (protocol: decisions, Two kinds of refusal).

A conversion is given the list `LeftOut` of its event and adds what it leaves out; the session applies
the rest and answers each of them with one error. What depends on the deployment is left to the session.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from voxwire.errors import ClientError
from voxwire.events.client import UNSUPPORTED_VALUE, Unsupported

LeftOut = list[Unsupported]


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    pass


# --- noise reduction ------------------------------------------------------------------------------


class NoiseReduction(_Strict, frozen=True):
    type: Literal["near_field", "far_field"] | None = None
    strength: Annotated[float, Meta(ge=0)] | None = None


def no_noise_reduction(value: NoiseReduction | None, param: str, left_out: LeftOut) -> None:
    """Only "off" can be had (protocol: sessions, Session fields)."""
    if value is not None:
        message = "Noise reduction is not supported by this server: send null, or leave it out."
        left_out.append(Unsupported(param=param, message=message))


# --- MCP (protocol: sessions, Tools) --------------------------------------------------------------


class _McpFilter(_Strict, frozen=True):
    tool_names: list[str] | None = None
    read_only: bool | None = None


class _McpApproval(_Strict, frozen=True):
    always: _McpFilter | None = None
    never: _McpFilter | None = None


class McpTool(_Strict, frozen=True, tag_field="type", tag="mcp"):
    """Tools of a server elsewhere; its secrets are read and forgotten."""

    server_label: str
    server_url: str | None = None
    connector_id: str | None = None
    tunnel_id: str | None = None
    server_description: str | None = None
    authorization: str | None = None
    headers: dict[str, str] | None = None
    allowed_tools: list[str] | _McpFilter | None = None
    require_approval: Literal["always", "never"] | _McpApproval | None = None
    allowed_callers: list[Literal["direct", "programmatic"]] | None = None
    defer_loading: bool | None = None


def no_mcp_tool(param: str, left_out: LeftOut) -> None:
    message = "MCP tools are not supported by this server: declare functions, and call the MCP server yourself."
    left_out.append(Unsupported(param=param, message=message))


class McpChoice(_Strict, frozen=True, tag_field="type", tag="mcp"):
    server_label: str
    name: str | UnsetType | None = UNSET


def no_mcp_choice(param: str, left_out: LeftOut) -> None:
    message = "MCP tools are not supported by this server: choose a function, 'auto', 'none' or 'required'."
    left_out.append(Unsupported(param=param, message=message))


class _McpItem(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Items that only a server with MCP makes or waits for; whatever they hold, none can be taken."""


class McpApprovalResponse(_McpItem, frozen=True, tag="mcp_approval_response"):
    pass


class McpApprovalRequest(_McpItem, frozen=True, tag="mcp_approval_request"):
    pass


class McpCall(_McpItem, frozen=True, tag="mcp_call"):
    pass


class McpListTools(_McpItem, frozen=True, tag="mcp_list_tools"):
    pass


McpItem = McpApprovalResponse | McpApprovalRequest | McpCall | McpListTools

MCP_ITEM: Final = "Items of MCP are not supported by this server: send what they say as a message."


def mcp_item_alone(param: str) -> ClientError:
    """The error for an event that has nothing but such an item: nothing is left to apply."""
    return ClientError(MCP_ITEM, code=UNSUPPORTED_VALUE, param=param)


# --- audio of the assistant -----------------------------------------------------------------------


def no_assistant_audio(audio: str | None, param: str, left_out: LeftOut) -> None:
    """The service takes none either; what was said stands in the transcript (protocol: conversation, Content parts)."""
    if audio is not None:
        message = "The assistant's audio cannot be supplied: leave it out, its transcript is enough."
        left_out.append(Unsupported(param=param, message=message))
