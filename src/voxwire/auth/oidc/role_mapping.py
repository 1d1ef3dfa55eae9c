"""What somebody who has signed in may do here.

Azure keeps its own role assignments (`Cognitive Services OpenAI User`) to itself: they are not in a token, and nobody
outside of Azure can ask for them. So roles come from what the token does say, and from assignments of our own.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, Protocol

from voxwire.auth.oidc.issuer import Identity
from voxwire.config import ENTRA, IssuerSettings
from voxwire.runtime import AccessRole, Principal

#: Roles that an issuer's application can define for its users by the very names.
_OWN_NAMES: Final = {f"Voxwire.{role.value.capitalize()}": role.value for role in AccessRole}


class Assigned(Protocol):
    """A role, and the project in which it holds."""

    @property
    def role(self) -> str: ...
    @property
    def project(self) -> str: ...


class StoredAssignments(Protocol):
    """Assignments that are made while the server runs."""

    def of(self, kind: Literal["user", "group", "application"], subject: str, /) -> Sequence[Assigned]:
        """The roles of one who has this id."""


def principal_of(
    identity: Identity, settings: IssuerSettings, stored: StoredAssignments | None = None
) -> Principal | None:
    """Who this is here; None for somebody without any role.

    Somebody belongs to one project. The first that gives a role decides which: an assignment of the settings, a stored
    one, a claim, the default. Roles in other projects do not count.
    """
    found = [(one.role, one.project) for one in _assigned(identity, settings)]
    if stored is not None:
        found += [(one.role, one.project) for one in _stored(identity, stored)]
    found += [(role, settings.project) for role in _said(identity, settings)]
    if not found and settings.default_role is not None:
        found = [(settings.default_role, settings.project)]
    if not found:
        return None
    project = found[0][1]
    roles = frozenset(AccessRole(role) for role, where in found if where == project)
    return Principal(id=identity.principal, project=project, roles=roles)


def _assigned(identity: Identity, settings: IssuerSettings) -> Iterator[Assigned]:
    """What the settings assign: to the person, to the program, to the groups."""
    for fits in (
        lambda one: one.object == identity.object,
        lambda one: one.app is not None and one.app == identity.app,
        lambda one: one.group in identity.groups,
    ):
        yield from filter(fits, settings.assignments)


def _stored(identity: Identity, stored: StoredAssignments) -> Iterator[Assigned]:
    """The same of those that are stored.

    The ids of Entra ID are the only ones of their kind in the world. At another issuer somebody may be called `1`, so
    there the issuer's name in the settings stands before an id.
    """
    prefix = "" if identity.issuer == ENTRA else f"{identity.issuer}:"
    yield from stored.of("user", f"{prefix}{identity.object}")
    if identity.app is not None:
        yield from stored.of("application", f"{prefix}{identity.app}")
    for group in sorted(identity.groups):
        yield from stored.of("group", f"{prefix}{group}")


def _said(identity: Identity, settings: IssuerSettings) -> Iterator[str]:
    """What the token itself says."""
    for value in identity.said_roles:
        role = settings.roles.get(value) or _OWN_NAMES.get(value)
        if role is not None:
            yield role
