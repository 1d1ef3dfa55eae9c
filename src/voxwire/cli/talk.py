"""`voxwire talk`: a conversation in the terminal."""

import argparse
import asyncio
import os
from contextlib import nullcontext
from pathlib import Path

from voxwire.printing import complain
from voxwire.talk.outcome import TalkError, UsageError

#: Where the key comes from when `--api-key` is not given; the first one that is set.
KEY_VARIABLES = ("VOXWIRE_API_KEY", "AZURE_OPENAI_API_KEY", "OPENAI_API_KEY")

#: A day: more would not fit into a WAV file, whose length is a number of 32 bits.
MAX_ANSWER_S = 86_400


def register(subparsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `talk` to the command line."""
    parser = subparsers.add_parser(
        "talk",
        help="have a conversation in the terminal",
        description="Have a conversation with a Realtime server, by default one started for it on this computer. "
        "Shows both sides as they are transcribed and, at the end, how long each stage took.",
    )
    parser.set_defaults(run=run)
    add = parser.add_mutually_exclusive_group(required=True).add_argument
    add("question", nargs="?", type=Path, metavar="QUESTION.wav", help="ask a recorded question: WAV, FLAC or OGG")
    add("--text", type=_text, metavar="TEXT", help="type the question instead")
    add("--mic", action="store_true", help="talk through microphone and loudspeaker until Ctrl-C")
    add = parser.add_argument
    add("-o", "--output", type=Path, metavar="ANSWER.wav", help="keep the spoken answer in a WAV file")
    add(
        "--max-answer",
        type=_max_answer,
        default=1800,
        metavar="SECONDS",
        help="longest answer, in seconds of sound or of waiting; %(default)s if left out",
    )
    add("--play", action="store_true", help="play the answer on the loudspeaker")
    add("--headphones", action="store_true", help="with --mic: listen during the answer too, so it can be interrupted")
    add = parser.add_argument_group("server").add_argument
    add("--url", help="address of a running server, such as http://127.0.0.1:8000")
    add("--api-key", metavar="KEY", help=f"key for it; else the first set of {', '.join(KEY_VARIABLES)}")
    add("--ca", type=Path, metavar="FILE", help="certificate to trust in addition to the usual ones, in PEM form")
    add("--deployment", metavar="NAME", help="deployment or model to talk to")
    add("--dialect", choices=["preview", "ga"], default="ga", help="form of the protocol; %(default)s if left out")
    add = parser.add_argument_group("engines of the server that is started").add_argument
    add("--profile", metavar="NAME", help="set of engines, such as laptop; what is missing of models is fetched first")
    add("--llm", metavar="URL", help="OpenAI-compatible address that answers, such as http://127.0.0.1:11434/v1")
    add("--model", metavar="NAME", help="which of its models; may be left out when it has only one")
    add = parser.add_argument_group("session").add_argument
    add("--instructions", metavar="TEXT", help="how the assistant shall answer")
    add("--voice", metavar="NAME", help="voice of the answer, such as alloy")
    tools_help = 'functions that the assistant may call; a "result" in a function answers its calls'
    add("--tools", type=Path, metavar="FILE.json", help=tools_help)
    add(
        "--silence-ms",
        type=_silence,
        default=500,
        metavar="MS",
        help="silence that ends a turn; %(default)s if left out",
    )


def run(args: argparse.Namespace) -> int:
    """Hold the conversation that the command line asks for; the exit code."""
    from voxwire.talk.endings import until_told

    try:
        return asyncio.run(until_told(_converse(args)))
    except TalkError as error:
        complain(f"voxwire talk: {error}")
        return error.exit_code


async def _converse(args: argparse.Namespace) -> None:
    """With the server at `--url`, or one that is started for this conversation. Raises TalkError."""
    from voxwire.cli.local_server import local_server  # NumPy and all else that is slow to import
    from voxwire.talk.program import TalkOptions, converse
    from voxwire.talk.protocol import ClientDialect

    if args.headphones and not args.mic:
        raise UsageError("--headphones goes with --mic.")
    engines = {option: value for option in ("profile", "llm", "model") if (value := getattr(args, option))}
    if engines and args.url:
        raise UsageError("--profile, --llm and --model are for a server that talk starts; that at --url has its own.")
    serving = [part for option, value in engines.items() for part in (f"--{option}", value)]
    options = TalkOptions(
        question=args.question,
        text=args.text,
        microphone=args.mic,
        headphones=args.headphones,
        play=args.play,
        output=args.output,
        max_answer_s=args.max_answer,
        ca=args.ca,
        deployment=args.deployment,
        dialect=ClientDialect(args.dialect),
        instructions=args.instructions,
        voice=args.voice,
        tools=args.tools,
        silence_ms=args.silence_ms,
    )
    if args.url:
        await converse(options, lambda screen: nullcontext((args.url, args.api_key or _key_in_environment())))
    else:
        await converse(options, lambda screen: local_server(screen, serving))


def _key_in_environment() -> str | None:
    return next((os.environ[name] for name in KEY_VARIABLES if os.environ.get(name)), None)


def _text(value: str) -> str:
    if not value.strip():
        raise argparse.ArgumentTypeError("there is nothing to say")
    return value


def _max_answer(value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) <= MAX_ANSWER_S:
        raise argparse.ArgumentTypeError(f"must be a number of seconds from 1 to {MAX_ANSWER_S}")
    return int(value)


def _silence(value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) <= 10_000:
        raise argparse.ArgumentTypeError("must be a number of milliseconds from 1 to 10000")
    return int(value)
