"""What an operator can set for the `speech` engine."""

import os
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, PositiveInt, ValidationError, field_validator

from voxwire.engines.remote.endpoint_options import EndpointOptions
from voxwire.errors import ConfigurationError

_Seconds = Annotated[float, Field(gt=0, le=86_400)]


class SpeechOptions(EndpointOptions):
    """See `docs/engines/speech.md` for each of them."""

    ENDING: ClassVar[str] = "/audio/speech"
    EXAMPLE: ClassVar[str] = "http://127.0.0.1:8880/v1"
    KEY_VARIABLE: ClassVar[str] = "VOXWIRE_TTS_API_KEY"

    base_url: str
    """Address up to and without `/audio/speech`."""
    model: str
    voices: tuple[str, ...] | dict[str, str] | None = None
    """The endpoint's voices, or what clients call them. None asks the endpoint; one that does not say gets the names
    of the API as they are."""
    body: dict[str, Any] = Field(default_factory=dict)
    """Further fields of every request, such as `instructions`. They win over ours."""
    format: str = "pcm"
    """`pcm` or `wav`: which of them to ask for."""
    rate: Annotated[int, Field(ge=8_000, le=96_000)] = 24_000
    """Samples a second of `pcm`; a WAV file says its own."""
    language: str = ""
    """Read figures and signs out here, in this language ("en"), for models that cannot. Empty leaves it to them."""
    first_clause: Annotated[int, Field(ge=16, le=240)] = 80
    """Longest first clause, in characters: shorter ones are heard earlier, longer ones sound better."""
    parallel: PositiveInt = 8
    """Requests at a time; further ones wait in turn."""
    retries: Annotated[int, Field(ge=0, le=5)] = 1
    """How often a clause is asked for again when nothing of it has come."""
    first_audio_s: _Seconds = 10.0
    """From the request to the first audio."""
    idle_s: _Seconds = 5.0
    """From one piece of audio to the next."""
    check: bool = True
    """Ask the endpoint at the start: for its models and voices, and for one spoken word."""

    @field_validator("format")
    @classmethod
    def _known_format(cls, value: str) -> str:
        if value not in ("pcm", "wav"):
            raise ValueError('is "pcm" or "wav"')
        return value

    @field_validator("voices")
    @classmethod
    def _some_voices(cls, value: Any) -> Any:
        if value is not None and not value:
            raise ValueError("names at least one voice")
        return value


def read_speech_options(options: Mapping[str, Any]) -> SpeechOptions:
    """Check the options. Raises ConfigurationError with one sentence, which never repeats a value."""
    for name, example in (("base_url", SpeechOptions.EXAMPLE), ("model", "kokoro")):
        if not options.get(name):
            raise ConfigurationError(f"The speech engine needs {name}, such as {example}.")
    given = dict(options)
    given.setdefault("api_key", os.environ.get(SpeechOptions.KEY_VARIABLE))
    try:
        return SpeechOptions(**given)
    except ValidationError as error:
        problems = dict.fromkeys(map(_explain, error.errors(include_input=False)))
        raise ConfigurationError("; ".join(problems)) from None


def _explain(problem: Mapping[str, Any]) -> str:
    name = str(problem["loc"][0])
    if problem["type"] == "extra_forbidden":
        return f"The speech engine has no option {name}; it knows: {', '.join(SpeechOptions.model_fields)}."
    if name == "voices" and problem["type"] != "value_error":
        return "The option voices of the speech engine is a list of names, or a table of them."
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"The option {name} of the speech engine {message[:1].lower()}{message[1:]}."
