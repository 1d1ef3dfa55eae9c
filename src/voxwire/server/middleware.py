"""The outermost layer: what holds for every request, whatever serves it."""

import time
from typing import Any, Final

from voxwire import log_context
from voxwire.auth import NetworkPolicy
from voxwire.errors import RequestRefused
from voxwire.server.access_log import AccessLog
from voxwire.server.cors import is_preflight, may_read, may_send
from voxwire.transports.asgi import App, AsgiMessage, Receive, Send
from voxwire.transports.refusal import refusal_body, refusal_headers
from voxwire.transports.request import Request

#: Key of the decoded `Request` in the scope of an HTTP request.
REQUEST: Final = "voxwire.request"
#: Largest body of an HTTP request; nginx starts at 1 MiB too.
MAX_BODY_BYTES: Final = 1024 * 1024


class CheckRequests:
    """ASGI middleware. WebSockets go to their endpoint as they are, so that nothing wraps their frames;
    HTTP requests are checked, bounded, given their identifiers, and logged."""

    def __init__(self, app: App, *, websocket: App, policy: NetworkPolicy, log: AccessLog) -> None:
        self._app = app
        self._websocket = websocket
        self._policy = policy
        self._log = log

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        elif scope["type"] == "http":
            await self._serve(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _serve(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        started = time.monotonic()
        request = Request.from_scope(scope)
        origin = request.headers.get("origin")
        # Of a refusal, too: its page shows why.
        readable = may_read(origin) if origin is not None and self._policy.lists(origin) else []
        status = 500
        log_context.work_for(request_id=request.request_id, trace_id=request.trace_id)

        async def answer(message: AsgiMessage) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", ()), *request.response_headers, *readable]}
            await send(message)

        try:
            self._policy.check(request.headers.get("host"), request.headers.get("origin"))
            request.check_query()
            _check_declared_body(request)
        except RequestRefused as refusal:
            await refuse(answer, refusal)
        else:
            if readable and is_preflight(request):
                await answer({"type": "http.response.start", "status": 204, "headers": may_send(request)})
                await answer({"type": "http.response.body", "body": b""})
                return
            scope = {**scope, "path": request.path, REQUEST: request}
            await self._app(scope, _bounded(receive), answer)
        finally:
            self._log.request(request, status, time.monotonic() - started)


async def refuse(send: Send, refusal: RequestRefused) -> None:
    """Answer an HTTP request by a refusal."""
    body = refusal_body(refusal)
    await send(
        {"type": "http.response.start", "status": refusal.status, "headers": refusal_headers(refusal, body)},
    )
    await send({"type": "http.response.body", "body": body})


def _check_declared_body(request: Request) -> None:
    """Most routes read no body: it waits at 64 KiB until the answer is out, and what comes then is dropped.

    The connection stays, for one that is closed while its peer still sends is reset, and the answer lost.
    """
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > MAX_BODY_BYTES:
        raise _too_large()


def _bounded(receive: Receive) -> Receive:
    """For the routes that read a body: one that declares no length (chunked) is bounded while it comes."""
    taken = 0

    async def receive_bounded() -> AsgiMessage:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > MAX_BODY_BYTES:
            raise _too_large()
        return message

    return receive_bounded


def _too_large() -> RequestRefused:
    return RequestRefused(413, f"The body exceeds {MAX_BODY_BYTES} bytes.", code="request_too_large")
