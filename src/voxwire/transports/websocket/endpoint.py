"""The WebSocket endpoint: admits or refuses a handshake, then moves frames.

An ASGI application for `websocket` scopes alone. Our own server offers the extension `express`, by which frames come
and go past ASGI; on any other server they take ASGI's way. It is called outside of any middleware that wraps `receive`
or `send`, because those run for every frame.
"""

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from voxwire import log_context
from voxwire.dialects import Variant, WireCodec
from voxwire.dialects.detect import detect
from voxwire.errors import SERVER_ERROR, ClientError, RequestRefused
from voxwire.events.closing import CloseReason
from voxwire.events.session_config import SessionKind, SessionPatch
from voxwire.interfaces.engine import ENGINE_TITLES, Claim
from voxwire.runtime import (
    Allowance,
    Arrival,
    DeploymentGone,
    EphemeralGrant,
    EventAttachment,
    Hosted,
    Newcomer,
    Principal,
    QuotaExceeded,
    Seats,
    Service,
)
from voxwire.transports.asgi import Receive, Send
from voxwire.transports.granted import granted_patch
from voxwire.transports.refusal import refusal_body, refusal_headers
from voxwire.transports.request import Request
from voxwire.transports.websocket.asgi_connection import AsgiConnection
from voxwire.transports.websocket.express import EXPRESS_EXTENSION, Express
from voxwire.transports.websocket.target import (
    disabled_deployment,
    forbidden_deployment,
    parse_target,
    unknown_deployment,
)
from voxwire.transports.websocket.websocket_transport import WebSocketTransport

logger = logging.getLogger(__name__)

#: The one subprotocol ever answered; a browser that offered it fails without it (protocol: connecting, Subprotocols).
SUBPROTOCOL: Final = "realtime"
#: Of every accepted handshake: what answers, in words.
_ENGINE_HEADER: Final = b"x-voxwire-engine"
#: And what is stored of the conversation.
_STORED_HEADER: Final = b"x-voxwire-stored"
#: When those who were refused may try again, in seconds.
_RETRY_S: Final = 5
#: How long the close frame after a bug of ours may take.
_CLOSE_S: Final = 5.0
_SWITCHING_PROTOCOLS: Final = 101
#: Its name for those who watch.
_TRANSPORT: Final = "websocket"


@dataclass(slots=True)
class Connection:
    """What is known of one handshake and the connection after it; goes into the access log."""

    request: Request
    started: float
    status: int = _SWITCHING_PROTOCOLS
    principal: str | None = None
    deployment: str | None = None
    engine: str | None = None
    dialect: str | None = None
    close_code: int | None = None

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started


@dataclass(frozen=True, slots=True)
class _Admitted:
    principal: Principal
    variant: Variant
    hosted: Hosted
    kind: SessionKind
    model: str | None
    patch: SessionPatch | None
    stored: str


