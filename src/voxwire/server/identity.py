"""`GET /msi/token`: where `DefaultAzureCredential` finds its token (ADR 10)."""

import json
from typing import Final

from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from voxwire.auth.dev_identity import PATH, DevIdentity
from voxwire.errors import RequestRefused
from voxwire.server.middleware import REQUEST
from voxwire.transports.refusal import refusal_body
from voxwire.transports.request import Request

#: Tokens are nobody else's business (RFC 6749 section 5.1).
_NOT_KEPT: Final = {"cache-control": "no-store"}


def identity_routes(identity: DevIdentity | None) -> list[Route]:
    """The route of the managed-identity request; none where the server offers no identity."""
    if identity is None:
        return []

    async def token(request: HttpRequest) -> Response:
        seen: Request = request.scope[REQUEST]
        try:
            return JSONResponse(identity.grant(seen.headers, seen.query), headers=_NOT_KEPT)
        except RequestRefused as refusal:
            return JSONResponse(_refusal(refusal), status_code=refusal.status, headers=_NOT_KEPT)

    return [Route(PATH, token, methods=["GET"])]


def _refusal(refusal: RequestRefused) -> dict[str, object]:
    """Our own form and App Service's beside it: MSAL for Python shows the latter and nothing else."""
    return {**json.loads(refusal_body(refusal)), "statusCode": refusal.status, "message": refusal.message}
