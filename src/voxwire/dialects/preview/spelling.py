"""Preview's words for what the rest of the program says in GA: paths of settings, names of formats."""

from collections.abc import Iterable
from typing import Final, Literal

from voxwire.audio.pcm import AudioFormat

FormatName = Literal["pcm16", "g711_ulaw", "g711_alaw", "g711-ulaw", "g711-alaw"]

FORMATS: Final[dict[FormatName, AudioFormat]] = {
    "pcm16": AudioFormat.PCM16,
    "g711_ulaw": AudioFormat.ULAW,
    "g711_alaw": AudioFormat.ALAW,
    "g711-ulaw": AudioFormat.ULAW,
    "g711-alaw": AudioFormat.ALAW,
}

#: GA path → preview path (protocol: dialects, Names of session fields).
_PATHS: Final = {
    "session.output_modalities": "session.modalities",
    "session.max_output_tokens": "session.max_response_output_tokens",
    "session.audio.input.format.rate": "session.input_audio_sampling_rate",
    "session.audio.input.format": "session.input_audio_format",
    "session.audio.input.transcription": "session.input_audio_transcription",
    "session.audio.input.noise_reduction": "session.input_audio_noise_reduction",
    "session.audio.input.turn_detection": "session.turn_detection",
    "session.audio.output.format": "session.output_audio_format",
    "session.audio.output.voice": "session.voice",
    "session.audio.output.speed": "session.speed",
    "response.output_modalities": "response.modalities",
    "response.audio.output.format": "response.output_audio_format",
    "response.audio.output.voice": "response.voice",
}


class FormatNames:
    """The name of each format on one connection.

    The 2024-10-01 clients write and accept hyphens alone, everybody else underscores; replies use
    whatever the client used last (protocol: oldest-clients, Closed sets).
    """

    def __init__(self, *, hyphens: bool) -> None:
        joint = "-" if hyphens else "_"
        self._names: dict[AudioFormat, str] = {
            AudioFormat.PCM16: "pcm16",
            AudioFormat.ULAW: f"g711{joint}ulaw",
            AudioFormat.ALAW: f"g711{joint}alaw",
        }

    def learn(self, names: Iterable[FormatName]) -> None:
        for name in names:
            self._names[FORMATS[name]] = name

    def __getitem__(self, format: AudioFormat) -> str:
        return self._names[format]


def preview_path(path: str) -> str:
    """The path of an error's `param` in preview's words; one that is the same in both stays."""
    for ga, preview in _PATHS.items():
        if path == ga or path.startswith(f"{ga}."):
            return preview + path[len(ga) :]
    return path