class WebSocketEndpoint:
    """Serves every form of a URL (protocol: connecting, Addresses).

    `admit` says who is calling or raises RequestRefused; `redeem` is told that a session opens, and may refuse, too;
    `log` is told of every connection when it ends. `seats` are the sessions that may be held, further ones get 429.
    """

    def __init__(
        self,
        service: Service,
        *,
        admit: Callable[[Request], Awaitable[Principal]],
        redeem: Callable[[Principal], Awaitable[None]],
        log: Callable[[Connection], None],
        seats: Seats,
    ) -> None:
        self._service = service
        self._admit = admit
        self._redeem = redeem
        self._log = log
        self._seats = seats
        self._sessions = 0
        self._attachments: set[EventAttachment] = set()
        self._draining = False

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        connection = Connection(Request.from_scope(scope), time.monotonic())
        log_context.work_for(request_id=connection.request.request_id, trace_id=connection.request.trace_id)
        await receive()  # websocket.connect
        try:
            admitted = await self._negotiate(connection)
            allowed = self._service.allow(admitted.hosted, admitted.principal)
            async with allowed as allowance, self._seat(admitted.principal) as newcomer:
                # Last: a key for one use is not used up by a refusal that asks to try again.
                await self._redeem(admitted.principal)
                await _accept(send, connection.request, connection.engine or "", admitted.stored)
                express: Express | None = (scope.get("extensions") or {}).get(EXPRESS_EXTENSION)
                if express is None:
                    express = plain = AsgiConnection(receive, send)
                    receive, send = plain.receive, plain.send
                await self._hold(connection, admitted, allowance, newcomer, receive, send, express)
        except (RequestRefused, QuotaExceeded) as error:
            refusal = error if isinstance(error, RequestRefused) else _nothing_left(error)
            connection.status = refusal.status
            self._service.observers.refused(refusal.code)
            await _refuse(scope, send, connection.request, refusal)
        except OSError:
            connection.close_code = 1006  # gone between handshake and acceptance
        finally:
            self._log(connection)

    @property
    def sessions(self) -> int:
        """Connections held now."""
        return self._sessions

    @property
    def full(self) -> bool:
        """Whether all the seats that the settings allow are taken."""
        return self._seats.full

    @property
    def draining(self) -> bool:
        """Whether new connections are refused."""
        return self._draining

    def drain(self) -> None:
        """Take no new connections (503); the ones there go on."""
        self._draining = True

    def close_all(self, reason: CloseReason) -> None:
        """Send every client what waits for it, then close for this reason."""
        for attachment in self._attachments:
            attachment.finish(reason)

    async def part_all(self, reason: CloseReason, *, spread_s: float, last_words_s: float) -> None:
        """Close all one after another over `spread_s`, so that their clients do not come back together; an answer that
        is in progress then is finished first, within `last_words_s`."""
        attachments = tuple(self._attachments)
        step_s = spread_s / len(attachments) if attachments else 0.0
        parting = (
            _part_with(attachment, reason, number * step_s, last_words_s)
            for number, attachment in enumerate(attachments)
        )
        await asyncio.gather(*parting)

    async def _negotiate(self, connection: Connection) -> _Admitted:
        """Everything that may refuse a handshake, cheapest and least telling first; raises RequestRefused."""
        request = connection.request
        principal = await self._admit(request)
        connection.principal = principal.id
        grant = principal.ephemeral
        target = parse_target(request.path, request.query, nameless=grant is not None)
        variant = detect(request.path, request.query, request.headers, request.subprotocols)
        if target.transcription:
            variant = msgspec.structs.replace(variant, transcription=True)
        hosted = await self._service.directory.deployment(target.name, principal)
        if hosted is None:
            raise unknown_deployment(target, request.path, principal)
        connection.deployment = hosted.name
        if not principal.may_use(hosted.name):
            raise forbidden_deployment(hosted.name)
        if not hosted.enabled:
            raise disabled_deployment(hosted.name)
        self._check_draining()
        if self.full:
            raise self._taken()
        if hosted.deployment is None:
            raise _not_ready(hosted)
        kind = SessionKind.TRANSCRIPTION if variant.transcription else SessionKind.REALTIME
        model, patch = target.name, None
        if grant is not None:
            kind = SessionKind.TRANSCRIPTION if grant.transcription else SessionKind.REALTIME
            variant = msgspec.structs.replace(variant, transcription=grant.transcription)
            model = grant.model or model
            patch = self._granted(grant, principal, hosted, kind, model)
        heard_only = hosted.deployment.stt.capabilities.info.label
        connection.engine = heard_only if variant.transcription else hosted.label
        connection.dialect = variant.dialect.value
        return _Admitted(principal, variant, hosted, kind, model, patch, str(hosted.deployment.storing))

    def _taken(self) -> RequestRefused:
        """That there are as many sessions as there may be."""
        return RequestRefused(
            429,
            f"All {self._seats.limit} sessions of this server are in use.",
            code="too_many_sessions",
            headers=(("retry-after", str(_RETRY_S)),),
        )

    def _granted(
        self, grant: EphemeralGrant, principal: Principal, hosted: Hosted, kind: SessionKind, model: str | None
    ) -> SessionPatch:
        """The settings of an ephemeral key, tried before the upgrade: the deployment may be another one by now."""
        try:
            patch = self._service.prompted(granted_patch(grant), principal)
            self._service.rehearse(hosted, kind=kind, model=model, patch=patch)
        except ClientError as error:
            raise RequestRefused(400, error.message, code=error.code, param=error.param) from None
        return patch

    def _check_draining(self) -> None:
        if self._draining:
            raise RequestRefused(
                503,
                "The server is shutting down.",
                code="service_unavailable",
                type=SERVER_ERROR,
                headers=(("retry-after", str(_RETRY_S)),),
            )

    @asynccontextmanager
    async def _seat(self, principal: Principal) -> AsyncIterator[Newcomer]:
        """Room for a session. Raises RequestRefused, perhaps after some seconds, where there is none."""
        if not await self._seats.take():
            raise self._taken()
        self._sessions += 1  # those who wait are held, too
        try:
            newcomer = await self._service.load.admit(Claim(principal=principal.path))
            if newcomer is None:
                raise RequestRefused(
                    503,
                    "The server has no room for another session now: try again in a moment.",
                    code="server_busy",
                    type=SERVER_ERROR,
                    headers=(("retry-after", str(_RETRY_S)),),
                )
            try:
                self._check_draining()
                yield newcomer
            finally:
                newcomer.left()
        finally:
            self._sessions -= 1
            self._seats.leave()

    async def _hold(
        self,
        connection: Connection,
        admitted: _Admitted,
        allowance: Allowance,
        newcomer: Newcomer,
        receive: Receive,
        send: Send,
        express: Express,
    ) -> None:
        """Run the session until either side closes."""
        transport = WebSocketTransport(send, express)
        codec = WireCodec(admitted.variant)
        try:
            async with self._service.converse(
                admitted.hosted,
                principal=admitted.principal,
                kind=admitted.kind,
                codec=codec,
                transport=transport,
                model=admitted.model,
                end_user=connection.request.end_user,
                newcomer=newcomer,
                allowance=allowance,
                arrival=Arrival(
                    transport=_TRANSPORT,
                    trace_id=connection.request.trace_id,
                    parent=connection.request.trace_parent,
                ),
                patch=admitted.patch,
            ) as attachment:
                self._attachments.add(attachment)
                express.deliver_to(attachment.append, attachment.offer, attachment.turn_away)
                try:
                    connection.close_code = await _read(receive, attachment)
                    await attachment.leave()
                finally:
                    self._attachments.discard(attachment)
        except DeploymentGone:
            await _part(transport, CloseReason.RESTARTING, "The deployment was taken away.")
        except Exception:
            logger.exception("connection %s ended by an internal error", connection.request.request_id)
            await _part(transport, CloseReason.INTERNAL_ERROR)
        if transport.close_code is not None:
            connection.close_code = transport.close_code


