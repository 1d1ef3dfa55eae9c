"""Making ephemeral keys: `POST /v1/realtime/client_secrets`, and its forms in the previews and at Azure
(protocol: connecting, Ephemeral keys)."""

import json
import time
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import JSONResponse

from voxwire.auth.ephemeral import EphemeralKeys, MintedKey
from voxwire.dialects import Dialect, Variant, WireCodec
from voxwire.errors import ClientError, RequestRefused
from voxwire.events.session_config import SessionKind
from voxwire.runtime import EphemeralGrant, Hosted, Permission, Principal, Service, new_id
from voxwire.server.rest import RestCall, RestModel, RestRoute
from voxwire.transports.granted import read_settings

#: Life in seconds: of GA, and of the previews.
_GA_S: Final = 600
_PREVIEW_S: Final = 60
_SHORTEST_S: Final = 10
_LONGEST_S: Final = 7200
#: What a client may send back of a session that it was shown, and what says nothing about its settings.
_SHOWN: Final = ("id", "object", "expires_at", "model", "client_secret")


class ExpiresAfter(RestModel):
    """When a key ends."""

    anchor: Literal["created_at"] = "created_at"
    seconds: Annotated[int | None, Field(ge=_SHORTEST_S, le=_LONGEST_S)] = None


class NewClientSecret(RestModel):
    """An ephemeral key to make, as GA says it."""

    expires_after: ExpiresAfter | None = None
    session: dict[str, Any] | None = None
    single_use: Annotated[bool, Field(description="Not of the official API: the key opens one session.")] = False


class _SecretOfSession(RestModel):
    expires_after: ExpiresAfter | None = None
    expires_at: ExpiresAfter | None = None
    """The name of the first preview."""
    single_use: bool = False


