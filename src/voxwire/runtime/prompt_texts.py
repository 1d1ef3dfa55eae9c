"""Stored prompts become instructions, before a session sees the event that names them: so the core knows no store, and
what a session was told is all that it depends on.

    {"prompt": {"id": "clerk", "variables": {"city": "Graz"}}}   and the stored text   "You work in {{city}}."
    →  {"prompt": …, "instructions": "You work in Graz."}

Instructions that stand beside a prompt win over its text, as the official service has it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

from msgspec import UNSET, UnsetType
from msgspec.structs import replace

from voxwire.errors import ClientError, shorten
from voxwire.events.client import CreateResponse, UpdateSession
from voxwire.events.response import ResponseParams
from voxwire.events.session_config import PromptReference, SessionPatch
from voxwire.interfaces.inputs import Input

#: A place of a text that is filled.
_PLACE: Final = re.compile(r"\{\{[ \t]*([A-Za-z_][A-Za-z0-9_]{0,63})[ \t]*\}\}", re.ASCII)
#: Bytes of a stored text: some 16,000 tokens, which is more than instructions can be of use.
MAX_PROMPT_BYTES: Final = 64 * 1024
#: Bytes of a text once it is filled: what instructions may have.
_MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Prompt:
    """A stored prompt: its texts by version, and the version that is meant where none is named."""

    current: str
    versions: Mapping[str, str]


class PromptBook(Protocol):
    """Where prompts are looked up: in memory, at once, by any thread."""

    def find(self, project: str, id: str) -> Prompt | None:
        """The prompt of this id that the project has."""


class NoPrompts:
    """A book without prompts."""

    def find(self, project: str, id: str) -> Prompt | None:
        return None


Find = Callable[[str], Prompt | None]
"""Looks up the prompts of one project by id."""


def prompted(event: Input, find: Find) -> Input:
    """The event with the text of the prompt that it names. Raises ClientError, which names the event and the field."""
    if not isinstance(event, UpdateSession | CreateResponse):
        return event
    try:
        if isinstance(event, UpdateSession):
            patch = prompted_patch(event.patch, find)
            return event if patch is event.patch else replace(event, patch=patch)
        params = prompted_params(event.params, find)
        return event if params is event.params else replace(event, params=params)
    except ClientError as error:
        error.event_id = event.event_id
        raise


def prompted_patch(patch: SessionPatch, find: Find) -> SessionPatch:
    """The same of settings of a session."""
    if isinstance(patch.prompt, UnsetType) or patch.prompt is None:
        return patch
    text = _text(patch.prompt, "session.prompt", find)
    return replace(patch, instructions=text) if patch.instructions is UNSET else patch


def prompted_params(params: ResponseParams, find: Find) -> ResponseParams:
    """The same of what a client asks of one response."""
    if params.prompt is None:
        return params
    text = _text(params.prompt, "response.prompt", find)
    return replace(params, instructions=text) if params.instructions is UNSET else params


def _text(reference: PromptReference, param: str, find: Find) -> str:
    prompt = find(reference.id)
    if prompt is None:
        raise ClientError(
            f"There is no stored prompt '{shorten(reference.id)}' here.", code="invalid_value", param=f"{param}.id"
        )
    version = prompt.current if reference.version is None else reference.version
    text = prompt.versions.get(version)
    if text is None:
        raise ClientError(
            f"The prompt '{shorten(reference.id)}' has no version '{shorten(version)}'.",
            code="invalid_value",
            param=f"{param}.version",
        )
    return fill(text, reference.variables or {}, f"{param}.variables")


def checked_prompt(text: str) -> str:
    """A text as it is. Raises ValueError for one that cannot be stored as a prompt."""
    if not text.strip():
        raise ValueError("a prompt has a text")
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError("a prompt is text; this has half a character in it") from None
    if "\0" in text or size > MAX_PROMPT_BYTES:
        raise ValueError(f"a prompt has up to {MAX_PROMPT_BYTES // 1024} KiB of text, without NUL characters")
    return text


def places(text: str) -> tuple[str, ...]:
    """The names of the variables of a text, each once, in order."""
    return tuple(dict.fromkeys(_PLACE.findall(text)))


def fill(text: str, variables: Mapping[str, Any], param: str) -> str:
    """The text with its places filled, once: what a variable says is never filled itself. Raises ClientError for a
    variable that is missing or that the text does not have, and where all is too long."""
    wanted = places(text)
    for name in wanted:
        if name not in variables:
            raise ClientError(
                f"Missing required parameter: '{param}.{name}'. The prompt has the variable '{name}'.",
                code="missing_required_parameter",
                param=f"{param}.{name}",
            )
    for name in variables:
        if name not in wanted:
            where = f"{param}.{shorten(name)}"
            raise ClientError(
                f"Unknown parameter: '{where}'. The prompt has {_named(wanted)}.", code="unknown_parameter", param=where
            )
    pieces = _PLACE.split(text)
    pieces[1::2] = [_words(variables[name]) for name in pieces[1::2]]
    if sum(map(_bytes, pieces)) > _MOST_BYTES:
        raise ClientError(
            f"The prompt is too long once it is filled: at most {_MOST_BYTES} bytes.", code="invalid_value", param=param
        )
    return "".join(pieces)


def _named(names: tuple[str, ...]) -> str:
    return f"the variables {', '.join(names)}" if names else "no variables"


def _words(given: Any) -> str:
    words: str = given if isinstance(given, str) else given["text"]
    return words


def _bytes(piece: str) -> int:
    return len(piece.encode())
