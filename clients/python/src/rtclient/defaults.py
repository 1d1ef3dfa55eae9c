"""What the service of 2024-10-01-preview assumes for a session that says nothing else."""

from typing import Final

from rtclient.models import AudioFormat, ServerVAD, Voice

DEFAULT_CONVERSATION: Final = "default"
DEFAULT_TEMPERATURE: Final = 0.6
DEFAULT_VOICE: Final[Voice] = "alloy"
DEFAULT_AUDIO_FORMAT: Final[AudioFormat] = "pcm16"
DEFAULT_VAD_THRESHOLD: Final = 0.5
DEFAULT_VAD_PREFIX_PADDING_MS: Final = 300
DEFAULT_VAD_SILENCE_DURATION_MS: Final = 200
DEFAULT_TURN_DETECTION: Final = ServerVAD(
    threshold=DEFAULT_VAD_THRESHOLD,
    prefix_padding_ms=DEFAULT_VAD_PREFIX_PADDING_MS,
    silence_duration_ms=DEFAULT_VAD_SILENCE_DURATION_MS,
)
