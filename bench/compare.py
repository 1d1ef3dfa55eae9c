"""Several servers in turns, in one run: source trees, and servers of others that somebody has started.

    python bench/compare.py before=../voxwire-before now=.
    python bench/compare.py now=. --url 'ws://127.0.0.1:8765/v1/realtime' --header 'Authorization: Bearer KEY'
    python bench/compare.py before=../voxwire-before now=. --held --frame-ms 20

NAME=TREE is a source tree with its own .venv. TREE:VARIABLE=VALUE runs it with that in its environment, so one tree can
take part twice; with VOXWIRE_SERVER__WORKERS=N it has N cores. The floor takes part, unless --no-floor is given. Every
figure is compared with the first server that is named, and with the floor. Without --held it is processor time of a
frame, at a fixed number of sessions; with it, the number of sessions that each holds. docs/benchmarks.md says what the
figures mean, bench/peers.md how to start servers of others.
"""

import argparse
import asyncio
import json
import os
import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from address import Address, parse_address
from capacity import Found, capacity
from cost import SLICE_S, costs
from figures import condensed, markdown, median, paired_ratio, written
from load import Load, Loaded, Wire, trial
from outside import OutsideServer
from processor import processor
from servers import GENERATOR_CPU, Server, need_processors, workers_of
from speech import speech_loop
from trees import open_tree

_PEER = "peer"
_STARTS = {20: 150, 100: 300}


@dataclass(frozen=True)
class Contender:
    """One of those that are compared: a script of this folder, the server of a tree, or one at an address."""

    name: str
    tree: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    address: Address | None = None
    revision: str = "-"
    detection: str = "-"

    @contextmanager
    def running(self) -> Iterator[Loaded]:
        """Started here, and ended again, unless somebody else did."""
        if self.address is not None:
            yield OutsideServer(self.name, self.address)
            return
        script = "voxwire" if self.tree else self.name
        with Server(self.name, script, self.tree, self.environment) as server:
            yield server


def parse_contender(text: str, headers: Sequence[str]) -> Contender:
    """`NAME=TREE`, `NAME=TREE:VARIABLE=VALUE` or `NAME=ws://...`; ValueError says what is wrong."""
    name, equals, what = text.partition("=")
    if not (name and equals and what):
        raise ValueError(f"{text!r} is no NAME=TREE, and no NAME=ws://HOST:PORT/PATH.")
    if "://" in what:
        return Contender(name, address=parse_address(what, headers))
    path, colon, variable = what.partition(":")
    key, equals, value = variable.partition("=")
    if colon and not (key and equals):
        raise ValueError(f"{text!r}: a variable is written TREE:VARIABLE=VALUE.")
    environment = {key: value} if colon else {}
    tree = open_tree(path, environment)
    return Contender(name, tree.path, environment, revision=tree.revision, detection=tree.detection)


