"""`/admin/v1/sessions`: stored conversations."""

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field
from starlette.responses import Response, StreamingResponse

from voxwire.errors import RequestRefused
from voxwire.runtime import Permission
from voxwire.server.admin.admin_context import AdminContext
from voxwire.server.admin.in_project import InProject, ListInProject, project_of
from voxwire.server.rest import ListOf, RestCall, RestModel, RestRoute

if TYPE_CHECKING:  # SQLAlchemy takes a moment to import, and a server without state does without
    from voxwire.recording.session_library import OpenedSession, SessionLibrary
    from voxwire.storage.sessions import SessionFilter

_EndUser = Annotated[str | None, Field(max_length=256, description="Of this end user alone.")]
_Deployment = Annotated[str | None, Field(max_length=256, description="Of this deployment alone.")]


class SessionQuery(ListInProject):
    """A page of sessions, newest first."""

    deployment: _Deployment = None
    end_user: _EndUser = None
    state: Literal["running", "ended", "incomplete", "interrupted"] | None = None
    flagged: Annotated[bool | None, Field(description="Those that somebody should look at, or the others.")] = None
    started_before: Annotated[int | None, Field(ge=0, le=2**40, description="Seconds since 1970.")] = None


class SessionSearch(RestModel):
    """Words to look for in what was said, in any case."""

    words: Annotated[str, Field(min_length=2, max_length=200)]
    deployment: _Deployment = None
    end_user: _EndUser = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    after: Annotated[str | None, Field(max_length=64, description="`last_id` of the search before.")] = None


class SessionDeletion(InProject):
    """Which sessions are deleted: those of an end user, or everything, with the project's key."""

    end_user: _EndUser = None
    everything: Annotated[
        bool, Field(description="All sessions; and what else is encrypted with the project's key can be read no more.")
    ] = False


class JournalQuery(InProject):
    """How a journal is given out."""

    redact: Annotated[bool, Field(description="With other words of the same form, and silence.")] = False


class SessionAnswer(RestModel):
    """A stored conversation, without what was said. Times are in seconds since 1970; `state` is `incomplete` where the
    rest could not be stored, `interrupted` where its server was lost."""

    object: Literal["session"] = "session"
    id: str
    project: str
    deployment: str
    principal: str
    end_user: str | None
    stored: str
    state: str
    flagged: bool
    bytes: int
    started_at: float
    ended_at: float | None
    expires_at: float


class ConversationAnswer(SessionAnswer):
    """The same with what was said: items, when they were said, and where the time of each answer went. Times in them
    are in milliseconds since the session began."""

    engines: str
    software: str
    model: str
    duration_ms: int
    items: list[dict[str, Any]]
    answers: list[dict[str, Any]]
    errors: list[dict[str, Any]]
    more_errors: int


class SessionHitAnswer(RestModel):
    """An item in which the words stand."""

    session: str
    started_at: float
    item: str
    role: str | None
    at_ms: int
    text: str


class ReplayAnswer(RestModel):
    """What today's core makes of a session: how many inputs it answers as it did then, and the first that it does not;
    null where there is none."""

    object: Literal["session.replay"] = "session.replay"
    inputs: int
    difference: dict[str, Any] | None


class DeletedSessions(RestModel):
    """How many sessions were deleted."""

    object: Literal["session.deleted"] = "session.deleted"
    deleted: int


def session_declarations(context: AdminContext) -> list[RestRoute]:
    """The routes of stored conversations."""
    handlers, path = _StoredSessions(context), "/admin/v1/sessions"
    read, manage = Permission.READ_SESSIONS, Permission.MANAGE_SESSIONS
    return [
        RestRoute(
            "GET", path, read, "List the stored conversations", handlers.list,
            query=SessionQuery, answer=ListOf[SessionAnswer],
        ),
        RestRoute(
            "POST", f"{path}/search", read, "Search what was said", handlers.search,
            query=InProject, body=SessionSearch, answer=ListOf[SessionHitAnswer],
        ),
        RestRoute(
            "GET", f"{path}/{{id}}", read, "Show who said what, and when", handlers.show,
            query=InProject, answer=ConversationAnswer,
        ),
        RestRoute(
            "GET", f"{path}/{{id}}/audio", read, "Hear it: the person on the left, the assistant on the right",
            handlers.audio, query=InProject, answer="audio/wav",
        ),
        RestRoute(
            "GET", f"{path}/{{id}}/journal", read, "Take it out as a file that replays", handlers.journal,
            query=JournalQuery, answer="application/octet-stream",
        ),
        RestRoute(
            "POST", f"{path}/{{id}}/replay", read, "Run it through today's core", handlers.replay,
            query=InProject, answer=ReplayAnswer,
        ),
        RestRoute("DELETE", f"{path}/{{id}}", manage, "Delete it", handlers.remove, query=InProject),
        RestRoute(
            "DELETE", path, manage, "Delete those of an end user, or all", handlers.remove_many,
            query=SessionDeletion, answer=DeletedSessions,
        ),
    ]  # fmt: skip


