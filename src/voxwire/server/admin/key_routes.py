"""`/admin/v1/keys`: stored keys."""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PositiveInt

from voxwire.config import ResourceName
from voxwire.runtime import AccessRole, Permission
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.admin.in_project import InProject, ListInProject, project_of
from voxwire.server.rest import ListOf, RestCall, RestModel, RestRoute, list_page

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.auth.management import IssuedKey, KeyBook
    from voxwire.storage.api_keys import StoredKey

#: Deployments that one key may name.
_MOST_DEPLOYMENTS = 200


def _role(given: Any) -> Any:
    """A role by our name or by Azure's."""
    return (AccessRole.named(given) or given) if isinstance(given, str) else given


RoleField = Annotated[AccessRole, BeforeValidator(_role)]
"""A field that holds a role."""


class NewKey(RestModel):
    """A key to make."""

    name: Annotated[
        ResourceName | None, Field(description="Left out: `key1`, or `key2` where that is taken, as Azure has them.")
    ] = None
    roles: Annotated[tuple[RoleField, ...], Field(min_length=1, max_length=len(AccessRole))] = (AccessRole.USER,)
    deployments: Annotated[
        tuple[ResourceName, ...] | None,
        Field(max_length=_MOST_DEPLOYMENTS, description="The only deployments that it may use; left out, all."),
    ] = None
    expires_at: Annotated[PositiveInt | None, Field(description="Seconds since 1970; left out, never.", le=2**40)] = (
        None
    )


class KeyRotation(RestModel):
    """How a key is made anew."""

    expires_at: Annotated[
        PositiveInt | None, Field(description="Seconds since 1970; left out, as it was.", le=2**40)
    ] = None


class KeyAnswer(RestModel):
    """A stored key, without the key itself: only a hash of it is stored. Times are seconds since 1970."""

    object: Literal["key"] = "key"
    id: str
    project: str
    name: str
    kind: Annotated[Literal["primary", "secondary", "named"], Field(description="`primary` is `key1`.")]
    hint: Annotated[str, Field(description="The last characters of the key.")]
    roles: tuple[AccessRole, ...]
    deployments: tuple[str, ...] | None
    created_at: int
    created_by: str
    expires_at: int | None
    last_used_at: int | None


class IssuedKeyAnswer(KeyAnswer):
    """A key that has just been made."""

    secret: Annotated[str, Field(description="The key itself. It is shown this once.")]


def key_declarations(context: AdminContext) -> list[RestRoute]:
    """The routes of keys."""
    handlers = _Keys(context)
    path, manage = "/admin/v1/keys", Permission.MANAGE_ACCESS
    return [
        RestRoute("GET", path, manage, "List the keys", handlers.list, query=ListInProject, answer=ListOf[KeyAnswer]),
        RestRoute(
            "POST", path, manage, "Make a key", handlers.create,
            query=InProject, body=NewKey, answer=IssuedKeyAnswer, status=201,
        ),
        RestRoute("GET", f"{path}/{{name}}", manage, "Show a key", handlers.show, query=InProject, answer=KeyAnswer),
        RestRoute(
            "POST", f"{path}/{{name}}/rotate", manage, "Make a key anew; the old one ends at once", handlers.rotate,
            query=InProject, body=KeyRotation, answer=IssuedKeyAnswer,
        ),
        RestRoute("DELETE", f"{path}/{{name}}", manage, "End a key at once", handlers.revoke, query=InProject),
    ]  # fmt: skip


class _Keys:
    def __init__(self, context: AdminContext) -> None:
        self._context = context
        self._changed = context.changed

    async def list(self, call: RestCall[ListInProject]) -> ListOf[KeyAnswer]:
        found = await (await self._book()).keys.of_project(project_of(call.principal, call.query.project))
        return list_page(map(_answer, found), call.query, lambda key: key.name)

    async def show(self, call: RestCall[InProject]) -> KeyAnswer:
        project = project_of(call.principal, call.query.project)
        return _answer(await (await self._book()).named(project, call.names["name"]))

    async def create(self, call: RestCall[InProject], body: NewKey) -> IssuedKeyAnswer:
        issued = await (await self._book()).create(
            project=project_of(call.principal, call.query.project),
            name=body.name,
            roles=body.roles,
            deployments=body.deployments,
            expires_at=_milliseconds(body.expires_at),
            by=call.principal.id,
        )
        await self._changed()
        return _issued(issued)

    async def rotate(self, call: RestCall[InProject], body: KeyRotation) -> IssuedKeyAnswer:
        issued = await (await self._book()).rotate(
            project_of(call.principal, call.query.project),
            call.names["name"],
            by=call.principal.id,
            expires_at=_milliseconds(body.expires_at),
        )
        await self._changed()
        return _issued(issued)

    async def revoke(self, call: RestCall[InProject]) -> None:
        project = project_of(call.principal, call.query.project)
        await (await self._book()).revoke(project, call.names["name"], by=call.principal.id)
        await self._changed()

    async def _book(self) -> "KeyBook":
        await asyncio.to_thread(import_module, "voxwire.auth.management")
        from voxwire.auth.management import KeyBook

        return KeyBook(self._context.database, known=await self._context.known_deployments())


def _milliseconds(seconds: int | None) -> int | None:
    return None if seconds is None else seconds * 1000


def _seconds(milliseconds: int | None) -> int | None:
    return None if milliseconds is None else milliseconds // 1000


def _answer(key: "StoredKey") -> KeyAnswer:
    return KeyAnswer(**_fields(key))


def _issued(issued: "IssuedKey") -> IssuedKeyAnswer:
    return IssuedKeyAnswer(**_fields(issued.stored), secret=issued.secret)


def _fields(key: "StoredKey") -> dict[str, Any]:
    return {
        "id": key.id,
        "project": key.project,
        "name": key.name,
        "kind": key.kind,
        "hint": key.hint,
        "roles": tuple(map(AccessRole, key.roles)),
        "deployments": key.deployments,
        "created_at": key.created_at // 1000,
        "created_by": key.created_by,
        "expires_at": _seconds(key.expires_at),
        "last_used_at": _seconds(key.last_used_at),
    }
