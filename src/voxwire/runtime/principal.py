"""Who a session acts for."""

from dataclasses import dataclass
from typing import Final

#: The tenant of a server that has no others, and the role that holds conversations.
LOCAL: Final = "local"
USER: Final = "user"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """What a principal may use in a minute, over all its sessions; None is no bound."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The one who was admitted: kept for the life of the session.

    `id` was made by this server and may be logged: it says nothing about a key. `tenant` is whose deployments are
    seen; `roles` say what may be done.
    """

    id: str
    tenant: str = LOCAL
    roles: frozenset[str] = frozenset({USER})
    limits: Quota = Quota()
