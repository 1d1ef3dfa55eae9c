"""One connection to a service: what it was told, what its conversation has, and one answer at a time."""

import asyncio
import logging
from collections import deque
from collections.abc import Iterator
from typing import Any, Final

from msgspec.structs import replace

from voxwire.audio.pcm import AudioFormat
from voxwire.engines.llm.relay.mirror import Held, Mending, Mirror, PutItem, message_text
from voxwire.engines.llm.relay.overheard import Overheard
from voxwire.engines.llm.relay.pace import Pace
from voxwire.engines.llm.relay.relay_options import RelayOptions
from voxwire.engines.llm.relay.relayed_answer import RelayedAnswer
from voxwire.engines.llm.relay.service_errors import is_over, of_error, plain_name
from voxwire.engines.llm.relay.service_spelling import Spelling
from voxwire.engines.llm.relay.told_history import split, told
from voxwire.engines.llm.relay.upstream_events import UpstreamError, UpstreamEvent
from voxwire.engines.llm.relay.upstream_socket import UpstreamGone, UpstreamSocket
from voxwire.engines.remote.patience import Patience
from voxwire.errors import EngineError
from voxwire.events.items import AudioClip, InputAudio, Item, MessageItem, OutputAudio, Role
from voxwire.interfaces.llm import LlmRequest

logger = logging.getLogger("voxwire.engines.relay")

#: Identifiers of our events: a service repeats them in its errors.
_SETTINGS, _MENDING, _CANCEL = "settings_", "mending", "cancel"
#: How long a cancelled answer may take to end.
_SETTLE_S: Final = 2.0
#: Settings that clients wish for and an answer can do without.
_WISHES: Final = ("reasoning", "effort", "parallel_tool_calls")


class WishRefused(Exception):
    """The service does not know a setting that the answer can do without."""


