"""Putting the parts of `voxwire talk` together."""

import argparse
import os
import sys
from contextlib import AsyncExitStack

from voxwire.cli.talk import wire
from voxwire.cli.talk.answer import AnswerSink, Recording
from voxwire.cli.talk.command import KEY_VARIABLES
from voxwire.cli.talk.connection import ENGINE_HEADER, connection, trust
from voxwire.cli.talk.conversation import Conversation
from voxwire.cli.talk.devices import Loudspeaker, Microphone, portaudio
from voxwire.cli.talk.dialogue import Dialogue
from voxwire.cli.talk.errors import UsageError
from voxwire.cli.talk.latency import SentAudio
from voxwire.cli.talk.local_server import local_server
from voxwire.cli.talk.question import load_question
from voxwire.cli.talk.screen import Screen, printable
from voxwire.cli.talk.tools import load_tools
from voxwire.cli.talk.wire import Dialect


async def converse(args: argparse.Namespace) -> None:
    """Hold the conversation that the command line asks for; raises TalkError when it fails."""
    # Files and devices first: a mistake shows before a server is started or money is spent.
    if args.headphones and not args.mic:
        raise UsageError("--headphones goes with --mic.")
    model = [part for option in ("llm", "model") if (value := getattr(args, option)) for part in (f"--{option}", value)]
    if model and args.url:
        raise UsageError("--llm and --model are for the server that talk starts; the one at --url has its own model.")
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
        answer = stack.enter_context(AnswerSink(recording, loudspeaker, max_s=args.max_answer))
        if args.url:
            url, key = args.url, args.api_key or _key_in_environment()
        else:
            url, key = await stack.enter_async_context(local_server(screen, model))
        address = wire.address(url, dialect, args.deployment or dialect.default_deployment)
        socket = await stack.enter_async_context(connection(address, wire.headers(dialect, key), certificates))
        sent = SentAudio()
        dialogue = Dialogue(screen, answer, tools, sent, silence_ms=args.silence_ms, patient=args.mic)
        conversation = Conversation(socket, dialogue, sent, max_answer_s=args.max_answer)

        async def script() -> None:
            await conversation.configure(update)
            # Voxwire says in words what answers; of another server the name of the model is all there is.
            answers = socket.response.headers.get(ENGINE_HEADER) if socket.response else None
            screen.line("Session", f"{dialect.value} dialect, answered by {printable(answers or dialogue.model)}")
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


def _key_in_environment() -> str | None:
    return next((os.environ[name] for name in KEY_VARIABLES if os.environ.get(name)), None)
