"""The `relay` engine: asks a Realtime service for one answer after another, and passes on what it says."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from msgspec.structs import replace

from voxwire.audio.pcm import AudioFormat
from voxwire.engines.llm.chat.chat_options import KEY_VARIABLE
from voxwire.engines.llm.relay.link import Link, WishRefused, wishing_nothing
from voxwire.engines.llm.relay.links import Links
from voxwire.engines.llm.relay.relay_options import RelayOptions, read_relay_options
from voxwire.engines.llm.relay.relayed_answer import RATE_OUT, RelayedAnswer
from voxwire.engines.llm.relay.service_errors import SERVICE_FAILURES, of_error
from voxwire.engines.llm.relay.service_spelling import Spelling
from voxwire.engines.llm.relay.upstream_socket import UpstreamDoor, UpstreamGone, UpstreamSocket, is_passing
from voxwire.engines.remote.address import on_own_network
from voxwire.engines.remote.patience import Patience
from voxwire.errors import ConfigurationError, EngineError
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.llm import LlmCapabilities, LlmEvent, LlmRequest, OwnSpeech

logger = logging.getLogger("voxwire.engines.relay")


def engine(options: Mapping[str, Any]) -> "RelayEngine":
    """The `relay` engine. Raises ConfigurationError for options that cannot be meant."""
    return RelayEngine(read_relay_options(options))


class RelayEngine:
    """See the module; implements `LlmEngine`, `Warms`, `Overhears` and `Remembers`."""

    def __init__(self, options: RelayOptions) -> None:
        self._options = options
        self._links = Links(options)
        images = options.images
        local = on_own_network(options.url)
        self.capabilities = LlmCapabilities(
            info=EngineInfo(
                name="relay",
                label=options.model or "a Realtime service",
                licence="the service's own",
                notice=None if local else f"What is said here goes to {options.host}.",
            ),
            context_tokens=options.context_tokens,
            images=options.spelling is Spelling.GA if images is None else images,
            tools=options.tools,
            local=local,
            hears=True,
            speech=OwnSpeech(rate=RATE_OUT, voices=tuple(options.voice_names)),
            patience_s=options.patience_s,
        )

    @property
    def connections(self) -> int:
        """Connections to the service that there are just now."""
        return self._links.count

    async def start(self) -> None:
        """Try the address.

        Raises ConfigurationError for a wrong address, key, model or dialect. A service that is down is no error: it
        may come later, and answers fail until then.
        """
        if not self._options.check:
            return
        try:
            await greet(self._options)
        except EngineError as error:
            if not is_passing(error):
                raise ConfigurationError(_explained(error, self._options)) from None
            logger.warning(
                "The Realtime service at %s cannot be used yet (%s). Answers fail until it can.",
                self._options.host,
                error.code,
            )

    async def close(self) -> None:
        await self._links.close()

    async def warm(self, request: LlmRequest) -> None:
        """Connect, so that the first turn need not wait for that."""
        opening = self._links.warm(request.session_key)
        if opening is not None:
            await asyncio.wait([opening])  # which goes on when whoever waits is cancelled

    def overhear(self, session_key: str, turn: int, audio: bytes | bytearray, format: AudioFormat) -> None:
        self._links.overhear(session_key, turn, audio, format)

    def forget(self, session_key: str) -> None:
        self._links.forget(session_key)

    async def respond(self, request: LlmRequest) -> AsyncGenerator[LlmEvent, None]:
        patience = Patience(self._options.first_s, self._options.next_s, SERVICE_FAILURES)
        if not all(item.id for item in request.items):
            # Items without names cannot be told apart: nothing is kept of such a conversation.
            request = _nameless(request)
        link, answer = await self._begun(request, patience)
        healthy = True
        try:
            while not answer.done:
                event = await link.receive(patience)
                before = answer.progress
                for piece in answer.take(event):
                    yield piece
                if answer.progress > before:
                    patience.renew()
        except UpstreamGone:
            healthy = False
            raise SERVICE_FAILURES.disconnected() from None
        except EngineError:
            healthy = answer.done  # a response that has failed leaves the connection as it was
            raise
        finally:
            if not healthy:
                self._links.drop(link)
            elif answer.done:
                self._links.give(link)
            else:
                self._links.abandon(link, answer)

    async def _begun(self, request: LlmRequest, patience: Patience) -> tuple[Link, RelayedAnswer]:
        """An answer that the service has begun. One that it had closed while nobody spoke is opened again."""
        while True:
            link, mending = await self._links.take(request)
            try:
                return link, await link.ask(request, mending, patience)
            except UpstreamGone:
                self._links.drop(link)
                if not link.waited:
                    raise SERVICE_FAILURES.disconnected() from None
            except WishRefused:
                self._links.drop(link)
                plain = wishing_nothing(request)
                if plain is None:
                    raise of_error(None) from None
                request = plain
            except EngineError:
                self._links.drop(link)
                raise
            except BaseException:
                self._links.abandon(link, None)
                raise


async def greet(options: RelayOptions) -> None:
    """Connect once, and see who answers. Raises ConfigurationError and EngineError."""
    socket = await UpstreamDoor(options).open()
    try:
        await Patience(options.connect_s, options.connect_s, SERVICE_FAILURES).wait(_greeted(socket, options))
    except UpstreamGone:
        raise SERVICE_FAILURES.disconnected() from None
    finally:
        await socket.close()


async def _greeted(socket: UpstreamSocket, options: RelayOptions) -> None:
    while (event := await socket.receive()).type != "session.created":
        if event.type == "error":
            raise of_error(event.error)
    modern = "output_modalities" in (event.session or {})
    if event.session and modern is not (options.spelling is Spelling.GA) and ("modalities" in event.session or modern):
        right = "ga" if modern else "preview"
        raise ConfigurationError(
            f"The Realtime service at {options.host} speaks another dialect than {options.spelling.value}: set the "
            f"option dialect of the relay engine to {right!r}."
        )


def _explained(error: EngineError, options: RelayOptions) -> str:
    hint = {
        "llm_key_refused": f" Set {KEY_VARIABLE}.",
        "llm_not_found": " Check the options url and model of the relay engine.",
    }.get(error.code, " Check the option url of the relay engine.")
    return f"{error.message} The address is that of {options.host}.{hint}"


def _nameless(request: LlmRequest) -> LlmRequest:
    items = tuple(replace(item, id=item.id or f"nameless_{place}") for place, item in enumerate(request.items))
    return replace(request, items=items, session_key="")
