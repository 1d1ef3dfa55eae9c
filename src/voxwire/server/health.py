"""`/healthz` for who would restart the server, `/readyz` for who would send it sessions."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from voxwire.auth.credentials import presented_keys
from voxwire.errors import RequestRefused
from voxwire.runtime import Hosted, Permission, Principal, Service
from voxwire.runtime.failover import Members
from voxwire.server.common import Colleagues, NoColleagues
from voxwire.server.health_state import DeploymentState, HealthState, stage_counts, together
from voxwire.server.middleware import REQUEST
from voxwire.server.rest import Admit
from voxwire.transports.request import Request
from voxwire.transports.websocket import WebSocketEndpoint

#: Those who may have one of these see deployments anyway.
_SEES_NAMES: Final = (Permission.CONVERSE, Permission.READ_USAGE)
_NOT_KEPT: Final = {"cache-control": "no-store"}

Lacking = Callable[[], str | None]
"""Something that the server needs: None while it is there, else a word for what is missing."""


class Health:
    """`troubles` are looked at for `/readyz`; none of them may wait. Where there are several processes, the answers
    are about all of them."""

    def __init__(
        self,
        service: Service,
        admit: Admit,
        websocket: WebSocketEndpoint,
        troubles: Sequence[Lacking] = (),
        colleagues: Colleagues | None = None,
    ) -> None:
        self._service = service
        self._admit = admit
        self._websocket = websocket
        self._troubles = troubles
        self._colleagues = colleagues or NoColleagues()
        self._colleagues.answer("health", self._told)

    def routes(self) -> list[Route]:
        return [Route("/healthz", self.health, methods=["GET"]), Route("/readyz", self.readiness, methods=["GET"])]

    async def health(self, request: HttpRequest) -> Response:
        """200 as long as the event loop answers; the body says how the server is."""
        state, workers = await self._all()
        body = {
            "status": state.status,
            "sessions": state.sessions,
            "load": state.load,
            "drafts": state.drafts,
            "failover": {"changes": state.changes, "resting": state.resting},
            # No names: the client has shown no key.
            "deployments": {
                **_counts(state.deployments),
                "failed": sorted({one.failed for one in state.deployments if one.failed}),
            },
            **workers,
        }
        return JSONResponse(body, headers=_NOT_KEPT)

    async def readiness(self, request: HttpRequest) -> Response:
        """200 while new sessions are welcome, at least to some deployment; 503 while they are not."""
        principal = await self._who(request.scope[REQUEST])
        state, workers = await self._all()
        body: dict[str, Any] = {"status": state.status, "deployments": _counts(state.deployments)}
        body["stages"] = stage_counts(state.deployments)
        body |= workers
        if principal is not None:
            visible = {(one.project, one.name) for one in await self._service.directory.deployments(principal)}
            body["named"] = {one.name: one.stages for one in state.deployments if (one.project, one.name) in visible}
        ready = state.status in ("ok", "degraded")
        return JSONResponse(body, status_code=200 if ready else 503, headers=_NOT_KEPT)

    async def _all(self) -> tuple[HealthState, dict[str, Any]]:
        """All processes together, and how many there are, where there are several."""
        others = await self._colleagues.ask("health")
        states = [self._state(), *(msgspec.convert(told, HealthState) for told in others.found)]
        if len(states) + others.missing == 1:
            return states[0], {}
        counts = {"ready": len(states), "unready": others.missing}
        return together(states, others.missing), {"workers": counts}

    async def _told(self) -> Any:
        return msgspec.to_builtins(self._state())

    def _state(self) -> HealthState:
        """How this process is."""
        failovers = list(self._service.directory.failovers())
        return HealthState(
            status=self._status(),
            sessions=self._websocket.sessions,
            load=self._service.load.describe(),
            drafts=self._service.drafting.describe(),
            changes=_by_stage((members.stage, members.changes) for members in failovers),
            resting=_by_stage((members.stage, members.resting) for members in failovers),
            deployments=[_deployment_state(hosted) for hosted in self._deployments()],
        )

    def _deployments(self) -> list[Hosted]:
        """All that are not switched off."""
        return [hosted for hosted in self._service.directory.all if hosted.enabled]

    def _status(self) -> str:
        deployments = self._deployments()
        ready = sum(hosted.deployment is not None for hosted in deployments)
        if self._websocket.draining:
            return "draining"
        if trouble := next(filter(None, (trouble() for trouble in self._troubles)), None):
            return trouble
        if self._service.load.full or self._websocket.full:
            return "full"
        return "unready" if not ready else "ok" if ready == len(deployments) else "degraded"

    async def _who(self, request: Request) -> Principal | None:
        """Who asks; None for one without a credential, where one is needed. Raises RequestRefused for a bad one."""
        refusal = None
        for permission in _SEES_NAMES:
            try:
                return await self._admit(request, permission)
            except RequestRefused as error:
                refusal = error
                if error.status != 403:
                    break
        if refusal is not None and presented_keys(request.headers, request.pairs, request.subprotocols):
            raise refusal
        return None


def _counts(deployments: Sequence[DeploymentState]) -> dict[str, int]:
    ready = sum(one.ready for one in deployments)
    return {"ready": ready, "unready": len(deployments) - ready}


def _deployment_state(hosted: Hosted) -> DeploymentState:
    return DeploymentState(
        project=hosted.project,
        name=hosted.name,
        ready=hosted.deployment is not None,
        stages=_stages(hosted),
        failed=hosted.trouble.stage if hosted.trouble else None,
    )


def _stages(hosted: Hosted) -> dict[str, str]:
    failed = hosted.trouble.stage if hosted.trouble else None
    states = {}
    for stage, lease in hosted.leases.items():
        members = getattr(lease.engine, "members", None)
        resting = isinstance(members, Members) and members.resting > 0
        running = "degraded" if resting else "ready"
        states[stage] = "failed" if stage == failed else running if lease.running else "starting"
    return states


def _by_stage(counts: Iterable[tuple[str, int]]) -> dict[str, int]:
    """How often an engine of a stage took over, or how many are out of use now."""
    sums: Counter[str] = Counter()
    for stage, count in counts:
        sums[stage] += count
    return dict(sums)
