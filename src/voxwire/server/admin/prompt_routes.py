"""`/admin/v1/prompts`: stored prompts and their versions."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, Field

from voxwire.config import ResourceName
from voxwire.errors import RequestRefused
from voxwire.runtime import Permission, checked_prompt, new_id, places
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.admin.in_project import InProject, ListInProject, project_of
from voxwire.server.rest import ListOf, RestCall, RestModel, RestRoute, list_page

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.storage.prompts import Prompts, PromptVersion, StoredPrompt

_Text = Annotated[
    str, AfterValidator(checked_prompt), Field(description="Instructions. `{{name}}` is a place for a variable.")
]
_Reason = Annotated[str | None, Field(max_length=500, description="Why, for the list of decisions.")]


class NewPrompt(RestModel):
    """A prompt to keep, as version 1."""

    name: Annotated[ResourceName, Field(description="What clients name as `prompt.id`.")]
    text: _Text
    reason: _Reason = None


class PromptChange(RestModel):
    """A further version, another current version, or both."""

    text: Annotated[_Text | None, Field(description="Left out, no version is added.")] = None
    current: Annotated[
        int | Literal["same"] | None,
        Field(
            description="The version to use from now on where clients name none. Left out, the one that is added; "
            "`same` leaves it as it is."
        ),
    ] = None
    reason: _Reason = None


class PromptAnswer(RestModel):
    """A stored prompt. Times are seconds since 1970."""

    object: Literal["prompt"] = "prompt"
    name: str
    project: str
    current: int
    latest: int
    created_at: int
    updated_at: int


class PromptVersionAnswer(RestModel):
    """One version of a prompt. It never changes."""

    version: int
    text: str
    variables: tuple[str, ...]
    created_at: int
    created_by: str


class PromptWithVersions(PromptAnswer):
    """A stored prompt with its texts, newest first."""

    versions: tuple[PromptVersionAnswer, ...]


def prompt_declarations(context: AdminContext) -> list[RestRoute]:
    """The routes of prompts."""
    handlers = _Prompts(context)
    path, see, manage = "/admin/v1/prompts", Permission.READ_USAGE, Permission.MANAGE_DEPLOYMENTS
    one = f"{path}/{{name}}"
    return [
        RestRoute(
            "GET", path, see, "List the prompts", handlers.list, query=ListInProject, answer=ListOf[PromptAnswer]
        ),
        RestRoute(
            "POST", path, manage, "Keep a prompt", handlers.create,
            query=InProject, body=NewPrompt, answer=PromptWithVersions, status=201,
        ),
        RestRoute("GET", one, see, "Show a prompt", handlers.show, query=InProject, answer=PromptWithVersions),
        RestRoute(
            "PATCH", one, manage, "Add a version, or have another one be the current one", handlers.update,
            query=InProject, body=PromptChange, answer=PromptWithVersions,
        ),
        RestRoute("DELETE", one, manage, "Delete a prompt with all its versions", handlers.delete, query=InProject),
    ]  # fmt: skip


class _Prompts:
    def __init__(self, context: AdminContext) -> None:
        self._context = context

    async def list(self, call: RestCall[ListInProject]) -> ListOf[PromptAnswer]:
        found = await (await self._store()).all(project_of(call.principal, call.query.project))
        return list_page([PromptAnswer(**_fields(one)) for one in found], call.query, lambda one: one.name)

    async def show(self, call: RestCall[InProject]) -> PromptWithVersions:
        store, project = await self._store(), project_of(call.principal, call.query.project)
        return await self._answer(store, await store.find(project, call.names["name"]), call)

    async def create(self, call: RestCall[InProject], body: NewPrompt) -> PromptWithVersions:
        storage, store = await self._context.storage("prompts"), await self._store()
        project, by = project_of(call.principal, call.query.project), call.principal.id
        try:
            made = await store.add(project, body.name, body.text, id=new_id("pmpt"), by=by, reason=body.reason)
        except storage.PromptNameTaken:
            message = f"There is a prompt {body.name!r} already: PATCH adds a version to it."
            raise RequestRefused(409, message, code="name_taken", param="name") from None
        except storage.TooManyPrompts as error:
            raise _full(error) from None
        await self._context.changed()
        return await self._answer(store, made, call)

    async def update(self, call: RestCall[InProject], body: PromptChange) -> PromptWithVersions:
        storage, store = await self._context.storage("prompts"), await self._store()
        project, name = project_of(call.principal, call.query.project), call.names["name"]
        if body.text is None and not isinstance(body.current, int):
            message = "Nothing is to be changed: give 'text', or a version as 'current'."
            raise RequestRefused(400, message, code="missing_required_parameter", param="text")
        if body.text is not None and isinstance(body.current, int):
            message = "A version that is added is the current one, or leaves it as it is ('same')."
            raise RequestRefused(400, message, code="invalid_value", param="current")
        await self._answer(store, await store.find(project, name), call)
        by, reason = call.principal.id, body.reason
        try:
            if body.text is not None:
                current = body.current is None
                changed = await store.add_version(project, name, body.text, current=current, by=by, reason=reason)
            else:
                assert isinstance(body.current, int)
                changed = await store.make_current(project, name, body.current, by=by, reason=reason)
        except storage.TooManyPrompts as error:
            raise _full(error) from None
        if changed is None:
            message = f"The prompt {name!r} has no such version."
            raise RequestRefused(400, message, code="invalid_value", param="current")
        await self._context.changed()
        return await self._answer(store, changed, call)

    async def delete(self, call: RestCall[InProject]) -> None:
        project, name = project_of(call.principal, call.query.project), call.names["name"]
        if not await (await self._store()).remove(project, name, by=call.principal.id):
            raise _unknown(name)
        await self._context.changed()

    async def _answer(
        self, store: "Prompts", prompt: "StoredPrompt | None", call: RestCall[InProject]
    ) -> PromptWithVersions:
        if prompt is None:
            raise _unknown(call.names["name"])
        return PromptWithVersions.model_validate(
            _fields(prompt) | {"versions": _versions(await store.versions(prompt))}
        )

    async def _store(self) -> "Prompts":
        store: Prompts = (await self._context.storage("prompts")).Prompts(self._context.database)
        return store


def _fields(prompt: "StoredPrompt") -> dict[str, Any]:
    """A prompt as JSON has it."""
    return {
        "name": prompt.name,
        "project": prompt.project,
        "current": prompt.current,
        "latest": prompt.latest,
        "created_at": prompt.created_at // 1000,
        "updated_at": prompt.updated_at // 1000,
    }


def _versions(versions: "Sequence[PromptVersion]") -> list[dict[str, Any]]:
    """Its versions, in the same form."""
    return [
        {
            "version": one.version,
            "text": one.text,
            "variables": places(one.text),
            "created_at": one.created_at // 1000,
            "created_by": one.created_by,
        }
        for one in versions
    ]


def _unknown(name: str) -> RequestRefused:
    return RequestRefused(404, f"There is no prompt {name!r}.", code="prompt_not_found", param="name")


def _full(error: Exception) -> RequestRefused:
    return RequestRefused(409, f"{error} Delete some first.", code="too_many_prompts")