class NewSession(BaseModel):
    """The same, as the previews say it: the settings, flat, with `client_secret` among them."""

    model_config = ConfigDict(extra="allow", frozen=True)

    model: str | None = None
    client_secret: _SecretOfSession | None = None


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a key is to be."""

    settings: dict[str, Any]
    dialect: Dialect
    transcription: bool
    seconds: int
    single_use: bool

    @property
    def flat(self) -> bool:
        return self.dialect is not Dialect.GA

    @property
    def kind(self) -> SessionKind:
        return SessionKind.TRANSCRIPTION if self.transcription else SessionKind.REALTIME


def client_secret_declarations(service: Service, keys: EphemeralKeys) -> list[RestRoute]:
    """The routes of ephemeral keys."""
    handlers = _ClientSecrets(service, keys)
    make = Permission.MAKE_EPHEMERAL_KEYS
    found = []
    for prefix in ("/v1", "/openai/v1"):
        path = f"{prefix}/realtime/client_secrets"
        found += [
            _route(path, "Make an ephemeral key", handlers.ga, NewClientSecret),
            RestRoute("DELETE", f"{path}/{{id}}", make, "End an ephemeral key, by `session.id`", handlers.revoke),
            _route(f"{prefix}/realtime/sessions", "Make one (preview)", handlers.preview, NewSession),
            _route(
                f"{prefix}/realtime/transcription_sessions",
                "Make one for transcription (preview)",
                handlers.transcription,
                NewSession,
            ),
        ]
    for path in ("/openai/realtimeapi/sessions", "/openai/realtime/sessions"):
        found.append(_route(path, "Make one (Azure's preview)", handlers.preview, NewSession))
    path = "/openai/realtimeapi/transcription_sessions"
    found.append(_route(path, "Make one for transcription (Azure's preview)", handlers.transcription, NewSession))
    return found


def _route(path: str, summary: str, handler: Any, body: type[BaseModel]) -> RestRoute:
    return RestRoute(
        "POST", path, Permission.MAKE_EPHEMERAL_KEYS, summary, handler, body=body, answer="application/json"
    )


class _ClientSecrets:
    def __init__(self, service: Service, keys: EphemeralKeys) -> None:
        self._service = service
        self._keys = keys

    async def ga(self, call: RestCall[None], body: NewClientSecret) -> JSONResponse:
        settings = dict(body.session or {})
        settings.setdefault("type", "realtime")
        wish = _Wish(
            settings,
            Dialect.GA,
            transcription=settings["type"] == "transcription",
            seconds=_seconds(body.expires_after, _GA_S),
            single_use=body.single_use,
        )
        minted, session = await self._mint(call, wish)
        return JSONResponse({"value": minted.value, "expires_at": minted.expires_at, "session": session})

    async def preview(self, call: RestCall[None], body: NewSession) -> JSONResponse:
        return await self._flat(call, body, transcription=False)

    async def transcription(self, call: RestCall[None], body: NewSession) -> JSONResponse:
        return await self._flat(call, body, transcription=True)

    async def _flat(self, call: RestCall[None], body: NewSession, *, transcription: bool) -> JSONResponse:
        secret = body.client_secret or _SecretOfSession()
        settings = {**(body.model_extra or {}), **({} if body.model is None else {"model": body.model})}
        wish = _Wish(
            settings,
            Dialect.PREVIEW,
            transcription=transcription,
            seconds=_seconds(secret.expires_after or secret.expires_at, _PREVIEW_S),
            single_use=secret.single_use,
        )
        minted, session = await self._mint(call, wish)
        return JSONResponse({**session, "client_secret": {"value": minted.value, "expires_at": minted.expires_at}})

    async def revoke(self, call: RestCall[None]) -> None:
        """Nothing says whether there ever was such a key: the server does not keep them."""
        await self._keys.revoke(call.principal.project, call.names["id"], time.time() + _LONGEST_S)

    async def _mint(self, call: RestCall[None], wish: _Wish) -> tuple[MintedKey, dict[str, Any]]:
        """The key, and the session that it opens, as its `session.created` will show it."""
        model = wish.settings.get("model")
        if model is not None and not isinstance(model, str):
            raise _invalid("model", wish, "expected a string")
        hosted = await self._deployment(model, call.principal, wish)
        settings = json.dumps({name: value for name, value in wish.settings.items() if name not in _SHOWN})
        session = self._rehearsed(hosted, call.principal, model, settings, wish)
        id = new_id("sess")
        grant = EphemeralGrant(
            id=id,
            model=model,
            dialect=wish.dialect.value,
            transcription=wish.transcription,
            settings=settings,
            single_use=wish.single_use,
            expires_at=int(time.time()) + wish.seconds,
        )
        # Who names no model here may name one when the session opens.
        minted = await self._keys.mint(call.principal, grant, None if model is None else hosted.name)
        return minted, {**session, "id": id, "expires_at": 0}

    async def _deployment(self, model: str | None, principal: Principal, wish: _Wish) -> Hosted:
        hosted = await self._service.directory.deployment(model, principal)
        if hosted is None or not principal.may_use(hosted.name):
            param = "model" if wish.flat else "session.model"
            raise RequestRefused(
                404,
                f"There is no model {str(model)[:200]!r} here; GET /v1/models lists what there is.",
                code="model_not_found",
                param=param,
            )
        return hosted

    def _rehearsed(
        self, hosted: Hosted, principal: Principal, model: str | None, settings: str, wish: _Wish
    ) -> dict[str, Any]:
        if hosted.deployment is None:
            raise RequestRefused(
                503,
                f"The deployment {hosted.name!r} is not ready. Try again later.",
                code="deployment_not_ready",
                type="server_error",
                headers=(("retry-after", "5"),),
            )
        try:
            patch = read_settings(settings.encode(), transcription=wish.transcription, dialect=wish.dialect)
            patch = self._service.prompted(patch, principal)
            created = self._service.rehearse(hosted, kind=wish.kind, model=model, patch=patch)
        except ClientError as error:
            param = error.param
            message = error.message
            if wish.flat and param is not None and param.startswith("session."):
                message, param = message.replace(param, param[len("session.") :]), param[len("session.") :]
            raise RequestRefused(400, message, code=error.code, param=param) from None
        frame = WireCodec(Variant(dialect=wish.dialect, transcription=wish.transcription)).encode(created, "event_0")
        assert frame is not None
        session: dict[str, Any] = json.loads(frame)["session"]
        return session


def _seconds(given: ExpiresAfter | None, default: int) -> int:
    return default if given is None or given.seconds is None else given.seconds


def _invalid(field: str, wish: _Wish, what: str) -> RequestRefused:
    param = field if wish.flat else f"session.{field}"
    return RequestRefused(400, f"Invalid value of {param!r}: {what}.", code="invalid_type", param=param)
