"""`voxwire sessions`: stored conversations."""

import argparse
import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from voxwire.cli.store_options import BY, add_store_options, with_database
from voxwire.cli.tables import print_json, print_table
from voxwire.errors import ConfigurationError
from voxwire.printing import complain, say
from voxwire.recording.journal_file import journal_pieces, replay_file
from voxwire.recording.presenting import (
    conversation_fields,
    read_session,
    replay_opened,
    search_sessions,
    session_fields,
    sound_frames,
    wav_pieces,
)
from voxwire.recording.reading import AnswerTimes, ReadSession
from voxwire.recording.replay import Replay
from voxwire.recording.retention import purge_sessions
from voxwire.recording.session_library import OpenedSession, SessionLibrary
from voxwire.runtime import LOCAL
from voxwire.storage.database import Database
from voxwire.storage.sessions import SessionFilter, StoredSession

_HEADINGS: Final = ("id", "began (UTC)", "deployment", "stored", "state")
_Result = TypeVar("_Result")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `sessions` to the command line."""
    parser = subparsers.add_parser(
        "sessions",
        help="list, read, replay and delete stored conversations",
        description="Conversations of deployments that store them: `store` is `text` or `text+audio`.",
        epilog="docs/stored-conversations.md says what is stored, and what is not.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    listing = _action(actions, "list", _list, "which there are, newest first")
    _filters(listing)
    listing.add_argument("--state", choices=("running", "ended", "incomplete", "interrupted"))
    listing.add_argument("--flagged", action="store_true", help="those that somebody should look at")
    listing.add_argument("--limit", type=int, default=20, metavar="N", help="most to show (20)")
    listing.add_argument("--after", metavar="ID", help="those after this one")

    _action(actions, "show", _show, "who said what, and where the time went").add_argument("id", metavar="ID")

    searching = _action(actions, "search", _search, "search what was said")
    searching.add_argument("words", metavar="WORDS")
    _filters(searching)
    searching.add_argument("--limit", type=int, default=20, metavar="N", help="most to show (20)")

    exporting = _action(actions, "export", _export, "write one to a file")
    exporting.add_argument("id", metavar="ID")
    exporting.add_argument("--format", choices=("json", "wav", "journal"), default="json")
    exporting.add_argument("--output", type=Path, metavar="FILE", help="left out: ID.FORMAT in this folder")
    exporting.add_argument("--redact", action="store_true", help="a journal with other words of the same form")

    replaying = _action(actions, "replay", _replay, "run one through this version")
    replaying.add_argument("id", metavar="ID|FILE", help="a stored one, or a file of `export --format journal`")

    deleting = _action(actions, "delete", _delete, "delete some")
    deleting.add_argument("ids", nargs="*", metavar="ID")
    deleting.add_argument("--end-user", metavar="ID", help="all of this end user")
    deleting.add_argument("--everything", action="store_true", help="all of the project, and its key")

    _action(actions, "purge", _purge, "delete now what is kept no longer")


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Any, summary: str
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=summary)
    parser.set_defaults(run=run)
    parser.add_argument("--project", default=LOCAL, metavar="NAME", help=f"of this project ({LOCAL})")
    add_store_options(parser)
    return parser


def _filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--deployment", metavar="NAME", help="of this deployment alone")
    parser.add_argument("--end-user", metavar="ID", help="of this end user alone")


# --- reading ----------------------------------------------------------------------------------------


def _list(args: argparse.Namespace) -> int:
    wanted = SessionFilter(
        deployment=args.deployment, end_user=args.end_user, state=args.state, flagged=True if args.flagged else None
    )

    async def work(database: Database) -> list[StoredSession]:
        library = SessionLibrary(database)
        return await library.page(args.project, wanted=wanted, limit=max(args.limit, 1), after=args.after)

    found = with_database(args, work)
    if args.json:
        print_json([session_fields(one) for one in found])
    elif not found:
        complain(f"The project {args.project!r} has none.")
    else:
        print_table(_HEADINGS, list(map(_row, found)), wraps=("deployment",))
    return 0


def _show(args: argparse.Namespace) -> int:
    async def work(opened: OpenedSession) -> tuple[OpenedSession, ReadSession]:
        return opened, await read_session(opened)

    opened, read = _with_session(args, work)
    if args.json:
        print_json(conversation_fields(opened, read))
        return 0
    stored = opened.stored
    say(f"{stored.id}  {_moment(stored.started_at)}  {stored.deployment} ({opened.header.engines})")
    say(f"{stored.policy}, until {_moment(stored.expires_at)}; {stored.state}")
    for item in read.items:
        who = item.role or (item.name and f"{item.name}()") or item.kind
        heard = "" if item.heard_ms is None else f" [heard for {item.heard_ms / 1000:.1f} s]"
        say(f"{item.at_ms / 1000:9.2f}  {who}: {item.text or '-'}{heard}{' [deleted]' if item.deleted else ''}")
    for answer in read.answers:
        say(_waterfall(answer))
    for error in read.errors:
        say(f"{error.at_ms / 1000:9.2f}  error {error.code}: {error.message}")
    return 0


def _search(args: argparse.Namespace) -> int:
    wanted = SessionFilter(deployment=args.deployment, end_user=args.end_user)

    async def work(database: Database) -> Any:
        library = SessionLibrary(database)
        return await search_sessions(library, args.project, args.words, wanted=wanted, limit=max(args.limit, 1))

    found = with_database(args, work)
    if args.json:
        print_json(msgspec.to_builtins(found))
        return 0
    for hit in found.data:
        say(f"{hit.session}  {hit.at_ms / 1000:.2f}  {hit.role}: {hit.text}")
    if found.has_more:
        complain("There are more sessions that were not read; narrow it down by --deployment or --end-user.")
    elif not found.data:
        complain("Nothing was found.")
    return 0


def _replay(args: argparse.Namespace) -> int:
    file = Path(args.id)
    result: Replay = replay_file(file) if file.is_file() else _with_session(args, replay_opened)
    if args.json:
        print_json(msgspec.to_builtins(result))
    elif result.difference is None:
        say(f"The same, bit for bit: {result.inputs} inputs.")
    else:
        difference = result.difference
        say(f"The first {result.inputs} inputs are the same. Then, at {difference.at_ms / 1000:.2f} s:")
        say(f"{difference.input}: {difference.what}")
        for when, event in (("then", difference.recorded), ("now", difference.now)):
            if event is not None:
                say(f"  {when}: {json.dumps(msgspec.to_builtins(event), ensure_ascii=False)}")
    return 0 if result.difference is None else 1


# --- out, and away ----------------------------------------------------------------------------------


def _export(args: argparse.Namespace) -> int:
    if args.redact and args.format != "journal":
        raise ConfigurationError("Only a journal can be redacted: add --format journal.")
    file = args.output or Path(f"{args.id}.{args.format}")

    async def work(opened: OpenedSession) -> int:
        size = 0
        with file.open("wb") as out:
            async for piece in await _pieces(opened, args.format, redact=args.redact):
                size += out.write(piece)
        return size

    try:
        size = _with_session(args, work)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror or error}.") from None
    except RuntimeError as error:
        raise ConfigurationError(f"It cannot be redacted, for this version does not follow it: {error}.") from None
    complain(f"{file}: {size} bytes. It is not encrypted.")
    return 0


async def _pieces(opened: OpenedSession, format: str, *, redact: bool) -> AsyncIterator[bytes]:
    if format == "journal":
        return journal_pieces(opened, redact=redact)
    if format == "wav":
        if opened.stored.policy != "text+audio":
            raise ConfigurationError(f"Of this conversation no sound was stored ({opened.stored.policy}).")
        return wav_pieces(opened, await sound_frames(opened))

    async def written() -> AsyncIterator[bytes]:
        fields = conversation_fields(opened, await read_session(opened))
        yield json.dumps(fields, indent=2, ensure_ascii=False).encode(errors="replace") + b"\n"

    return written()


def _delete(args: argparse.Namespace) -> int:
    if bool(args.ids) + (args.end_user is not None) + args.everything != 1:
        raise ConfigurationError("Say which are deleted: ids, --end-user, or --everything.")

    async def work(database: Database) -> int:
        library = SessionLibrary(database)
        if args.everything:
            return await library.delete_all(args.project, by=BY)
        if args.end_user is not None:
            return await library.delete(args.project, by=BY, end_user=args.end_user)
        deleted = 0
        for id in dict.fromkeys(args.ids):
            if not await library.delete(args.project, by=BY, id=id):
                raise _none(args.project, id)
            deleted += 1
        return deleted

    complain(f"{with_database(args, work)} deleted.")
    return 0


def _purge(args: argparse.Namespace) -> int:
    complain(f"{with_database(args, purge_sessions)} rows deleted.")
    return 0


def _with_session(args: argparse.Namespace, work: Callable[[OpenedSession], Awaitable[_Result]]) -> _Result:
    async def run(database: Database) -> _Result:
        opened = await SessionLibrary(database).open(args.project, args.id)
        if opened is None:
            raise _none(args.project, args.id)
        return await work(opened)

    return with_database(args, run)


def _none(project: str, id: str) -> ConfigurationError:
    return ConfigurationError(
        f"The project {project!r} has no stored conversation {id[:80]!r}; `{Path(sys.argv[0]).name} sessions list` "
        "shows what there is."
    )


def _row(one: StoredSession) -> tuple[str, ...]:
    return one.id, _moment(one.started_at), one.deployment, one.policy, f"{one.state}{' !' if one.flagged else ''}"


def _moment(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M")


def _waterfall(answer: AnswerTimes) -> str:
    """When its stages were reached, from the end of the speech where there was some."""
    begin = answer.created_ms if answer.speech_stopped_ms is None else answer.speech_stopped_ms
    stages = {
        "transcript": answer.transcript_ms,
        "answer begun": answer.created_ms,
        "first text": answer.first_text_ms,
        "first audio": answer.first_audio_ms,
        "done": answer.done_ms,
    }
    reached = ", ".join(f"{name} {at - begin:+} ms" for name, at in stages.items() if at is not None)
    return f"{begin / 1000:9.2f}  {answer.status}{f' ({answer.reason})' if answer.reason else ''}: {reached}"
