"""Whose work the running code does: identifiers that every log line written in it carries.

They belong to a task, and to the tasks that it starts. All of them were made here or are known here: a client's words
never become one.
"""

from collections.abc import Mapping
from contextvars import Context, ContextVar
from types import MappingProxyType
from typing import Final

_NOBODY: Final[Mapping[str, str]] = MappingProxyType({})
_of_process: Final[dict[str, str]] = {}
_ids: Final[ContextVar[Mapping[str, str]]] = ContextVar("log_context", default=_NOBODY)


def work_for(**ids: str | None) -> None:
    """What this task does from now on is done for these: `session_id`, `request_id`, `trace_id`, `deployment`,
    `principal`. None leaves one as it is."""
    _ids.set({**_ids.get(), **{name: value for name, value in ids.items() if value is not None}})


def worked_for() -> Mapping[str, str]:
    """For whom the running code works."""
    return _ids.get()


def process_is(**ids: str) -> None:
    """Which of several processes of a server this one is (`worker`). To be called once, at its start."""
    _of_process.update(ids)


def this_process() -> Mapping[str, str]:
    """Which process works; nothing where there is one."""
    return _of_process


def nobodys() -> Context:
    """A context for work that a session sets off and all others share, such as starting an engine anew."""
    return Context()
