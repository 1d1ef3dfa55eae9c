"""`voxwire models`: the models that engines can open; fetch them, look at them, delete them."""

import argparse
import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Final, get_args

from voxwire.catalogue import (
    SOURCES,
    Catalogue,
    CatalogueEntry,
    HubSource,
    IndexSource,
    PullError,
    PullOptions,
    PullReport,
    Store,
    accept,
    is_accepted,
    load_catalogue,
    megabytes,
    pull,
    pull_options,
)
from voxwire.cli.pull_progress import shown_pulls
from voxwire.cli.tables import print_table
from voxwire.errors import ConfigurationError
from voxwire.interfaces.engine import EngineKind
from voxwire.printing import complain, say

_HEADINGS: Final = ("model", "kind", "engines", "languages", "size", "licence", "here")


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `models` to the command line."""
    parser = subparsers.add_parser(
        "models",
        help="list, fetch and delete models",
        description="Models that engines can open. They lie in ~/.cache/voxwire/models, or where VOXWIRE_MODELS says.",
        epilog="docs/howto/models.md has mirrors, machines without internet, and models of your own.",
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)

    listing = actions.add_parser("list", help="what there is, and what of it is here")
    listing.add_argument("--kind", choices=get_args(EngineKind), help="only models of this kind")
    listing.add_argument("--engine", metavar="NAME", help="only models that this engine can open")
    listing.add_argument("--here", action="store_true", help="only those that are here")
    listing.set_defaults(run=_list)

    pulling = actions.add_parser("pull", help="fetch models; what is here stays as it is")
    pulling.add_argument("names", nargs="+", metavar="NAME")
    pulling.add_argument("--from", dest="source", choices=SOURCES, help="ask this source only")
    pulling.add_argument("--folder", type=Path, help="folder with the files as NAME/FILE, asked first")
    pulling.add_argument("--offline", action="store_true", help="use nothing but the folder and the hub's own cache")
    pulling.add_argument(
        "--accept-licence", action="store_true", help="accept the licences of these models that are not open"
    )
    pulling.set_defaults(run=_pull)

    showing = actions.add_parser("show", help="all about a model")
    showing.add_argument("name", metavar="NAME")
    showing.set_defaults(run=_show)

    removing = actions.add_parser("rm", help="delete models from this machine")
    removing.add_argument("names", nargs="+", metavar="NAME")
    removing.set_defaults(run=_remove)


def _list(args: argparse.Namespace) -> int:
    store = Store()
    entries = [
        entry
        for entry in load_catalogue().values()
        if (args.kind in (None, entry.kind)) and (args.engine is None or args.engine in entry.engines)
    ]
    found = [(entry, here) for entry in entries if (here := store.has(entry)) or not args.here]
    if not found:
        complain("There is none.")
        return 0
    rows = [(*_row(entry), "yes" if here else "-") for entry, here in found]
    print_table(_HEADINGS, rows, wraps=("languages", "licence"))
    if any(entry.terms for entry, _ in found):
        complain("* not open: to be accepted once, before it is fetched")
    return 0


def _row(entry: CatalogueEntry) -> tuple[str, ...]:
    licence = entry.licence if entry.terms is None else f"{entry.licence} *"
    languages = ", ".join(entry.languages) or "-"
    return entry.name, entry.kind, ", ".join(entry.engines), languages, megabytes(entry.size), licence


def _pull(args: argparse.Namespace) -> int:
    catalogue, store = load_catalogue(), Store()
    entries = [catalogue.find(name) for name in dict.fromkeys(args.names)]
    for entry in entries:
        _ask_for_terms(store, entry, accepted=args.accept_licence)
    options = pull_options(offline=args.offline, folder=args.folder, source=args.source)
    if args.source == "folder" and options.folder is None:
        raise ConfigurationError("Which folder? Name it with --folder, or VOXWIRE_MODEL_FOLDER.")
    if options.folder is not None and not options.folder.is_dir():
        raise ConfigurationError(f"There is no folder {options.folder}.")
    return _fetch(entries, store, options)


def _fetch(entries: Iterable[CatalogueEntry], store: Store, options: PullOptions) -> int:
    """Fetch one after the other; one that cannot be had does not keep the others."""
    fetched: dict[str, Path] = {}
    failed = False
    with shown_pulls() as report:
        for entry in entries:
            try:
                fetched[entry.name] = _one(entry, store, options, report)
            except PullError as error:
                failed = True
                report.note(entry.name, str(error))
    for name, folder in fetched.items():
        say(f"{name} is in {folder}")
    return 1 if failed else 0


def _one(entry: CatalogueEntry, store: Store, options: PullOptions, report: PullReport) -> Path:
    try:
        return pull(entry, store, options, report)
    except KeyboardInterrupt:
        report.note(entry.name, f"Stopped. To go on from here: voxwire models pull {entry.name}")
        raise


def _ask_for_terms(store: Store, entry: CatalogueEntry, *, accepted: bool) -> None:
    """Have a licence that is not open accepted, once. Where nobody can be asked, the fetch says what to type."""
    if is_accepted(store, entry):
        return
    if not accepted and sys.stdin.isatty() and sys.stderr.isatty():
        complain(f"The model {entry.name} is under {entry.licence}: {entry.terms}")
        accepted = input("Do you accept that? [y/N] ").strip().lower() in ("y", "yes")
    if accepted:
        accept(store, entry)


def _show(args: argparse.Namespace) -> int:
    entry, store = load_catalogue().find(args.name), Store()
    folder = store.folder(entry.name)
    facts = {
        "about": entry.about,
        "kind": entry.kind,
        "engines": ", ".join(entry.engines),
        "languages": ", ".join(entry.languages) or "-",
        **({"voices": ", ".join(entry.voices)} if entry.voices else {}),
        "licence": entry.licence,
        "version": entry.version,
        "here": str(folder) if store.has(entry) else f"no; voxwire models pull {entry.name}",
    }
    if entry.terms is not None:
        facts["terms"] = f"{entry.terms} ({'accepted' if is_accepted(store, entry) else 'not accepted here'})"
    for name, fact in facts.items():
        say(f"{name:11}{fact}")
    say("files")
    for file in entry.files:
        say(f"  {file.name}  {megabytes(file.size)}")
        say(f"    sha256 {file.sha256}")
    say("sources")
    for line in _sources(entry):
        say(f"  {line}")
    return 0


def _sources(entry: CatalogueEntry) -> Iterable[str]:
    for source in entry.sources:
        if isinstance(source, HubSource):
            yield f"hub    {source.repository} at {source.revision}"
        elif isinstance(source, IndexSource):
            packages = dict.fromkeys(part.package for parts in source.files.values() for part in parts)
            yield f"index  {', '.join(packages)}"
        else:
            yield from (f"url    {url}" for url in source.files.values())


def _remove(args: argparse.Namespace) -> int:
    store = Store()
    names = [_known(load_catalogue(), store, name) for name in dict.fromkeys(args.names)]
    for name in names:
        with store.alone(name, partial(complain, f"{name}: another program is fetching it. Waiting for that one.")):
            gone = store.remove(name)
        say(f"{name}: {'deleted' if gone else 'was not here'}")
    return 0


def _known(catalogue: Catalogue, store: Store, name: str) -> str:
    """A name that may be deleted: of the catalogue, or of a model that a former catalogue had. Raises
    ConfigurationError."""
    if name not in catalogue and name in store.others(catalogue):
        return name
    return catalogue.find(name).name
