"""`/admin/v1/models`: what deployments can be made of."""

import asyncio
from dataclasses import asdict
from typing import Annotated, Literal

from pydantic import Field

from voxwire.interfaces.engine import EngineKind
from voxwire.runtime import Permission
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.model_catalogue import all_models
from voxwire.server.rest import ListOf, ListQuery, RestCall, RestModel, RestRoute, list_page


class ModelQuery(ListQuery):
    """A page of the models."""

    kind: Annotated[EngineKind | Literal["profile"] | None, Field(description="Only models of this kind.")] = None


class ModelAnswer(RestModel):
    """A model that a deployment may name: as its `model`, or as an engine where `source` is `engine`."""

    object: Literal["model"] = "model"
    id: str
    source: Literal["profile", "catalogue", "engine"]
    kind: EngineKind | Literal["profile"]
    version: Annotated[str | None, Field(description="Tells contents apart; null where that is not known.")]
    about: str | None
    engines: tuple[str, ...]
    languages: tuple[str, ...]
    voices: tuple[str, ...]
    licence: str | None
    bytes: Annotated[int | None, Field(description="What its files take on disk.")]
    runs: Literal["here", "at an address"]
    ready: Annotated[bool | None, Field(description="Null: that is known when it is tried.")]
    why: Annotated[str | None, Field(description="What is missing, and what to type.")]


def model_declarations(context: AdminContext) -> list[RestRoute]:
    """The route of models."""

    async def list_models(call: RestCall[ModelQuery]) -> ListOf[ModelAnswer]:
        found = await asyncio.to_thread(all_models, context.settings)
        answers = [ModelAnswer(**asdict(one)) for one in found if call.query.kind in (None, one.kind)]
        return list_page(answers, call.query, lambda one: one.id)

    return [
        RestRoute(
            "GET",
            "/admin/v1/models",
            Permission.READ_USAGE,
            "List what deployments can be made of",
            list_models,
            query=ModelQuery,
            answer=ListOf[ModelAnswer],
        )
    ]
