"""What an operator can set for the `transcriptions` engine."""

import os
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, PositiveInt

from voxwire.engines.declared_options import declared
from voxwire.engines.remote.endpoint_options import EndpointOptions
from voxwire.errors import ConfigurationError

_Seconds = Annotated[float, Field(gt=0, le=86_400)]


class TranscriptionOptions(EndpointOptions):
    """See `docs/engines/transcriptions.md` for each of them."""

    ENDING: ClassVar[str] = "/audio/transcriptions"
    EXAMPLE: ClassVar[str] = "http://127.0.0.1:8000/v1"
    KEY_VARIABLE: ClassVar[str] = "VOXWIRE_STT_API_KEY"

    model: str
    languages: tuple[str, ...] = ()
    """ISO-639-1 codes that the model understands. Empty: the endpoint is asked for whatever a session wants."""
    fields: dict[str, str] = Field(default_factory=dict)
    """Further fields of every request. They win over ours."""
    word_times: bool = False
    """Ask for the times of words (`verbose_json`), where somebody reads them."""
    logprobs: bool = False
    """Ask for the probabilities of tokens (`include[]`), where somebody reads them."""
    stream: bool = False
    """Ask for server-sent events: words come while the model still writes."""
    partial_s: Annotated[float, Field(ge=0.25, le=60)] | None = None
    """Audio between two requests while somebody speaks. None: one request for each utterance."""
    drafts: bool | None = None
    """Whether the words may be asked for in a pause, before the turn is certain. None: where the endpoint is near."""
    parallel: PositiveInt = 8
    """Requests at a time; further ones wait in turn."""
    timeout_s: _Seconds = 20.0
    """From the request to the words."""
    check: bool = True
    """Ask the endpoint for its models at the start."""

    @property
    def probed(self) -> bool:
        """Whether utterances answer probes."""
        return self.near if self.drafts is None else self.drafts


def read_transcription_options(options: Mapping[str, Any]) -> TranscriptionOptions:
    """Check the options. Raises ConfigurationError with one sentence, which never repeats a value."""
    given = dict(options)
    given.setdefault("api_key", os.environ.get(TranscriptionOptions.KEY_VARIABLE))
    chosen = declared("transcriptions", TranscriptionOptions, given)
    if chosen.word_times and chosen.stream:
        raise ConfigurationError("transcriptions: word_times and stream exclude each other; events carry no times.")
    return chosen
