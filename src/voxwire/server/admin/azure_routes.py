"""Deployments in the shapes in which clients of Azure look for them: the list of the resource itself
(`/openai/deployments`, of 2022-12-01 and the years after), and list and show of Azure's control plane
(`Microsoft.CognitiveServices/accounts/deployments`). They only read; what they know no word for is left out."""

from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from voxwire.errors import RequestRefused
from voxwire.runtime import Permission, Principal
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.admin.deployment_routes import DeploymentAnswer, DeploymentViews
from voxwire.server.profiles import answering_model
from voxwire.server.rest import ListOf, RestCall, RestModel, RestRoute

_ACCOUNT: Final = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.CognitiveServices/accounts/{account}"
)
_STATES: Final = {
    "ready": ("succeeded", "Succeeded"),
    "starting": ("running", "Creating"),
    "failing": ("failed", "Failed"),
    "disabled": ("canceled", "Disabled"),
}


class ScaleSettings(RestModel):
    """How it grows; there is one way here."""

    scale_type: Literal["standard"] = "standard"


class ResourceDeployment(RestModel):
    """A deployment in the list of a resource. Times are seconds since 1970."""

    object: Literal["deployment"] = "deployment"
    id: str
    model: str
    owner: Literal["organization-owner"] = "organization-owner"
    scale_settings: ScaleSettings = ScaleSettings()
    status: str
    created_at: int | None
    updated_at: int | None


class _Arm(RestModel):
    """Of Azure's control plane: names are written in camel case."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class ArmModel(_Arm):
    """Which model a deployment has."""

    format: Literal["OpenAI"] = "OpenAI"
    name: str
    version: str | None


class ArmProperties(_Arm):
    """What there is to say of a deployment."""

    model: ArmModel
    provisioning_state: str
    version_upgrade_option: Literal["NoAutoUpgrade", "OnceNewDefaultVersionAvailable"]
    capabilities: dict[str, str]


class ArmSku(_Arm):
    """How it is paid; not at all."""

    name: Literal["Standard"] = "Standard"
    capacity: int = 1


class ArmDeployment(_Arm):
    """A deployment as a resource of Azure's."""

    id: str
    name: str
    type: Literal["Microsoft.CognitiveServices/accounts/deployments"] = (
        "Microsoft.CognitiveServices/accounts/deployments"
    )
    sku: ArmSku = ArmSku()
    etag: str | None
    properties: ArmProperties


class ArmDeployments(_Arm):
    """All of them, on one page."""

    value: list[ArmDeployment]
    next_link: Annotated[str | None, Field(description="There are no further pages.")] = None


def azure_declarations(context: AdminContext) -> list[RestRoute]:
    """The routes in Azure's shapes."""
    handlers = _Azure(context)
    path = f"{_ACCOUNT}/deployments"
    return [
        RestRoute(
            "GET", "/openai/deployments", Permission.CONVERSE, "List the deployments of the resource", handlers.all,
            answer=ListOf[ResourceDeployment],
        ),
        RestRoute(
            "GET", "/openai/deployments/{name}", Permission.CONVERSE, "Show a deployment of the resource",
            handlers.show, answer=ResourceDeployment,
        ),
        RestRoute(
            "GET", path, Permission.READ_USAGE, "List the deployments, as Azure's control plane does",
            handlers.arm_all, answer=ArmDeployments,
        ),
        RestRoute(
            "GET", f"{path}/{{name}}", Permission.READ_USAGE, "Show a deployment, as Azure's control plane does",
            handlers.arm_show, answer=ArmDeployment,
        ),
    ]  # fmt: skip


class _Azure:
    def __init__(self, context: AdminContext) -> None:
        self._views = DeploymentViews(context)
        self._settings = context.settings

    async def all(self, call: RestCall[None]) -> ListOf[ResourceDeployment]:
        return ListOf(data=[self._resource(one) for one in await self._found(call.principal)])

    async def show(self, call: RestCall[None]) -> ResourceDeployment:
        return self._resource(await self._named(call))

    async def arm_all(self, call: RestCall[None]) -> ArmDeployments:
        return ArmDeployments(value=[self._arm(one, call) for one in await self._found(call.principal)])

    async def arm_show(self, call: RestCall[None]) -> ArmDeployment:
        return self._arm(await self._named(call), call)

    async def _found(self, principal: Principal) -> list[DeploymentAnswer]:
        found = await self._views.of(principal, principal.project)
        return sorted(found, key=lambda one: one.name)

    async def _named(self, call: RestCall[None]) -> DeploymentAnswer:
        for one in await self._found(call.principal):
            if one.name == call.names["name"]:
                return one
        raise RequestRefused(
            404,
            f"There is no deployment {call.names['name']!r} here.",
            code="DeploymentNotFound",
            param="name",
        )

    def _resource(self, one: DeploymentAnswer) -> ResourceDeployment:
        return ResourceDeployment(
            id=one.name,
            model=answering_model(self._settings, one),
            status=_STATES[one.status][0],
            created_at=one.created_at,
            updated_at=one.updated_at,
        )

    def _arm(self, one: DeploymentAnswer, call: RestCall[None]) -> ArmDeployment:
        upgrade: Literal["NoAutoUpgrade", "OnceNewDefaultVersionAvailable"] = (
            "NoAutoUpgrade" if one.version else "OnceNewDefaultVersionAvailable"
        )
        return ArmDeployment(
            id=f"{_ACCOUNT.format(**call.names)}/deployments/{one.name}",
            name=one.name,
            etag=one.etag,
            properties=ArmProperties(
                model=ArmModel(name=answering_model(self._settings, one), version=one.version),
                provisioning_state=_STATES[one.status][1],
                version_upgrade_option=upgrade,
                capabilities={"realtime": "true"},
            ),
        )