class Link:
    """See the module. Whoever took it from `Links` reads it; while it waits nobody does.

    `waited`: for a turn, so that the service may have closed it meanwhile. `stale`: it must not be used
    again. `settled` is set when no answer is in the making.
    """

    def __init__(self, key: str, socket: UpstreamSocket, options: RelayOptions, pace: Pace) -> None:
        self.key = key
        self.waited = False
        self.stale = False
        self.timer: asyncio.TimerHandle | None = None
        self._socket = socket
        self._options = options
        self._spelling: Spelling = options.spelling
        self._pace = pace
        self._mirror = Mirror()
        self._overheard = Overheard(socket, options.spelling.rate_in)
        self._history = ""
        self._settings: dict[str, Any] | None = None
        self._tellings = 0
        self._updates = 0
        self._ids = 0
        self._asked = False
        self._commits: deque[Held] = deque()
        self._error: UpstreamError | None = None

    async def hush(self) -> None:
        """Have the service only listen, before it hears anything. Raises UpstreamGone."""
        await self._update(self._spelling.quiet)

    async def close(self) -> None:
        await self._socket.close()

    def overhear(self, turn: int, audio: bytes | bytearray, format: AudioFormat) -> None:
        """More of a turn that goes on: it goes up at once."""
        self._overheard.overhear(turn, audio, format)

    # --- the conversation ---------------------------------------------------------------------------

    def mending(self, request: LlmRequest) -> Mending | None:
        """What makes the service's conversation that of the request; None where a new one is the better way."""
        mending = self._mirror.mending(request.items)
        if mending is None or not mending.worth_it or not (self._spelling.edits or mending.grows):
            return None
        return mending

    async def ask(self, request: LlmRequest, mending: Mending, patience: Patience) -> RelayedAnswer:
        """Ask for an answer; returns when it begins.

        Raises EngineError when there will be none, UpstreamGone, and WishRefused.
        """
        self._asked = False
        await patience.wait(self._send(request, mending))
        while True:
            event = await self.receive(patience)
            if event.type == "response.created":
                functions = frozenset(tool.name for tool in request.tools)
                response_id = event.response.id if event.response else None
                return RelayedAnswer(response_id, self._mirror, self._pace, functions)
            if event.type == "error":
                self._judge(event.error)

    async def receive(self, patience: Patience) -> UpstreamEvent:
        """The next event, noted where it is not of the answer. Raises EngineError and UpstreamGone."""
        try:
            event = await patience.wait(self._socket.receive())
        except UpstreamGone:
            if self._error is not None and not is_over(self._error):
                raise of_error(self._error) from None
            raise
        match event.type:
            case "session.updated":
                self._updates += 1
            case "input_audio_buffer.committed" if self._commits:
                self._commits.popleft().id = event.item_id
            case "error":
                self._error = event.error
        return event

    async def settle(self, answer: RelayedAnswer | None) -> bool:
        """Nobody wants the answer any more: have the service end it. Whether it can be asked again.

        `answer` None: it has been asked for, and has not begun.
        """
        if not self._asked:
            return False  # half of what it had to be told has left
        try:
            async with asyncio.timeout(_SETTLE_S):
                await self._socket.send("response.cancel", event_id=_CANCEL)
                while answer is None or not answer.done:
                    event = await self._socket.receive()
                    if answer is None and event.type == "response.created":
                        response_id = event.response.id if event.response else None
                        answer = RelayedAnswer(response_id, self._mirror, self._pace, frozenset())
                    elif answer is not None:
                        _swallow(answer, event)
        except (TimeoutError, UpstreamGone, EngineError):
            return False
        return not self.stale

    # --- telling ------------------------------------------------------------------------------------

    async def _send(self, request: LlmRequest, mending: Mending) -> None:
        creates: Iterator[PutItem] | tuple[PutItem, ...] = mending.creates
        if not self._spelling.edits and not self._mirror.held:
            past, rest = split(request.items)
            self._history = told(past)
            self._mirror.held += [Held(key=item.id) for item in past]
            creates = (PutItem(item, None, last=True) for item in rest)
        await self._tell_settings(request)
        for one in mending.deletes:
            self._mirror.held.remove(one)
            await self._socket.send("conversation.item.delete", event_id=_MENDING, item_id=one.id)
        if self._spelling.edits:
            await self._cut(mending, request)
        for create in creates:
            await self._create(create, request)
        await self._socket.send("response.create")
        self._asked = True

    async def _tell_settings(self, request: LlmRequest) -> None:
        instructions = "\n\n".join(text for text in (request.instructions, self._history) if text)
        voice = self._options.voice_names.get(request.voice)
        settings = self._spelling.settings(request, instructions, voice) | self._options.session
        if settings != self._settings:
            self._settings = settings
            await self._update(settings)

    async def _update(self, session: dict[str, Any]) -> None:
        self._tellings += 1
        await self._socket.send("session.update", event_id=f"{_SETTINGS}{self._tellings}", session=session)

    async def _cut(self, mending: Mending, request: LlmRequest) -> None:
        heard = {item.id: message_text(item) for item in request.items if isinstance(item, MessageItem)}
        for one, ms in mending.cuts:
            one.ms, one.text = float(ms), heard.get(one.key or "", "")
            await self._socket.send(
                "conversation.item.truncate", event_id=_MENDING, item_id=one.id, content_index=0, audio_end_ms=ms
            )

    async def _create(self, create: PutItem, request: LlmRequest) -> None:
        item = create.item
        clip = _only_clip(item)
        if clip is not None and create.last and _worth_hearing(item, request):
            await self._speak(create, clip)
            return
        if isinstance(item, MessageItem) and not _worth_hearing(item, request):
            item = item.without_clips()
        self._ids += 1
        call_id = "" if isinstance(item, MessageItem) else self._mirror.call_id(item.call_id, request.items)
        said = message_text(item) if isinstance(item, MessageItem) and item.role is Role.ASSISTANT else ""
        one = Held(f"vx_{self._ids}", item.id, call_id, said)
        behind = self._mirror.find(create.behind)
        self._mirror.add(create, one)
        place = {} if create.last else {"previous_item_id": behind.id if behind else "root"}
        body = self._spelling.item(item, one.id or "", call_id)
        await self._socket.send("conversation.item.create", **place, item=body)

    async def _speak(self, create: PutItem, clip: AudioClip) -> None:
        """A turn of the user at the end goes the way that speech goes, which every service has."""
        await self._overheard.complete(clip)
        await self._socket.send("input_audio_buffer.commit")
        one = Held(key=create.item.id)
        self._mirror.add(create, one)
        self._commits.append(one)

    # --- errors -------------------------------------------------------------------------------------

    def _judge(self, error: UpstreamError | None) -> None:
        """An error before the answer has begun: most of them mean that it will not."""
        given = (error.event_id if error else None) or ""
        taken = {f"{_SETTINGS}{number}" for number in range(1, self._updates + 1)}
        if given in taken:
            logger.info("the Realtime service left out a setting (%s)", plain_name(error.param if error else None))
            return
        if given in (_MENDING, _CANCEL):
            self.stale = self.stale or given == _MENDING
            return
        self.stale = True
        if is_over(error):
            raise UpstreamGone
        if given.startswith(_SETTINGS) and error is not None and (error.param or "").rpartition(".")[2] in _WISHES:
            raise WishRefused
        raise of_error(error)


def _swallow(answer: RelayedAnswer, event: UpstreamEvent) -> None:
    """Note what the service has said, of which nobody hears. However it says that it has ended is right."""
    try:
        for _ in answer.take(event):
            pass
    except EngineError:
        if not answer.done:
            raise


def _only_clip(item: Item) -> AudioClip | None:
    """The sound of an item that is nothing else."""
    match item:
        case MessageItem(role=Role.USER, content=(InputAudio(clip=AudioClip() as clip),)) if clip.data:
            return clip
    return None


def _worth_hearing(item: Item, request: LlmRequest) -> bool:
    """Whether the service has to hear it: what is past was understood in words, if there are any."""
    if not isinstance(item, MessageItem) or any(isinstance(part, OutputAudio) for part in item.content):
        return False
    last = next(
        (one for one in reversed(request.items) if isinstance(one, MessageItem) and one.role is Role.USER), None
    )
    spoken = [part for part in item.content if isinstance(part, InputAudio)]
    return item is last or not all(part.transcript for part in spoken)


def wishing_nothing(request: LlmRequest) -> LlmRequest | None:
    """The request without what an answer can do without; None when there is nothing of it."""
    plain_one = replace(request, parallel_tool_calls=None, reasoning=None)
    return plain_one if plain_one != request else None
