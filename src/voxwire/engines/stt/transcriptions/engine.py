"""The `transcriptions` engine: asks an endpoint for the words of an utterance."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from voxwire.audio.pcm import SPEECH_RATE, AudioFormat
from voxwire.engines.remote.http import HttpAnswer, HttpEndpoint, Refused
from voxwire.engines.remote.model_listing import check_model
from voxwire.engines.remote.patience import Patience
from voxwire.engines.remote.sse import EventReader
from voxwire.engines.stt.stt_failures import STT_FAILURES
from voxwire.engines.stt.transcriptions.heard_answer import EventTranscript, read_answer
from voxwire.engines.stt.transcriptions.requested_stream import RequestedStream
from voxwire.engines.stt.transcriptions.transcription_options import TranscriptionOptions, read_transcription_options
from voxwire.engines.stt.transcriptions.upload import UploadForm
from voxwire.engines.worker.turns import FairSemaphore
from voxwire.errors import EngineError
from voxwire.interfaces.engine import EngineInfo
from voxwire.interfaces.stt import SttCapabilities, SttConfig, SttFinal

logger = logging.getLogger("voxwire.engines.transcriptions")

#: What endpoints answer to a form with something in it that they do not take; the second by those made with FastAPI.
_WRONG_FORM: Final = (400, 422)


def engine(options: Mapping[str, Any]) -> "TranscriptionsStt":
    """The engine. Raises ConfigurationError for options that cannot be meant."""
    return TranscriptionsStt(read_transcription_options(options))


class TranscriptionsStt:
    """See the package; implements `SttEngine`."""

    def __init__(self, options: TranscriptionOptions) -> None:
        self._options = options
        self._http = HttpEndpoint(options.base_url, options.secret_headers(), STT_FAILURES)
        self._form = UploadForm(options)
        self._places = FairSemaphore(options.parallel)
        self._capabilities = SttCapabilities(
            info=EngineInfo(name="transcriptions", label=options.model, licence="the model's own"),
            languages=options.languages,
            rates=(SPEECH_RATE, *sorted({format.rate for format in AudioFormat})),
            interims=options.probed,
        )

    @property
    def capabilities(self) -> SttCapabilities:
        return self._capabilities

    async def start(self) -> None:
        """Ask the endpoint for its models.

        Raises ConfigurationError for a wrong address, key or model name. An endpoint that is down is no error: it may
        come later, and utterances fail until then.
        """
        options = self._options
        if not options.check:
            return
        try:
            await check_model(
                self._http, options.model, STT_FAILURES, options.KEY_VARIABLE, options.api_key is not None
            )
        except EngineError as error:
            logger.warning(
                "The speech recogniser at %s cannot be used yet (%s). Utterances fail until it can.",
                options.base_url,
                error.code,
            )

    async def close(self) -> None:
        await self._http.close()

    async def prepare(self, config: SttConfig) -> None:
        """There is nothing to prepare."""

    def open(self, config: SttConfig) -> RequestedStream:
        """Begin an utterance. Raises EngineError for a language that the options leave out."""
        language = config.language.partition("-")[0].lower() if config.language else None
        if language and self._options.languages and language not in self._options.languages:
            known = ", ".join(self._options.languages)
            raise EngineError("stt", "unsupported_language", f"This recogniser understands: {known}.")

        async def ask(pcm: bytes, show: Callable[[str], None], urgent: bool) -> SttFinal:
            claim = config.claim.aside(not urgent)
            await self._places.enter(claim)
            try:
                return await self._asked(config, pcm, show)
            finally:
                self._places.leave()

        return RequestedStream(config, ask, partial_s=self._options.partial_s, streamed=self._options.stream)

    # --- asking -------------------------------------------------------------------------------------

    async def _asked(self, config: SttConfig, pcm: bytes, show: Callable[[str], None]) -> SttFinal:
        """When the endpoint refuses what a transcript can do without, it is asked again without that."""
        while True:
            body, content_type = self._form.encode(config, pcm)
            patience = Patience(self._options.timeout_s, self._options.timeout_s, STT_FAILURES)
            headers = {"Content-Type": content_type}
            try:
                async with self._http.ask(
                    "POST", "/audio/transcriptions", patience, content=body, headers=headers
                ) as answer:
                    return await self._read(answer, patience, show)
            except Refused as refused:
                if refused.status in _WRONG_FORM and self._form.refuse(refused.field):
                    continue
                logger.warning("the endpoint of transcriptions answered %d (%s)", refused.status, refused.code or "-")
                raise STT_FAILURES.of_status(refused.status, refused.retry_after) from None

    async def _read(self, answer: HttpAnswer, patience: Patience, show: Callable[[str], None]) -> SttFinal:
        """Raises Refused, and EngineError for what is no transcript."""
        if answer.status != 200:
            raise await answer.refusal()
        if answer.content_type != "text/event-stream":
            return read_answer(await answer.body())
        reader, transcript = EventReader(STT_FAILURES), EventTranscript()
        pieces = answer.pieces()
        while transcript.final is None:
            piece = await patience.wait(anext(pieces, None))
            for data in reader.flush() if piece is None else reader.feed(piece):
                if transcript.take(data):
                    patience.renew()
                    show(transcript.text)
            if piece is None and transcript.final is None:
                raise STT_FAILURES.disconnected()
        return transcript.final
