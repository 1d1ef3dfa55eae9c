"""`/healthz` for who would restart the server, `/readyz` for who would send it sessions."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from voxwire.auth.credentials import presented_keys
from voxwire.errors import RequestRefused
from voxwire.runtime import Hosted, Permission, Principal, Service
from voxwire.runtime.failover import Members
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
    """`troubles` are looked at for `/readyz`; none of them may wait."""

    def __init__(
        self,
        service: Service,
        admit: Admit,
        websocket: WebSocketEndpoint,
        troubles: Sequence[Lacking] = (),
    ) -> None:
        self._service = service
        self._admit = admit
        self._websocket = websocket
        self._troubles = troubles

    def routes(self) -> list[Route]:
        return [Route("/healthz", self.health, methods=["GET"]), Route("/readyz", self.readiness, methods=["GET"])]

    async def health(self, request: HttpRequest) -> Response:
        """200 as long as the event loop answers; the body says how the server is."""
        deployments = self._deployments()
        body = {
            "status": self._status(),
            "sessions": self._websocket.sessions,
            "load": self._service.load.describe(),
            "drafts": self._service.drafting.describe(),
            "failover": _failover(self._service.directory.failovers()),
            # No names: the client has shown no key.
            "deployments": {
                **_counts(deployments),
                "failed": sorted({hosted.trouble.stage for hosted in deployments if hosted.trouble}),
            },
        }
        return JSONResponse(body, headers=_NOT_KEPT)

    async def readiness(self, request: HttpRequest) -> Response:
        """200 while new sessions are welcome, at least to some deployment; 503 while they are not."""
        principal = await self._who(request.scope[REQUEST])
        status = self._status()
        body: dict[str, Any] = {"status": status, "deployments": _counts(self._deployments())}
        body["stages"] = _stage_counts(self._deployments())
        if principal is not None:
            visible = await self._service.directory.deployments(principal)
            body["named"] = {hosted.name: _stages(hosted) for hosted in visible}
        ready = status in ("ok", "degraded")
        return JSONResponse(body, status_code=200 if ready else 503, headers=_NOT_KEPT)

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


def _counts(deployments: Sequence[Hosted]) -> dict[str, int]:
    ready = sum(hosted.deployment is not None for hosted in deployments)
    return {"ready": ready, "unready": len(deployments) - ready}


def _stages(hosted: Hosted) -> dict[str, str]:
    """Each stage: `ready`, `degraded` (engines of its list are out of use), `starting`, or `failed`."""
    failed = hosted.trouble.stage if hosted.trouble else None
    states = {}
    for stage, lease in hosted.leases.items():
        members = getattr(lease.engine, "members", None)
        resting = isinstance(members, Members) and members.resting > 0
        running = "degraded" if resting else "ready"
        states[stage] = "failed" if stage == failed else running if lease.running else "starting"
    return states


def _stage_counts(deployments: Sequence[Hosted]) -> dict[str, dict[str, int]]:
    """By stage, how many deployments are in which state."""
    counts: dict[str, Counter[str]] = {}
    for hosted in deployments:
        for stage, state in _stages(hosted).items():
            counts.setdefault(stage, Counter())[state] += 1
    return {stage: dict(found) for stage, found in counts.items()}


def _failover(lists: Iterable[Members]) -> dict[str, Any]:
    """By stage, how often an engine took over, and how many are out of use now."""
    changes: Counter[str] = Counter()
    resting: Counter[str] = Counter()
    for members in lists:
        changes[members.stage] += members.changes
        resting[members.stage] += members.resting
    return {"changes": dict(changes), "resting": dict(resting)}
