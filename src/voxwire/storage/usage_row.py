"""One record of usage."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRow:
    """What one response has used. Tokens by modality, cached ones part of the input; times in milliseconds.

    `wasted`: an answer begun in a pause, for which nobody asked. Without `response` it is audio that no answer came to.
    """

    at: int
    project: str
    principal: str
    deployment: str
    session: str
    response: str | None = None
    wasted: bool = False
    input_text: int = 0
    input_audio: int = 0
    cached_text: int = 0
    cached_audio: int = 0
    output_text: int = 0
    output_audio: int = 0
    audio_in_ms: int = 0
    audio_out_ms: int = 0
