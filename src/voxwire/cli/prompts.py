"""`voxwire prompts`: texts that clients name as their instructions."""

import argparse
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from voxwire.cli.store_options import BY, add_store_options, with_database
from voxwire.cli.tables import print_json, print_table
from voxwire.config import checked_name
from voxwire.errors import ConfigurationError
from voxwire.printing import complain, say
from voxwire.runtime import LOCAL, checked_prompt, new_id, places
from voxwire.storage.database import Database
from voxwire.storage.prompts import PromptNameTaken, Prompts, PromptVersion, StoredPrompt, TooManyPrompts

_HEADINGS: Final = ("name", "current", "versions", "changed")
_Result = TypeVar("_Result")
_Shown = tuple[StoredPrompt, list[PromptVersion]]


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `prompts` to the command line."""
    parser = subparsers.add_parser(
        "prompts",
        help="keep texts that clients name as their instructions",
        description="Instructions under a name, in versions. Clients name one as session.prompt, and fill its "
        "{{variables}}. A server that runs knows of a change within a second.",
        epilog="docs/prompts.md says what clients send.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    making = _action(actions, "create", _create, "keep a prompt, as its version 1")
    making.add_argument("name", metavar="NAME", type=_name)
    _text_options(making, required=True)

    _action(actions, "list", _list, "which prompts there are")

    showing = _action(actions, "show", _show, "print a prompt")
    showing.add_argument("name", metavar="NAME", type=_name)
    showing.add_argument("--version", type=int, metavar="N", help="another version than the current one")

    changing = _action(actions, "update", _update, "add a version, or have another one be the current one")
    changing.add_argument("name", metavar="NAME", type=_name)
    _text_options(changing, required=False)
    changing.add_argument("--current", type=int, metavar="N", help="use this version where clients name none")
    changing.add_argument("--not-yet", action="store_true", help="add the version, and leave the current one as it is")

    deleting = _action(actions, "delete", _delete, "delete prompts with all their versions")
    deleting.add_argument("names", nargs="+", metavar="NAME", type=_name)


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Any, summary: str
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=summary)
    parser.set_defaults(run=run)
    parser.add_argument("--project", type=_name, default=LOCAL, help=f"whose prompts they are ({LOCAL})")
    if name not in ("list", "show"):
        parser.add_argument("--reason", metavar="TEXT", help="why, for the list of decisions")
    add_store_options(parser)
    return parser


def _text_options(parser: argparse.ArgumentParser, *, required: bool) -> None:
    source = parser.add_mutually_exclusive_group(required=required)
    source.add_argument("--text", help="the text; {{name}} is a place for a variable")
    source.add_argument("--file", type=Path, help="file with the text, UTF-8; - reads it from standard input")


def _create(args: argparse.Namespace) -> int:
    text = _text(args)
    assert text is not None

    async def work(prompts: Prompts) -> _Shown:
        made = await prompts.add(args.project, args.name, text, id=new_id("pmpt"), by=BY, reason=args.reason)
        return made, await prompts.versions(made)

    try:
        _told(args, _with_prompts(args, work))
    except PromptNameTaken:
        raise ConfigurationError(
            f"The project {args.project!r} has a prompt {args.name!r}: update adds a version to it."
        ) from None
    return 0


def _update(args: argparse.Namespace) -> int:
    text = _text(args)
    if (text is None) == (args.current is None):
        raise ConfigurationError("Give a text (--text, --file) for a further version, or --current N for an older one.")

    async def work(prompts: Prompts) -> _Shown:
        await _found(prompts, args)
        if text is not None:
            current = not args.not_yet
            changed = await prompts.add_version(
                args.project, args.name, text, current=current, by=BY, reason=args.reason
            )
        else:
            changed = await prompts.make_current(args.project, args.name, args.current, by=BY, reason=args.reason)
        if changed is None:
            raise ConfigurationError(f"The prompt {args.name!r} has no version {args.current}.")
        return changed, await prompts.versions(changed)

    _told(args, _with_prompts(args, work))
    return 0


def _list(args: argparse.Namespace) -> int:
    found = _with_prompts(args, lambda prompts: prompts.all(args.project))
    if args.json:
        print_json([_fields(prompt) for prompt in found])
    elif not found:
        complain(f"The project {args.project!r} has none.")
    else:
        rows = [(one.name, str(one.current), str(one.latest), _day(one.updated_at)) for one in found]
        print_table(_HEADINGS, rows)
    return 0


def _show(args: argparse.Namespace) -> int:
    async def work(prompts: Prompts) -> _Shown:
        found = await _found(prompts, args)
        return found, await prompts.versions(found)

    prompt, versions = _with_prompts(args, work)
    if args.json:
        print_json(_with_versions(prompt, versions))
        return 0
    wanted = args.version or prompt.current
    one = next((version for version in versions if version.version == wanted), None)
    if one is None:
        raise ConfigurationError(f"The prompt {args.name!r} has no version {wanted}; its last one is {prompt.latest}.")
    say(one.text)
    names = ", ".join(places(one.text)) or "none"
    complain(f"Version {one.version} of {prompt.latest}; current is {prompt.current}. Variables: {names}.")
    return 0


def _delete(args: argparse.Namespace) -> int:
    async def work(prompts: Prompts) -> None:
        for name in dict.fromkeys(args.names):
            if not await prompts.remove(args.project, name, by=BY, reason=args.reason):
                raise ConfigurationError(f"The project {args.project!r} has no prompt {name!r}.")
            complain(f"{name} is deleted.")

    _with_prompts(args, work)
    return 0


def _told(args: argparse.Namespace, shown: _Shown) -> None:
    prompt, versions = shown
    if args.json:
        print_json(_with_versions(prompt, versions))
    else:
        complain(f"{prompt.name} has version {prompt.latest}; current is {prompt.current}.")


def _with_prompts(args: argparse.Namespace, work: Callable[[Prompts], Awaitable[_Result]]) -> _Result:
    async def on(database: Database) -> _Result:
        return await work(Prompts(database))

    try:
        return with_database(args, on)
    except TooManyPrompts as error:
        raise ConfigurationError(f"{error} Delete some first.") from None


async def _found(prompts: Prompts, args: argparse.Namespace) -> StoredPrompt:
    found = await prompts.find(args.project, args.name)
    if found is None:
        raise ConfigurationError(f"The project {args.project!r} has no prompt {args.name!r}.")
    return found


def _text(args: argparse.Namespace) -> str | None:
    """What was given; None where nothing was. A file's last line break is none of the text."""
    if args.file is None:
        text: str | None = args.text
    else:
        try:
            data = sys.stdin.buffer.read() if str(args.file) == "-" else args.file.read_bytes()
            text = data.decode("utf-8-sig").removesuffix("\n").removesuffix("\r")
        except OSError as error:
            raise ConfigurationError(f"{args.file} cannot be read: {error.strerror}.") from None
        except UnicodeDecodeError:
            raise ConfigurationError(f"{args.file} is not text in UTF-8.") from None
    if text is None:
        return None
    try:
        return checked_prompt(text)
    except ValueError as error:
        raise ConfigurationError(f"This cannot be a prompt: {error}.") from None


def _fields(prompt: StoredPrompt) -> dict[str, Any]:
    """As REST shows it."""
    return {
        "name": prompt.name,
        "project": prompt.project,
        "current": prompt.current,
        "latest": prompt.latest,
        "created_at": prompt.created_at // 1000,
        "updated_at": prompt.updated_at // 1000,
    }


def _with_versions(prompt: StoredPrompt, versions: list[PromptVersion]) -> dict[str, Any]:
    shown = [
        {
            "version": one.version,
            "text": one.text,
            "variables": list(places(one.text)),
            "created_at": one.created_at // 1000,
            "created_by": one.created_by,
        }
        for one in versions
    ]
    return {**_fields(prompt), "versions": shown}


def _day(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d")


def _name(text: str) -> str:
    try:
        return checked_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
