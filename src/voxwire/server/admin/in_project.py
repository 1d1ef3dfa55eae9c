"""Which project a request to the admin routes is about."""

from typing import Annotated

from pydantic import Field

from voxwire.config import ResourceName
from voxwire.errors import RequestRefused
from voxwire.runtime import LOCAL, Principal
from voxwire.server.rest import ListQuery, RestModel

_PROJECT = Annotated[ResourceName | None, Field(description="The project; left out, the caller's own.")]


class InProject(RestModel):
    """A query that names a project."""

    project: _PROJECT = None


class ListInProject(ListQuery):
    """A page of a list of a project's."""

    project: _PROJECT = None


def project_of(principal: Principal, asked: str | None) -> str:
    """The project that a request is about. Those of `local`, the server's own project, may name any; all others only
    theirs. Raises RequestRefused (403)."""
    if asked is None or asked == principal.project:
        return principal.project
    if principal.project != LOCAL:
        raise RequestRefused(
            403,
            f"This key belongs to the project {principal.project!r}, and opens no other.",
            code="permission_denied",
            param="project",
        )
    return asked
