"""Who a session acts for, and what they may do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

#: The project of a server that has no others.
LOCAL: Final = "local"


class Permission(StrEnum):
    """What one route, or one WebSocket, asks of who calls it."""

    CONVERSE = "converse"
    """Hold conversations, see the models."""
    MAKE_EPHEMERAL_KEYS = "make-ephemeral-keys"
    """Make keys for browsers, which live for minutes, and end them."""
    READ_USAGE = "read-usage"
    """See deployments, quotas, and what was used."""
    MANAGE_DEPLOYMENTS = "manage-deployments"
    """Make, change and delete deployments and prompts."""
    READ_SESSIONS = "read-sessions"
    """See, play and export what was stored of conversations, and review it."""
    MANAGE_SESSIONS = "manage-sessions"
    """Delete what was stored of conversations."""
    MANAGE_ACCESS = "manage-access"
    """Make, rotate and revoke keys, and assign roles."""


class AccessRole(StrEnum):
    """A set of permissions, as somebody is given it."""

    USER = "user"
    READER = "reader"
    CONTRIBUTOR = "contributor"
    OWNER = "owner"

    @property
    def permissions(self) -> frozenset[Permission]:
        return _PERMISSIONS[self]

    @property
    def titles(self) -> tuple[str, ...]:
        """What Azure calls it; none where it has no such role."""
        return _TITLES[self]

    @classmethod
    def named(cls, text: str) -> "AccessRole | None":
        """The role of this name, ours or Azure's, in any case; None when there is none."""
        wanted = text.strip().lower()
        return next((role for role in cls if wanted in (role.value, *map(str.lower, role.titles))), None)


_CONVERSING: Final = frozenset({Permission.CONVERSE, Permission.MAKE_EPHEMERAL_KEYS})
_PERMISSIONS: Final[Mapping[AccessRole, frozenset[Permission]]] = {
    AccessRole.USER: _CONVERSING,
    AccessRole.READER: frozenset({Permission.READ_USAGE}),
    AccessRole.CONTRIBUTOR: _CONVERSING | {Permission.READ_USAGE, Permission.MANAGE_DEPLOYMENTS},
    AccessRole.OWNER: frozenset(Permission),
}

#: Azure's roles that give about the same (learn.microsoft.com, role-based access control for Azure OpenAI).
_TITLES: Final[Mapping[AccessRole, tuple[str, ...]]] = {
    AccessRole.USER: ("Cognitive Services User", "Cognitive Services OpenAI User"),
    AccessRole.READER: ("Cognitive Services Usages Reader", "Reader"),
    AccessRole.CONTRIBUTOR: (
        "Cognitive Services Contributor",
        "Cognitive Services OpenAI Contributor",
        "Contributor",
    ),
    AccessRole.OWNER: ("Owner",),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much may be used; None is no bound."""

    concurrent_sessions: int | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    audio_seconds_per_day: int | None = None


#: A quota that bounds nothing.
UNBOUNDED: Final = Quota()


@dataclass(frozen=True, slots=True, kw_only=True)
class EphemeralGrant:
    """What an ephemeral key says beside whose it is: how the sessions begin that it opens.

    `settings` are those of a session in JSON, as `session.update` of the `dialect` has them; `expires_at` is in seconds
    since 1970.
    """

    id: str
    model: str | None
    dialect: str
    transcription: bool
    settings: str
    single_use: bool
    expires_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The one who was admitted: kept for the life of the session.

    `id` was made by this server and may be logged: it says nothing about a key. `project` is whose keys, usage and
    stored conversations are meant; `roles` say what may be done. `deployments` are the only ones it may use; None is
    all. `key` is the name of the stored key that it has shown, which stays when the key is made anew.
    """

    id: str
    project: str = LOCAL
    roles: frozenset[AccessRole] = frozenset({AccessRole.USER})
    deployments: frozenset[str] | None = None
    key: str | None = None
    ephemeral: EphemeralGrant | None = None
    """Of one who came with an ephemeral key; then `id` is of the one who made it."""

    @property
    def path(self) -> str:
        """The one name that no other principal of this server has."""
        return f"{self.project}/{self.id}"

    def may(self, permission: Permission) -> bool:
        """Whether one of its roles has this permission. With an ephemeral key it may converse, and nothing else."""
        if self.ephemeral is not None:
            return permission is Permission.CONVERSE
        return any(permission in role.permissions for role in self.roles)

    def may_use(self, deployment: str) -> bool:
        """Whether this deployment is one of those that it may use."""
        return self.deployments is None or deployment in self.deployments


def permissions_of(roles: Iterable[AccessRole]) -> frozenset[Permission]:
    """What these roles may do together."""
    return frozenset().union(*(role.permissions for role in roles))
