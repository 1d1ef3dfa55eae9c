"""The command `voxwire`.

The commands `serve`, `talk`, `models`, `deployments`, `keys`, `prompts`, `quotas`, `reviews`, `usage`, `sessions`,
`storage` and `doctor` are modules with `register(subparsers)`, which adds options and sets `run` to a function from the
parsed arguments to an exit code, and `writing` to a context manager where stdout and stderr have to be special
(`output`: a server goes on when nobody reads what it prints; `voxwire.printing`: other commands end then). Only the
module of the command that was typed is imported, so that `voxwire --help` is quick. `local_server` is the server that
`talk` starts where none is named, `measurements` what `doctor --measure` does, `issuer_checks` what `doctor` asks of
issuers of tokens; `serve_worker` is one of several processes of `serve`.
`first_start` fetches models, `pull_progress` shows how far that is. `store_options` are those of
commands that work on what is stored, `role_commands` the part of `keys` about roles; `tables` prints lists.
"""

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from importlib import import_module
from typing import Any

from voxwire import __version__
from voxwire.errors import VoxwireError
from voxwire.printing import OutputError, complain, open_missing, say

_COMMANDS = {
    "serve": "run the server",
    "talk": "have a conversation in the terminal",
    "models": "list, fetch and delete models",
    "deployments": "make, list, change and delete deployments",
    "keys": "make, list, rotate and revoke keys",
    "prompts": "keep texts that clients name as their instructions",
    "quotas": "say how much a deployment, a key or a principal may use",
    "reviews": "look at what checks of the content have found",
    "usage": "show what was used",
    "sessions": "list, read, replay and delete stored conversations",
    "storage": "where things are stored; backups",
    "doctor": "say which engines can run here",
}

#: Exit code of Ctrl-C, as shells have it: 128 + SIGINT.
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    # NumPy's products here are small: several threads make them slower and fight over the cores
    # (ADR 5). It has to be said before NumPy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    open_missing()
    try:
        return _ended("voxwire", lambda: _command(sys.argv[1:] if arguments is None else list(arguments)))
    finally:
        if arguments is None:
            # Everything has ended; a Ctrl-C now must not make the interpreter complain. To a server that has
            # stopped as asked it is nothing new.
            if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
                signal.signal(signal.SIGINT, signal.SIG_DFL)


def _command(typed: list[str]) -> int:
    args = _parser(typed[0] if typed else "").parse_args(typed)
    with getattr(args, "writing", nullcontext)():
        return _ended(f"voxwire {args.command}", lambda: int(args.run(args)))


def _ended(name: str, run: Callable[[], int]) -> int:
    """The exit code of `run`, however it ends."""
    try:
        return run()
    except KeyboardInterrupt:
        return INTERRUPTED
    except OutputError as error:
        if not error.reader_left:
            complain(f"{name}: {error}")
    except VoxwireError as error:
        complain(f"{name}: {error}")
    return 1


class _Parser(argparse.ArgumentParser):
    def _print_message(self, message: str, file: Any = None) -> None:
        """Help, the version, or what is wrong. argparse itself would keep from everybody that it cannot be printed."""
        if file is sys.stdout:
            say(message.rstrip("\n"))
        else:
            complain(message.rstrip("\n"))


def _parser(typed: str) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="voxwire", description="An open, self-hosted server for the GPT-4o Realtime API: speech in, speech out."
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, summary in _COMMANDS.items():
        if name == typed:
            import_module(f"voxwire.cli.{name}").register(subparsers)
        else:
            subparsers.add_parser(name, help=summary)
    return parser
