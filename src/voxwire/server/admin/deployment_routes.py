"""`/admin/v1/deployments`: named deployments."""

from voxwire.runtime import Hosted, Permission
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.rest import ListOf, ListQuery, RestCall, RestModel, RestRoute, list_page


class DeploymentAnswer(RestModel):
    """A deployment as it is now."""

    name: str
    ready: bool
    failed: str | None


def deployment_declarations(context: AdminContext) -> list[RestRoute]:
    """The routes of deployments."""
    handlers = _Deployments(context)
    return [
        RestRoute(
            "GET",
            "/admin/v1/deployments",
            Permission.READ_USAGE,
            "List the deployments",
            handlers.list,
            query=ListQuery,
            answer=ListOf[DeploymentAnswer],
        ),
    ]


class _Deployments:
    def __init__(self, context: AdminContext) -> None:
        self._directory = context.service.directory

    async def list(self, call: RestCall[ListQuery]) -> ListOf[DeploymentAnswer]:
        found = await self._directory.deployments(call.principal)
        answers = sorted(map(_answer, found), key=lambda one: one.name)
        return list_page(answers, call.query, lambda one: one.name)


def _answer(hosted: Hosted) -> DeploymentAnswer:
    return DeploymentAnswer(
        name=hosted.name,
        ready=hosted.deployment is not None,
        failed=hosted.trouble.stage if hosted.trouble else None,
    )
