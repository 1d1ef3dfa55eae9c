"""`voxwire deployments`: what answers under which name."""

import argparse
import json
import tomllib
from collections.abc import Mapping
from typing import Any, Final

from pydantic import ValidationError

from voxwire.cli.store_options import BY, add_store_options, store_settings, with_database
from voxwire.cli.tables import print_json, print_table
from voxwire.config import DeploymentSettings, Settings, checked_name
from voxwire.errors import ConfigurationError
from voxwire.printing import complain, say
from voxwire.runtime import LOCAL
from voxwire.server.deployment_book import DeploymentBook
from voxwire.server.profiles import answering_model
from voxwire.storage.database import Database
from voxwire.storage.deployments import StoredDeployment
from voxwire.storage.model_aliases import ModelAlias

_HEADINGS: Final = ("name", "source", "answers", "aliases", "state")
#: Options that are settings of the same name.
_PLAIN: Final = ("profile", "version", "instructions", "voice", "region", "content_policy", "store", "retention_days")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `deployments` to the command line."""
    parser = subparsers.add_parser(
        "deployments",
        help="make, list, change and delete deployments",
        description="Names that clients ask for, and what answers. Those of the settings file are shown, too. A server "
        "that runs knows of a change within a second; its sessions go on as they began.",
        epilog="docs/deployments.md has all settings of a deployment.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    _action(actions, "list", _list, "which deployments there are")
    showing = _action(actions, "show", _show, "all about a deployment")
    showing.add_argument("name", metavar="NAME")
    for name, run, summary in (
        ("create", _create, "make a deployment; without options it is like the default one"),
        ("update", _update, "change settings of a deployment"),
    ):
        making = _action(actions, name, run, summary)
        making.add_argument("name", metavar="NAME", type=_name)
        _add_settings(making)
        _add_reason(making)
    deleting = _action(actions, "delete", _delete, "delete deployments; their sessions go on to their end")
    deleting.add_argument("names", nargs="+", metavar="NAME", type=_name)
    _add_reason(deleting)
    pointing = _action(actions, "alias", _alias, "have a further name stand for a deployment")
    pointing.add_argument("alias", metavar="ALIAS", type=_name)
    pointing.add_argument("name", metavar="NAME")
    _add_reason(pointing)
    unpointing = _action(actions, "unalias", _unalias, "delete further names")
    unpointing.add_argument("names", nargs="+", metavar="ALIAS", type=_name)
    _add_reason(unpointing)


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Any, summary: str
) -> argparse.ArgumentParser:
    parser = actions.add_parser(name, help=summary)
    parser.set_defaults(run=run)
    parser.add_argument("--project", type=_name, default=LOCAL, help=f"whose deployments they are ({LOCAL})")
    add_store_options(parser)
    return parser


def _add_reason(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", metavar="TEXT", help="why; it is kept with the decision")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("--model", metavar="NAME", help="a profile, or a model of `voxwire models list`; with --llm, one there")
    add("--version", metavar="VERSION", help="version that the model must have")
    add("--profile", metavar="NAME", help="set of engines to start from")
    add("--llm", metavar="URL", help="address of the language model that answers")
    add("--instructions", metavar="TEXT", help="for sessions that bring none")
    add("--voice", metavar="NAME", help="for sessions that name none")
    add("--region", metavar="LABEL", help="where it runs, such as westeurope; it decides nothing")
    add("--content-policy", metavar="NAME", help="checks that transcripts go through")
    add("--store", choices=("none", "text", "text+audio"), help="what is stored of its conversations")
    add("--retention-days", type=int, metavar="N", help="days until that is deleted")
    add("--enabled", action=argparse.BooleanOptionalAction, help="whether it takes sessions")
    add(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any setting, as in TOML: --set tts=espeak, --set llm.temperature=0.5. "
        "Other users of this machine can see it in the list of processes",
    )
    add("--unset", action="append", default=[], metavar="KEY", help="take a setting away")


def _given(args: argparse.Namespace) -> DeploymentSettings:
    """What the command line says. Raises ConfigurationError."""
    chosen: dict[str, Any] = {name: value for name in _PLAIN if (value := getattr(args, name)) is not None}
    if args.enabled is not None:
        chosen["enabled"] = args.enabled
    if args.llm is not None:
        chosen["llm"] = {"base_url": args.llm} | ({"model": args.model} if args.model else {})
    elif args.model is not None:
        chosen["model"] = args.model
    for text in args.set:
        _put(chosen, *_assignment(text))
    chosen |= dict.fromkeys(args.unset)
    try:
        return DeploymentSettings.model_validate(chosen)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        said = "there is no such setting" if first["type"] == "extra_forbidden" else str(first["msg"])
        raise ConfigurationError(f"{where}: {said.removeprefix('Value error, ')}") from None


def _assignment(text: str) -> tuple[list[str], Any]:
    """`llm.model=x` as a path and a value of TOML; what is none is a text. Raises ConfigurationError."""
    path, equals, value = text.partition("=")
    if not equals or not all(path.split(".")):
        raise ConfigurationError(f"--set takes KEY=VALUE, such as voice=alloy, and not {text[:40]!r}.")
    try:
        return path.split("."), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return path.split("."), value


def _put(table: dict[str, Any], path: list[str], value: Any) -> None:
    for step in path[:-1]:
        inner = table.setdefault(step, {})
        if isinstance(inner, str):  # the name of an engine, which now gets an option
            inner = table[step] = {"name": inner}
        if not isinstance(inner, dict):
            raise ConfigurationError(f"--set {'.'.join(path)}: {step} is no table.")
        table = inner
    table[path[-1]] = value


def _create(args: argparse.Namespace) -> int:
    settings, given = store_settings(args), _given(args)

    async def work(database: Database) -> StoredDeployment:
        book = DeploymentBook(settings, database)
        return await book.create(args.project, args.name, given, by=BY, reason=args.reason)

    _tell(args, with_database(args, work), settings, "is there")
    return 0


def _update(args: argparse.Namespace) -> int:
    settings, given = store_settings(args), _given(args)

    async def work(database: Database) -> StoredDeployment:
        book = DeploymentBook(settings, database)
        return await book.update(args.project, args.name, given, by=BY, reason=args.reason)

    _tell(args, with_database(args, work), settings, "is changed")
    return 0


def _tell(args: argparse.Namespace, stored: StoredDeployment, settings: Settings, what: str) -> None:
    if args.json:
        print_json(_fields(stored, settings))
    else:
        answers = answering_model(settings, stored.settings or DeploymentSettings())
        complain(f"{stored.name} {what}; it answers with {answers}. A server that runs has it within a second.")


def _delete(args: argparse.Namespace) -> int:
    settings = store_settings(args)

    async def work(database: Database) -> None:
        book = DeploymentBook(settings, database)
        for name in dict.fromkeys(args.names):
            await book.delete(args.project, name, by=BY, reason=args.reason)
            complain(f"{name} is deleted.")

    with_database(args, work)
    return 0


def _alias(args: argparse.Namespace) -> int:
    settings = store_settings(args)

    async def work(database: Database) -> ModelAlias:
        book = DeploymentBook(settings, database)
        alias, _ = await book.point(args.project, args.alias, args.name, by=BY, reason=args.reason)
        return alias

    alias = with_database(args, work)
    if args.json:
        print_json({"name": alias.name, "deployment": alias.deployment, "project": alias.project})
    else:
        complain(f"{alias.name} stands for {alias.deployment}.")
    return 0


def _unalias(args: argparse.Namespace) -> int:
    settings = store_settings(args)

    async def work(database: Database) -> None:
        book = DeploymentBook(settings, database)
        for name in dict.fromkeys(args.names):
            await book.unpoint(args.project, name, by=BY, reason=args.reason)
            complain(f"{name} is no alias any more.")

    with_database(args, work)
    return 0


def _found(args: argparse.Namespace, settings: Settings) -> list[dict[str, Any]]:
    """Everything that the project has, and the settings file."""

    async def work(database: Database) -> tuple[list[StoredDeployment], list[ModelAlias]]:
        book = DeploymentBook(settings, database)
        return await book.deployments.all(args.project), await book.aliases.all(args.project)

    stored, aliases = with_database(args, work)
    names = {one.name for one in stored}
    found = [_fields(one, settings) for one in stored]
    found += [
        _shown(name, one, settings) | {"source": "settings", "project": None, "state": _state(one)}
        for name, one in settings.deployments.items()
        if name in settings.declared_deployments or name not in names
    ]
    for one in found:
        one["aliases"] = [alias.name for alias in aliases if alias.deployment == one["name"]]
    return sorted(found, key=lambda one: (one["name"], one["source"]))


def _list(args: argparse.Namespace) -> int:
    found = _found(args, store_settings(args))
    if args.json:
        print_json(found)
    else:
        rows = [
            (one["name"], one["source"], one["answers"], ", ".join(one["aliases"]) or "-", one["state"])
            for one in found
        ]
        print_table(_HEADINGS, rows, wraps=("answers", "aliases", "state"))
    return 0


def _show(args: argparse.Namespace) -> int:
    found = [one for one in _found(args, store_settings(args)) if one["name"] == args.name]
    if not found:
        raise ConfigurationError(
            f"The project {args.project!r} has no deployment {args.name[:80]!r}. See them: voxwire deployments list"
        )
    if args.json:
        print_json(found[0])
        return 0
    for key, value in found[0].items():
        shown = value if isinstance(value, str) else json.dumps(value)
        if value not in (None, [], {}):
            say(f"{key:20} {shown}")
    return 0


def _fields(stored: StoredDeployment, settings: Settings) -> dict[str, Any]:
    state = "overridden by the settings file" if stored.name in settings.declared_deployments else stored.fault
    return _shown(stored.name, stored.settings or DeploymentSettings(), settings) | {
        "source": "store",
        "project": stored.project,
        "state": state or _state(stored.settings or DeploymentSettings()),
        "created_at": stored.created_at // 1000,
        "updated_at": stored.updated_at // 1000,
        "created_by": stored.created_by,
    }


def _shown(name: str, one: DeploymentSettings, settings: Settings) -> dict[str, Any]:
    """The settings that it has of its own, secrets masked."""
    own: Mapping[str, Any] = one.model_dump(mode="json", exclude_unset=True)
    return {"name": name, "answers": answering_model(settings, one), **own}


def _state(one: DeploymentSettings) -> str:
    return "enabled" if one.enabled else "disabled"


def _name(text: str) -> str:
    try:
        return checked_name(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
