"""The body of a request: a form with a WAV file in it."""

import secrets
import struct
from collections.abc import Sequence
from typing import Final

from voxwire.engines.stt.transcriptions.transcription_options import TranscriptionOptions
from voxwire.interfaces.stt import SttConfig

#: Phrases are a hint for models that read a prompt; more would push out what was said.
_MOST_PHRASES: Final = 100
_LONGEST_PROMPT: Final = 800


class UploadForm:
    """Makes the forms of one engine. What the endpoint has refused is left out from then on."""

    def __init__(self, options: TranscriptionOptions) -> None:
        self._options = options
        self._refused: set[str] = set()

    def refuse(self, field: str | None) -> bool:
        """The endpoint does not take a field; False when nothing can be left out."""
        name = (field or "").removesuffix("[]")
        if name in self._refused or name not in ("prompt", "timestamp_granularities", "include", "stream", "language"):
            return False
        self._refused.add(name)
        return True

    def fields(self, config: SttConfig) -> list[tuple[str, str]]:
        """What is said beside the audio."""
        options = self._options
        word_times = options.word_times and config.word_times
        found = [("model", options.model), ("response_format", "verbose_json" if word_times else "json")]
        if config.language:
            found.append(("language", config.language.partition("-")[0].lower()))
        if prompt := _prompt(config):
            found.append(("prompt", prompt))
        if word_times:
            found.append(("timestamp_granularities[]", "word"))
        if options.logprobs and config.logprobs:
            found.append(("include[]", "logprobs"))
        if options.stream:
            found.append(("stream", "true"))
        kept = [one for one in found if one[0].removesuffix("[]") not in self._refused and one[0] not in options.fields]
        return [*kept, *options.fields.items()]

    def encode(self, config: SttConfig, pcm: bytes) -> tuple[bytes, str]:
        """The body and its content type; `pcm` is PCM16 mono at the rate of the config."""
        boundary = f"voxwire-{secrets.token_hex(16)}"
        parts = [_part(boundary, f'name="{name}"', value.encode()) for name, value in self.fields(config)]
        file = _wav_head(len(pcm), config.rate) + pcm
        parts.append(_part(boundary, 'name="file"; filename="speech.wav"\r\nContent-Type: audio/wav', file))
        return b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


def _part(boundary: str, what: str, value: bytes) -> bytes:
    return f"--{boundary}\r\nContent-Disposition: form-data; {what}\r\n\r\n".encode() + value + b"\r\n"


def _prompt(config: SttConfig) -> str:
    phrases: Sequence[str] = config.phrases if len(config.phrases) <= _MOST_PHRASES else ()
    spoken = [text for text in (config.prompt or "", ", ".join(filter(None, phrases))) if text]
    return "\n".join(spoken)[:_LONGEST_PROMPT]


def _wav_head(size: int, rate: int) -> bytes:
    """The head of a WAV file of PCM16, mono."""
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1, rate, 2 * rate, 2, 16, b"data", size
    )