def parse(arguments: Sequence[str] | None = None) -> tuple[argparse.Namespace, list[Contender]]:
    """Options and contenders, the floor first; what cannot be measured ends the program with one line."""
    parser = argparse.ArgumentParser(
        prog="python bench/compare.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("servers", nargs="*", metavar="NAME=TREE", help="a source tree, or NAME=ws://HOST:PORT/PATH")
    parser.add_argument("--url", help=f"a server that somebody has started on this machine; the same as {_PEER}=URL")
    parser.add_argument("--header", action="append", default=[], help="'NAME: VALUE' for handshakes with such servers")
    parser.add_argument("--preview", action="store_true", help="set such servers up in the dialect of the previews")
    parser.add_argument("--detection", type=json.loads, help="turn_detection for all, as JSON, in place of ours")
    parser.add_argument("--frame-ms", type=int, choices=(20, 100), default=100)
    parser.add_argument("--sessions", type=int, help="default: 150; with --held where the search begins")
    parser.add_argument("--rounds", type=int, help="default: 8; with --held 3")
    parser.add_argument("--seconds", type=float, default=SLICE_S, help=f"of one slice of the load (default {SLICE_S})")
    parser.add_argument("--held", action="store_true", help="the sessions that each holds, instead of the cost")
    parser.add_argument("--no-floor", action="store_true")
    options = parser.parse_args(arguments)
    texts = [*options.servers, *([f"{_PEER}={options.url}"] if options.url else [])]
    try:
        contenders = [parse_contender(text, options.header) for text in texts]
    except ValueError as error:
        parser.error(str(error))
    if not options.no_floor:
        contenders.insert(0, Contender("floor"))
    names = [contender.name for contender in contenders]
    if not names:
        parser.error("There is nothing to compare: name a tree, or give --url.")
    if len(set(names)) < len(names):
        parser.error(f"Every server needs a name of its own; these were given: {', '.join(names)}.")
    return options, contenders


def wire_of(contender: Contender, options: argparse.Namespace) -> Wire:
    """Servers of others may need another dialect; detection is the same for all."""
    preview = options.preview and contender.address is not None
    return Wire(preview, options.detection) if options.detection else Wire(preview)


async def compare_costs(options: argparse.Namespace, contenders: Sequence[Contender], remarks: list[str]) -> str:
    """Rows of (e): all servers at once, loaded in turns."""
    pcm, sessions = speech_loop(), options.sessions or 150
    with ExitStack() as stack:
        loads = {}
        for contender in contenders:
            server, wire = stack.enter_context(contender.running()), wire_of(contender, options)
            await _look(server, wire, remarks)
            loads[contender.name] = Load(server, pcm, options.frame_ms, wire)
        found = await costs(loads, sessions, options.rounds or 8, remarks.append, options.seconds)
        for load in loads.values():
            load.close()
    first = found[_first(contenders)]
    rows = [
        (
            contender.name,
            contender.revision,
            contender.detection,
            written(cost.median_us, 1),
            written(cost.ratio_to(first)),
            written(cost.ratio_to(found["floor"]) if "floor" in found else None),
            written(cost.lag_p95, 1),
            written(cost.turns_a_minute, 1),
            f"{cost.disturbed} of {len(cost.slices)}",
        )
        for contender in contenders
        for cost in (found[contender.name],)
    ]
    head = ("µs a frame", f"of {first.name}", "of the floor", "lag p95, ms", "turns a minute", "disturbed")
    table = markdown(("server", "revision", "detection", *head), rows)
    return f"Frames of {options.frame_ms} ms, {sessions} sessions\n\n{table}"


async def compare_capacities(options: argparse.Namespace, contenders: Sequence[Contender], remarks: list[str]) -> str:
    """Rows of (d): one server at a time, again and again."""
    pcm = speech_loop()
    found: dict[str, list[Found]] = {contender.name: [] for contender in contenders}
    for _ in range(options.rounds or 3):
        for contender in contenders:
            before, wire = found[contender.name], wire_of(contender, options)
            start = options.sessions or _STARTS[options.frame_ms]
            with contender.running() as server:
                if not before:
                    await _look(server, wire, remarks)
                start = before[-1].held * 4 // 5 if before and before[-1].held else start
                best, _ = await capacity(server, pcm, options.frame_ms, start, remarks, wire)
            before.append(best)
            print(f"  {contender.name}: {best}", file=sys.stderr)
            if best.disturbed:
                remarks.append(f"{contender.name}: {best}")
    held = {name: [each.sessions for each in searches] for name, searches in found.items()}
    first = held[_first(contenders)]
    rows = [
        (
            contender.name,
            contender.revision,
            contender.detection,
            written(median(sessions), 0),
            written(paired_ratio(sessions, first)),
            written(paired_ratio(sessions, held["floor"]) if "floor" in held else None),
            f"{sum(each is not None for each in sessions)} of {len(sessions)}",
        )
        for contender in contenders
        for sessions in (held[contender.name],)
    ]
    head = ("server", "revision", "detection", "sessions held", f"of {_first(contenders)}", "of the floor", "sound")
    return f"Frames of {options.frame_ms} ms\n\n{markdown(head, rows)}"


def _first(contenders: Sequence[Contender]) -> str:
    """The first that was named; the floor, where it is alone."""
    return next((each.name for each in contenders if each.name != "floor"), contenders[0].name)


async def _look(server: Loaded, wire: Wire, remarks: list[str]) -> None:
    try:
        await trial(server, wire)
    except ConnectionError as error:
        raise SystemExit(str(error)) from None
    if isinstance(server, OutsideServer):
        remarks += server.remarks()


def main() -> None:
    options, contenders = parse()
    need_processors(max(workers_of(contender.environment) for contender in contenders))
    os.sched_setaffinity(0, {GENERATOR_CPU})
    remarks: list[str] = []
    measure = compare_capacities if options.held else compare_costs
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        table = runner.run(measure(options, contenders, remarks))
    print(f"{processor()}, Python {platform.python_version()}. {table}")
    for remark in condensed(remarks):
        print(remark)


if __name__ == "__main__":
    main()