class _StoredSessions:
    def __init__(self, context: AdminContext) -> None:
        self._context = context

    async def list(self, call: RestCall[SessionQuery]) -> ListOf[SessionAnswer]:
        library, query = await self._library(), call.query
        from voxwire.recording.presenting import session_fields

        before = query.started_before
        wanted = _filter(
            query, state=query.state, flagged=query.flagged, started_before=None if before is None else before * 1000
        )
        project = project_of(call.principal, query.project)
        found = await library.page(project, wanted=wanted, limit=query.limit + 1, after=query.after)
        data = [SessionAnswer(**session_fields(one)) for one in found[: query.limit]]
        return ListOf(data=data, last_id=data[-1].id if data else None, has_more=len(found) > len(data))

    async def search(self, call: RestCall[InProject], body: SessionSearch) -> ListOf[SessionHitAnswer]:
        library = await self._library()
        import msgspec

        from voxwire.recording.presenting import search_sessions

        project = project_of(call.principal, call.query.project)
        found = await search_sessions(
            library, project, body.words, wanted=_filter(body), limit=body.limit, after=body.after
        )
        data = [SessionHitAnswer(**msgspec.structs.asdict(hit)) for hit in found.data]
        return ListOf(data=data, last_id=found.last_id, has_more=found.has_more)

    async def show(self, call: RestCall[InProject]) -> ConversationAnswer:
        opened = await self._opened(call)
        from voxwire.recording.presenting import conversation_fields, read_session

        return ConversationAnswer(**conversation_fields(opened, await read_session(opened)))

    async def audio(self, call: RestCall[InProject]) -> Response:
        opened = await self._opened(call)
        from voxwire.recording.presenting import sound_frames, wav_pieces
        from voxwire.recording.stereo import wav_size

        if opened.stored.policy != "text+audio":
            raise RequestRefused(
                409, f"Of this conversation text was stored, and no sound ({opened.stored.policy}).", code="no_audio"
            )
        frames = await sound_frames(opened)
        headers = {
            "content-length": str(wav_size(frames)),
            "content-disposition": f'attachment; filename="{opened.stored.id}.wav"',
        }
        return StreamingResponse(wav_pieces(opened, frames), media_type="audio/wav", headers=headers)

    async def journal(self, call: RestCall[JournalQuery]) -> Response:
        opened = await self._opened(call)
        from voxwire.recording.journal_file import journal_pieces

        headers = {"content-disposition": f'attachment; filename="{opened.stored.id}.journal"'}
        pieces = journal_pieces(opened, redact=call.query.redact)
        return StreamingResponse(pieces, media_type="application/octet-stream", headers=headers)

    async def replay(self, call: RestCall[InProject]) -> ReplayAnswer:
        opened = await self._opened(call)
        import msgspec

        from voxwire.recording.presenting import replay_opened

        found = await replay_opened(opened)
        return ReplayAnswer(inputs=found.inputs, difference=msgspec.to_builtins(found.difference))

    async def remove(self, call: RestCall[InProject]) -> None:
        project, id = project_of(call.principal, call.query.project), call.names["id"]
        if not await (await self._library()).delete(project, by=call.principal.id, id=id):
            raise _not_found(id)

    async def remove_many(self, call: RestCall[SessionDeletion]) -> DeletedSessions:
        project, query = project_of(call.principal, call.query.project), call.query
        if query.everything == (query.end_user is not None):
            raise RequestRefused(
                400, "Say which are deleted: ?end_user=ID, or ?everything=true.", code="invalid_value", param="end_user"
            )
        library = await self._library()
        if query.end_user is not None:
            deleted = await library.delete(project, by=call.principal.id, end_user=query.end_user)
        else:
            deleted = await library.delete_all(project, by=call.principal.id)
            await self._context.changed()
        return DeletedSessions(deleted=deleted)

    async def _opened(self, call: RestCall[Any]) -> "OpenedSession":
        project, id = project_of(call.principal, call.query.project), call.names["id"]
        opened = await (await self._library()).open(project, id)
        if opened is None:
            raise _not_found(id)
        return opened

    async def _library(self) -> "SessionLibrary":
        await asyncio.to_thread(import_module, "voxwire.recording.journal_file")
        await asyncio.to_thread(import_module, "voxwire.recording.presenting")
        from voxwire.recording.session_library import SessionLibrary

        return SessionLibrary(self._context.database)


def _filter(asked: Any, **more: Any) -> "SessionFilter":
    from voxwire.storage.sessions import SessionFilter

    return SessionFilter(deployment=asked.deployment, end_user=asked.end_user, **more)


def _not_found(id: str) -> RequestRefused:
    return RequestRefused(
        404, f"There is no stored conversation {id!r} in this project.", code="session_not_found", param="id"
    )
