"""Putting the parts of a conversation together."""

import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from voxwire.talk import protocol
from voxwire.talk.answer_sink import AnswerSink, Recording
from voxwire.talk.connection import ENGINE_HEADER, connection, trust
from voxwire.talk.core import ClientCore
from voxwire.talk.devices import Loudspeaker, Microphone, portaudio
from voxwire.talk.latency import SentAudio
from voxwire.talk.protocol import ClientDialect
from voxwire.talk.question import load_question
from voxwire.talk.screen import Screen, printable
from voxwire.talk.shell import ClientShell
from voxwire.talk.tool_stub import load_tools

#: A server for the length of a conversation: its address and its key. It may say on the screen how it is doing.
ServerSource = Callable[[Screen], AbstractAsyncContextManager[tuple[str, str | None]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TalkOptions:
    """What to talk about, and how. Exactly one of `question`, `text` and `microphone` is given."""

    question: Path | None
    text: str | None
    microphone: bool
    headphones: bool  # the microphone does not hear the answer
    play: bool
    output: Path | None
    max_answer_s: int
    ca: Path | None
    deployment: str | None
    dialect: ClientDialect
    instructions: str | None
    voice: str | None
    tools: Path | None
    silence_ms: int


async def converse(options: TalkOptions, server: ServerSource) -> None:
    """Hold a conversation; raises TalkError when it fails."""
    # Files and devices first: a mistake shows before a server is started or money is spent.
    pcm = load_question(options.question) if options.question else b""
    tools = load_tools(options.tools)
    certificates = trust(options.ca)
    recording = Recording(options.output) if options.output else None
    sound = portaudio() if options.microphone or options.play else None
    dialect = options.dialect
    update = protocol.session_update(
        dialect,
        instructions=options.instructions,
        voice=options.voice,
        tools=tools.declared,
        silence_ms=options.silence_ms,
    )
    screen = Screen(sys.stdout)
    async with AsyncExitStack() as stack:
        loudspeaker = stack.enter_context(Loudspeaker(sound)) if sound else None
        answer = stack.enter_context(AnswerSink(recording, loudspeaker, max_s=options.max_answer_s))
        url, key = await stack.enter_async_context(server(screen))
        address = protocol.address(url, dialect, options.deployment or dialect.default_deployment)
        socket = await stack.enter_async_context(connection(address, protocol.headers(dialect, key), certificates))
        sent = SentAudio()
        core = ClientCore(screen, answer, tools, sent, silence_ms=options.silence_ms, patient=options.microphone)
        shell = ClientShell(socket, core, sent, max_answer_s=options.max_answer_s)

        async def script() -> None:
            await shell.configure(update)
            # Voxwire says in words what answers; of another server the name of the model is all there is.
            answers = socket.response.headers.get(ENGINE_HEADER) if socket.response else None
            screen.line("Session", f"{dialect.value} dialect, answered by {printable(answers or core.model)}")
            if options.text:
                await shell.ask(options.text)
            elif options.question:
                screen.line("Sending", f"{options.question}, in real time")
                await shell.say(pcm, options.silence_ms)
            elif sound:
                screen.line("Mic", "listening; Ctrl-C ends the conversation")
                with Microphone(sound) as microphone:
                    await shell.stream(microphone, muted=lambda: answer.audible and not options.headphones)
            await answer.drained()

        try:
            await shell.hold(script())
        finally:
            screen.latencies(
                core.turns,
                "the question was sent"
                if options.text
                else f"the end of speech ({options.silence_ms} of silence end a turn)",
            )
            if recording and answer.duration_s:
                screen.line("Answer", f"{recording.path}, {answer.duration_s:.1f} s")
