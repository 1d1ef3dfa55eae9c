"""All declarations of admin routes. A concept's module gives its own; they are put together here."""

import asyncio
from collections.abc import Sequence
from functools import cache

from starlette.responses import JSONResponse

from voxwire.runtime import Permission
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.admin.alias_routes import alias_declarations
from voxwire.server.admin.azure_routes import azure_declarations
from voxwire.server.admin.decision_routes import decision_declarations
from voxwire.server.admin.deployment_routes import deployment_declarations
from voxwire.server.admin.key_routes import key_declarations
from voxwire.server.admin.model_routes import model_declarations
from voxwire.server.admin.project_routes import project_declarations
from voxwire.server.admin.prompt_routes import prompt_declarations
from voxwire.server.admin.quota_routes import quota_declarations
from voxwire.server.admin.review_routes import review_declarations
from voxwire.server.admin.role_routes import role_assignment_declarations
from voxwire.server.admin.session_routes import session_declarations
from voxwire.server.admin.usage_routes import usage_declarations
from voxwire.server.admin.whoami_route import whoami_declarations
from voxwire.server.rest import RestCall, RestRoute, openapi_document


def admin_declarations(context: AdminContext) -> list[RestRoute]:
    """The routes of all concepts, as the documents show them."""
    return [
        *deployment_declarations(context),
        *alias_declarations(context),
        *model_declarations(context),
        *azure_declarations(context),
        *prompt_declarations(context),
        *review_declarations(context),
        *key_declarations(context),
        *project_declarations(context),
        *role_assignment_declarations(context),
        *session_declarations(context),
        *decision_declarations(context),
        *quota_declarations(context),
        *usage_declarations(context),
        *whoami_declarations(),
    ]


def document_declaration(declared: Sequence[RestRoute]) -> RestRoute:
    """The route of the OpenAPI document, which has these routes and itself."""
    document = cache(lambda: openapi_document([*declared, route]))  # it takes a moment, and few ask for it

    async def describe(call: RestCall[None]) -> JSONResponse:
        return JSONResponse(await asyncio.to_thread(document))

    route = RestRoute(
        "GET", "/admin/v1/openapi.json", Permission.READ_USAGE, "This document", describe, answer="application/json"
    )
    return route
