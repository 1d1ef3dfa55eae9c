"""The options of `voxwire talk`, and putting its parts together."""

import argparse
import asyncio
import os
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from voxwire.cli.talk import wire
from voxwire.cli.talk.answer import AnswerSink, Recording
from voxwire.cli.talk.connection import connection, trust
from voxwire.cli.talk.conversation import Conversation
from voxwire.cli.talk.devices import Loudspeaker, Microphone, portaudio
from voxwire.cli.talk.dialogue import Dialogue
from voxwire.cli.talk.errors import Exit, TalkError, UsageError
from voxwire.cli.talk.latency import SentAudio
from voxwire.cli.talk.local_server import local_server
from voxwire.cli.talk.question import load_question
from voxwire.cli.talk.screen import Screen
from voxwire.cli.talk.tools import load_tools
from voxwire.cli.talk.wire import Dialect

#: Where the key comes from when `--api-key` is not given; the first one that is set.
KEY_VARIABLES = ("VOXWIRE_API_KEY", "AZURE_OPENAI_API_KEY", "OPENAI_API_KEY")


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
    add("--play", action="store_true", help="play the answer on the loudspeaker")
    add("--headphones", action="store_true", help="with --mic: listen during the answer too, so it can be interrupted")
    add = parser.add_argument_group("server").add_argument
    add("--url", help="address of a running server, such as http://127.0.0.1:8000")
    add("--api-key", metavar="KEY", help=f"key for it; else the first set of {', '.join(KEY_VARIABLES)}")
    add("--ca", type=Path, metavar="FILE", help="certificate to trust beside the usual ones, in PEM form")
    add("--deployment", metavar="NAME", help="deployment or model to talk to")
    add(
        "--dialect",
        choices=[dialect.value for dialect in Dialect],
        default=Dialect.GA.value,
        help="%(default)s if left out",
    )
    add = parser.add_argument_group("session").add_argument
    add("--instructions", metavar="TEXT", help="what the assistant is told to be")
    add("--voice", metavar="NAME", help="voice of the answer, such as alloy")
    add("--tools", type=Path, metavar="FILE.json", help='function tools; a "result" beside the name answers the calls')
    add(
        "--silence-ms",
        type=_silence,
        default=500,
        metavar="MS",
        help="silence that ends a turn; %(default)s if left out",
    )


def run(args: argparse.Namespace) -> int:
    """Hold the conversation that the command line asks for; the exit code."""
    try:
        asyncio.run(_converse(args))
    except TalkError as error:
        print(f"voxwire talk: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has gone; what is left of it must not be written at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.FAILED
    return Exit.GOOD


async def _converse(args: argparse.Namespace) -> None:
    # Files and devices first: a mistake shows before a server is started or money is spent.
    if args.headphones and not args.mic:
        raise UsageError("--headphones goes with --mic.")
    pcm = load_question(args.question) if args.question else b""
    tools = load_tools(args.tools)
    certificates = trust(args.ca)
    recording = Recording(args.output) if args.output else None
    sound = portaudio() if args.mic or args.play else None
    dialect = Dialect(args.dialect)
    update = wire.session_update(
        dialect,
        instructions=args.instructions,
        voice=args.voice,
        tools=tools.declared,
        silence_ms=args.silence_ms,
    )
    screen = Screen(sys.stdout)
    async with AsyncExitStack() as stack:
        loudspeaker = stack.enter_context(Loudspeaker(sound)) if sound else None
        answer = stack.enter_context(AnswerSink(recording, loudspeaker))
        url = args.url or await stack.enter_async_context(local_server(screen))
        address = wire.address(url, dialect, args.deployment or dialect.default_deployment)
        socket = await stack.enter_async_context(connection(address, wire.headers(dialect, _key(args)), certificates))
        sent = SentAudio()
        dialogue = Dialogue(screen, answer, tools, sent, patient=args.mic)
        conversation = Conversation(socket, dialogue, sent)

        async def script() -> None:
            await conversation.configure(update)
            screen.line("Session", f"{dialogue.model} ({dialect.value} dialect)")
            if args.text:
                await conversation.ask(args.text)
            elif args.question:
                screen.line("Sending", f"{args.question}, in real time")
                await conversation.say(pcm, args.silence_ms)
            elif sound:
                screen.line("Mic", "listening; Ctrl-C ends the conversation")
                with Microphone(sound) as microphone:
                    await conversation.stream(microphone, muted=lambda: answer.audible and not args.headphones)
            await answer.drained()

        try:
            await conversation.hold(script())
        finally:
            screen.latencies(
                dialogue.turns,
                "the question was sent"
                if args.text
                else f"the end of speech ({args.silence_ms} of silence end a turn)",
            )
            if recording and answer.duration_s:
                screen.line("Answer", f"{recording.path}, {answer.duration_s:.1f} s")


def _key(args: argparse.Namespace) -> str | None:
    """The key to present; none to a server of our own, which accepts any."""
    named: str | None = args.api_key
    if named or not args.url:
        return named
    return next((os.environ[name] for name in KEY_VARIABLES if os.environ.get(name)), None)


def _text(value: str) -> str:
    if not value.strip():
        raise argparse.ArgumentTypeError("there is nothing to say")
    return value


def _silence(value: str) -> int:
    if not value.isdecimal() or not 0 < int(value) <= 10_000:
        raise argparse.ArgumentTypeError("must be a number of milliseconds from 1 to 10000")
    return int(value)
