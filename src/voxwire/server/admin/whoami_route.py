"""`/admin/v1/whoami`: who the server takes the caller for, and what they may do. Pages show what they may see by it."""

from typing import Annotated, Literal

from pydantic import Field

from voxwire.runtime import AccessRole, Permission
from voxwire.server.rest import RestCall, RestModel, RestRoute


class WhoAmI(RestModel):
    """The caller."""

    object: Literal["principal"] = "principal"
    id: Annotated[str, Field(description="What the log and the usage call them; it says nothing about a key.")]
    project: str
    roles: tuple[AccessRole, ...]
    permissions: tuple[Permission, ...]
    deployments: Annotated[tuple[str, ...] | None, Field(description="The only ones they may use; null is all.")]


def whoami_declarations() -> list[RestRoute]:
    """The route, which asks for no permission."""
    return [RestRoute("GET", "/admin/v1/whoami", None, "Say who is asking", _whoami, answer=WhoAmI)]


async def _whoami(call: RestCall[None]) -> WhoAmI:
    principal = call.principal
    return WhoAmI(
        id=principal.id,
        project=principal.project,
        roles=tuple(role for role in AccessRole if role in principal.roles),
        permissions=tuple(permission for permission in Permission if principal.may(permission)),
        deployments=None if principal.deployments is None else tuple(sorted(principal.deployments)),
    )
