"""The `realtime-transcription` engine: speaks to a socket, and passes on what it hears as it comes."""

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final
from weakref import WeakSet

from voxwire.engines.stt.realtime_transcription.socket_dialects import utterance_of
from voxwire.engines.stt.realtime_transcription.socket_options import SocketOptions, read_socket_options
from voxwire.engines.stt.realtime_transcription.socket_stream import SocketStream
from voxwire.engines.stt.realtime_transcription.transcription_socket import Closing, RefusedSocket, open_socket
from voxwire.engines.stt.stt_failures import STT_FAILURES
from voxwire.engines.worker.turns import FairSemaphore
from voxwire.errors import ConfigurationError, EngineError
from voxwire.interfaces.engine import Claim, EngineInfo
from voxwire.interfaces.stt import SttCapabilities, SttConfig

logger = logging.getLogger("voxwire.engines.realtime_transcription")

_CHECK_S: Final = 10.0


def engine(options: Mapping[str, Any]) -> "RealtimeTranscriptionStt":
    """The engine. Raises ConfigurationError for options that cannot be meant."""
    return RealtimeTranscriptionStt(read_socket_options(options))


class RealtimeTranscriptionStt:
    """See the package; implements `SttEngine`. Each utterance has a socket of its own, opened when speech begins."""

    def __init__(self, options: SocketOptions) -> None:
        self._options = options
        self._places = FairSemaphore(options.parallel)
        self._streams: WeakSet[SocketStream] = WeakSet()
        self._closing: Closing = set()
        self._capabilities = SttCapabilities(
            info=EngineInfo(name="realtime-transcription", label=options.model, licence="the model's own"),
            languages=options.languages,
            rates=(options.samples_a_second,),
        )

    @property
    def capabilities(self) -> SttCapabilities:
        return self._capabilities

    async def start(self) -> None:
        """Open a socket, and see whether the endpoint takes the settings.

        Raises ConfigurationError for a wrong address, key or model. An endpoint that is down is no error: it may come
        later, and utterances fail until then.
        """
        if not self._options.check:
            return
        try:
            await self._try_out()
        except RefusedSocket as refused:
            raise ConfigurationError(self._what_is_wrong(refused.status)) from None
        except EngineError as error:
            if error.code == "stt_request_refused":
                raise ConfigurationError(
                    f"{error.message} An option of realtime-transcription may be wrong: model, dialect, logprobs or "
                    "word_times."
                ) from None
            logger.warning(
                "The speech recogniser's socket at %s cannot be used yet (%s). Utterances fail until it can.",
                self._options.base_url,
                error.code,
            )

    async def close(self) -> None:
        for stream in list(self._streams):
            await stream.cancel()
            await stream.closed()
        await asyncio.gather(*self._closing, return_exceptions=True)

    async def prepare(self, config: SttConfig) -> None:
        """There is nothing to prepare."""

    def open(self, config: SttConfig) -> SocketStream:
        """Begin an utterance. Raises EngineError for a language that the options leave out."""
        language = config.language.partition("-")[0].lower() if config.language else None
        if language and self._options.languages and language not in self._options.languages:
            known = ", ".join(self._options.languages)
            raise EngineError("stt", "unsupported_language", f"This recogniser understands: {known}.")
        stream = SocketStream(
            self._options, config, lambda: open_socket(self._options, self._closing), self._placed(config.claim)
        )
        self._streams.add(stream)
        return stream

    # --- inside -------------------------------------------------------------------------------------

    @asynccontextmanager
    async def _placed(self, claim: Claim) -> AsyncIterator[None]:
        await self._places.enter(claim)
        try:
            yield
        finally:
            self._places.leave()

    async def _try_out(self) -> None:
        options = self._options
        wishes = SttConfig(rate=options.samples_a_second, word_times=options.word_times, logprobs=options.logprobs)
        utterance = utterance_of(options, wishes)
        socket = await open_socket(self._options, self._closing)
        try:
            async with asyncio.timeout(_CHECK_S):
                for message in utterance.opening():
                    await socket.send(message)
                async for event in socket.messages():
                    utterance.take(event)
                    if utterance.ready:
                        return
        except TimeoutError:
            raise STT_FAILURES.silent(_CHECK_S) from None
        finally:
            socket.close()

    def _what_is_wrong(self, status: int) -> str:
        options = self._options
        if status in (401, 403):
            refuses = "refuses the key" if options.api_key else "needs a key"
            return f"The speech recogniser's socket at {options.base_url} {refuses}; set {options.KEY_VARIABLE}."
        if status == 404:
            return (
                f"There is no realtime transcription at {options.base_url} (404). Most addresses end in /v1, and "
                "/realtime is added."
            )
        return f"The speech recogniser's socket at {options.base_url} refuses to open ({status})."