async def _part_with(attachment: EventAttachment, reason: CloseReason, after_s: float, last_words_s: float) -> None:
    await asyncio.sleep(after_s)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(last_words_s):
            await attachment.answered()
    attachment.finish(reason)


async def _part(transport: WebSocketTransport, reason: CloseReason, words: str | None = None) -> None:
    """Close; a peer that does not read is cut off after a while."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_S):
            await transport.close(reason, words or reason.value)


def _nothing_left(exceeded: QuotaExceeded) -> RequestRefused:
    """429 where a quota is used up."""
    return RequestRefused(
        429,
        exceeded.message,
        code=exceeded.code,
        type=exceeded.type,
        headers=(("retry-after", str(exceeded.retry_after_s)),),
    )


def _not_ready(hosted: Hosted) -> RequestRefused:
    """503 while a deployment's engines start, or do not; says when they are tried next."""
    trouble = hosted.trouble
    why = f"its {ENGINE_TITLES[trouble.stage]} ({trouble.stage}) does not start" if trouble else "it is starting"
    return RequestRefused(
        503,
        f"The deployment {hosted.name!r} is not ready: {why}. Try again later, or choose another one.",
        code="deployment_not_ready",
        type=SERVER_ERROR,
        headers=(("retry-after", str(trouble.retry_after_s if trouble else _RETRY_S)),),
    )


async def _accept(send: Send, request: Request, engine: str, stored: str) -> None:
    """`engine` says what answers; `session.model` does not (protocol: decisions, Name of the model). `stored` says what
    is stored."""
    subprotocol = SUBPROTOCOL if SUBPROTOCOL in request.subprotocols else None
    # In a header every character is printable ASCII; a label may be anything that settings hold.
    said = re.sub(r"[^ -~]", "?", engine).strip().encode("ascii")
    headers = [*request.response_headers, (_ENGINE_HEADER, said), (_STORED_HEADER, stored.encode())]
    await send({"type": "websocket.accept", "subprotocol": subprotocol, "headers": headers})


async def _read(receive: Receive, attachment: EventAttachment) -> int:
    """Hand frames to the attachment until the connection ends; returns the close code.

    Our own close arrives here as a disconnect too, so nothing else needs watching.
    """
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return int(message.get("code") or 1005)
        # Taken out, so that nobody holds a message while the next one has to wait.
        if message.get("text") is not None:  # our server hands on the bytes of a large text, not decoded yet
            await attachment.receive(message.pop("text"))
        else:
            await attachment.receive(message.pop("bytes"), binary=True)


async def _refuse(scope: dict[str, Any], send: Send, request: Request, refusal: RequestRefused) -> None:
    """Answer the handshake by an HTTP response. A server without the ASGI extension for that says no more than 403."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await send({"type": "websocket.close"})
        return
    body = refusal_body(refusal)
    headers = [*refusal_headers(refusal, body), *request.response_headers]
    try:
        await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": body})
    except OSError:
        logger.debug("client of %s left before its refusal", request.request_id)
