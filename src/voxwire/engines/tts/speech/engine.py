"""The `speech` engine: asks an endpoint that has OpenAI's `/audio/speech`, and passes on its audio as it comes."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Mapping, Sequence
from functools import partial
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from voxwire.engines.remote.endpoint_failures import Failures
from voxwire.engines.remote.http import HttpEndpoint
from voxwire.engines.remote.patience import Patience
from voxwire.engines.tts.clauses import ClauseSizes
from voxwire.engines.tts.reading.read_out import read_out
from voxwire.engines.tts.speech.pcm_body import NoSpeech, PcmBody
from voxwire.engines.tts.speech.speech_options import SpeechOptions, read_speech_options
from voxwire.engines.tts.speech.speech_stream import SpeechStream, Tempo
from voxwire.engines.tts.voice_names import API_VOICES, spread_over
from voxwire.engines.worker.turns import FairSemaphore
from voxwire.errors import ConfigurationError, EngineError
from voxwire.interfaces.engine import Claim, EngineInfo
from voxwire.interfaces.tts import TtsCapabilities, TtsConfig

logger = logging.getLogger("voxwire.engines.speech")

_FAILURES: Final = Failures("tts", "voice")
#: Failures that may pass by themselves, if nothing has been heard yet.
_PASSING: Final = ("tts_unreachable", "tts_disconnected", "tts_server_error")
_PAUSE_S: Final = 0.2
_ASK_S: Final = 10.0
#: A server that loads its model at the first request takes longer for the first word.
_FIRST_WORD_S: Final = 60.0
#: No text is spoken longer than this: seconds for any, and for each of its characters.
_LONGEST_S: Final = 20.0
_LONGEST_CHARACTER_S: Final = 1.0
_SHOWN: Final = 20


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model] | None = None


class _Voices(msgspec.Struct):
    voices: list[Any]


def engine(options: Mapping[str, Any]) -> "SpeechEngine":
    """The `speech` engine. Raises ConfigurationError for options that cannot be meant."""
    return SpeechEngine(read_speech_options(options))


class SpeechEngine:
    """See the module; implements `TtsEngine`."""

    def __init__(self, options: SpeechOptions) -> None:
        self._options = options
        self._endpoint = HttpEndpoint(options.base_url, options.secret_headers(), _FAILURES)
        self._places = FairSemaphore(options.parallel)
        self._tempo = Tempo()
        first = options.first_clause
        self._sizes = ClauseSizes(soft=(min(16, first), 80), most=(first, 160))
        self.capabilities = TtsCapabilities(
            info=EngineInfo(name="speech", label=f"{options.model}, behind an address", licence="the model's own"),
            rate=options.rate,
            voices=_voices(options.voices, None),
        )

    async def start(self) -> None:
        """Ask the endpoint for its models and voices, and for one word.

        Raises ConfigurationError for a wrong address, key, model or voice. An endpoint that is down is no error: it may
        come later, and answers fail until then.
        """
        if not self._options.check:
            return
        try:
            await self._check_model()
            if self._options.voices is None:
                voices = _voices(None, await self._voices_there())
                self.capabilities = replace(self.capabilities, voices=voices)
            await self._check_voice()
        except EngineError as error:
            logger.warning(
                "The voice at %s cannot be used yet (%s). Answers fail until it can.",
                self._options.base_url,
                error.code,
            )

    async def close(self) -> None:
        await self._endpoint.close()

    def open(self, config: TtsConfig) -> SpeechStream:
        """Begin an answer. Raises EngineError for a voice or a speed that this engine does not have."""
        voice = self.capabilities.voices.get(config.voice)
        if voice is None:
            raise EngineError("tts", "unknown_voice", f"There is no voice named {config.voice!r}.")
        if not 0.25 <= config.speed <= 1.5:
            raise EngineError("tts", "invalid_speed", "The speed must be between 0.25 and 1.5.")
        ask = partial(self._asked, voice, config.speed, config.claim)
        return SpeechStream(self._sizes, ask, self._options.rate, self._tempo)

    # --- speech ---------------------------------------------------------------------------------------

    async def _asked(self, voice: str, speed: float, claim: Claim, text: str) -> AsyncGenerator[bytes, None]:
        """The speech of a text; asked for again while nothing of it has come and the failure may pass."""
        await self._places.enter(claim)
        try:
            for attempt in range(self._options.retries + 1):
                heard = False
                pieces = self._request(voice, speed, text, self._options.first_audio_s)
                try:
                    async for pcm in pieces:
                        heard = True
                        yield pcm
                    return
                except EngineError as error:
                    if heard or error.code not in _PASSING or attempt == self._options.retries:
                        raise
                finally:
                    await pieces.aclose()
                await asyncio.sleep(_PAUSE_S)
        finally:
            self._places.leave()

    async def _request(self, voice: str, speed: float, text: str, first_s: float) -> AsyncGenerator[bytes, None]:
        patience = Patience(first_s, self._options.idle_s, _FAILURES)
        body = PcmBody(self._options.rate, self._options.rate)
        left = int((_LONGEST_S + _LONGEST_CHARACTER_S * len(text) / speed) * 2 * self._options.rate)
        content = msgspec.json.encode(self._body(voice, speed, text))
        headers = {"Content-Type": "application/json", "Accept": "audio/*"}
        async with self._endpoint.ask("POST", "/audio/speech", patience, content=content, headers=headers) as answer:
            if answer.status != 200:
                refused = await answer.refusal()
                logger.warning("the voice's endpoint answered %d (%s)", refused.status, refused.code or "no code")
                raise _FAILURES.of_status(refused.status, refused.retry_after)
            heard = False
            pieces = answer.pieces()
            try:
                while (data := await patience.wait(anext(pieces, None))) is not None:
                    pcm = body.feed(data)
                    left -= len(pcm)
                    if left < 0:
                        raise _FAILURES.broken("more audio than the text can be")
                    if pcm:
                        patience.renew()
                        heard = True
                        yield pcm
                if pcm := body.end():
                    heard = True
                    yield pcm
            except NoSpeech as found:
                raise _FAILURES.broken(f"{found} instead of PCM audio") from None
            if not heard:
                raise _FAILURES.broken("no audio")

    def _body(self, voice: str, speed: float, text: str) -> dict[str, Any]:
        options = self._options
        said = read_out(text, options.language).text if options.language else text
        body: dict[str, Any] = {
            "model": options.model, "input": said, "voice": voice, "response_format": options.format,
        }  # fmt: skip
        if speed != 1.0:
            body["speed"] = speed
        return body | options.body

    # --- what is there --------------------------------------------------------------------------------

    async def _get(self, path: str) -> tuple[int, bytes]:
        patience = Patience(_ASK_S, _ASK_S, _FAILURES)
        async with self._endpoint.ask("GET", path, patience) as answer:
            return answer.status, await answer.body()

    async def _check_model(self) -> None:
        """Raises ConfigurationError for a wrong key, and for a model that is not in a list that there is."""
        status, body = await self._get("/models")
        if status in (401, 403):
            raise self._wrong_key()
        if status >= 500 or status in (408, 429):
            raise _FAILURES.of_status(status)
        try:
            listed = [model.id for model in msgspec.json.decode(body, type=_Models).data or ()] if status == 200 else []
        except (msgspec.DecodeError, UnicodeDecodeError):
            return
        wanted = self._options.model
        if listed and not {wanted, f"{wanted}:latest"} & set(listed):  # Ollama leaves the tag out
            raise ConfigurationError(
                f"The voice's endpoint {self._options.base_url} has no model {wanted}. It has: {_list(listed)}."
            )

    async def _voices_there(self) -> list[str] | None:
        """The names of the endpoint's voices, where it says them (Kokoro-FastAPI, speaches, vLLM-Omni)."""
        status, body = await self._get("/audio/voices")
        if status != 200:
            return None
        try:
            listed = msgspec.json.decode(body, type=_Voices).voices
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None
        names = [_voice_name(voice) for voice in listed]
        return [name for name in names if name] or None

    async def _check_voice(self) -> None:
        """Have each voice of the settings, or one, say a word. Raises ConfigurationError when it is refused."""
        chosen = self.capabilities.voices
        asked = sorted(set(chosen.values())) if self._options.voices is not None else [chosen["alloy"]]
        for voice in asked:
            try:
                async for _ in self._request(voice, 1.0, "Yes.", _FIRST_WORD_S):
                    pass
            except EngineError as error:
                raise self._explained(error, voice) from None

    def _explained(self, error: EngineError, voice: str) -> Exception:
        address = self._options.base_url
        match error.code:
            case "tts_key_refused":
                return self._wrong_key()
            case "tts_not_found":
                return ConfigurationError(
                    f"There is no /audio/speech at {address}, or it has no model {self._options.model}. "
                    "Most addresses end in /v1."
                )
            case "tts_request_refused":
                return ConfigurationError(
                    f"The voice's endpoint {address} does not speak with the model {self._options.model} and the voice "
                    f"{voice}; set voices to those that it has."
                )
            case "tts_invalid_stream" | "tts_redirected":
                return ConfigurationError(f"{error.message} Its address is {address}; set format to what it can send.")
        return error

    def _wrong_key(self) -> ConfigurationError:
        options = self._options
        given = "refuses the key" if options.api_key else "needs a key"
        return ConfigurationError(f"The voice's endpoint {options.base_url} {given}; set {options.KEY_VARIABLE}.")


def _voices(chosen: Sequence[str] | Mapping[str, str] | None, there: Sequence[str] | None) -> dict[str, str]:
    """What clients say, and what the endpoint calls it."""
    if isinstance(chosen, Mapping):
        own = list(dict.fromkeys(chosen.values()))
        return spread_over(own) | dict(chosen)
    own = list(chosen or there or ())
    if not own:
        return {name: name for name in API_VOICES}
    same = {name: [voice for voice in own if voice.lower() == name] for name in API_VOICES}
    return spread_over(own, same) | {voice: voice for voice in own}


def _voice_name(voice: Any) -> str | None:
    if isinstance(voice, dict):
        voice = next((voice[key] for key in ("voice_id", "id", "name") if isinstance(voice.get(key), str)), None)
    return voice if isinstance(voice, str) else None


def _list(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
