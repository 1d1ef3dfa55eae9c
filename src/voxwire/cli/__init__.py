"""The command `voxwire`.

Each command (`serve`, `talk`, `doctor`) is a module with `register(subparsers)`, which adds its
options and sets `run` to a function from the parsed arguments to an exit code, and `writing` to a context
manager where stdout and stderr have to be special (`output`). Only the module of the command that was typed is
imported, so that `voxwire --help` is quick.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from importlib import import_module

from voxwire import __version__
from voxwire.errors import VoxwireError

_COMMANDS = {
    "serve": "run the server",
    "talk": "have a conversation in the terminal",
    "doctor": "say which engines can run here",
}

#: Exit code of Ctrl-C, as shells have it: 128 + SIGINT.
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code: 0 done, 1 failed, 2 wrong usage, 130 interrupted."""
    # NumPy's products here are small: several threads make them slower and fight over the cores
    # (WIRE section 9). It has to be said before NumPy is imported.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    args = _parser(arguments[0] if arguments else "").parse_args(arguments)
    with getattr(args, "writing", nullcontext)():
        return _run(args)


def _run(args: argparse.Namespace) -> int:
    try:
        return int(args.run(args))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has seen enough; the interpreter must not complain at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except VoxwireError as error:
        print(f"voxwire {args.command}: {error}", file=sys.stderr)
        return 1


def _parser(typed: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
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
