"""What an operator can set for the `whisper` engine."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from voxwire.engines.options import check_names, count, pool_size, text
from voxwire.engines.stt.hearing import cores
from voxwire.engines.stt.whisper.whisper_languages import languages_of
from voxwire.errors import ConfigurationError

NAME: Final = "whisper"
_DEFAULT_MODEL: Final = "whisper-tiny.en"
#: Two readings a second: the fifth of a core that the smallest model takes for it.
_PARTIAL_MS: Final = 500
_SHORTEST_PARTIAL_MS: Final = 100
#: More threads than this make a reading hardly any shorter.
_MOST_THREADS: Final = 4
_DEVICES: Final = ("cpu", "cuda")


class WhisperOptions(msgspec.Struct, frozen=True, kw_only=True):
    """See `docs/engines/whisper.md` for each of them."""

    model: str
    languages: tuple[str, ...]
    """Those that may be spoken: of the model, or of the option."""
    device: str
    compute_type: str
    threads: int
    size: int
    beam: int
    partial_ms: int


def whisper_options(options: Mapping[str, Any]) -> WhisperOptions:
    """Check the options. Raises ConfigurationError with one sentence."""
    check_names(NAME, options, WhisperOptions.__struct_fields__)
    device = text(NAME, options, "device", "cpu")
    if device not in _DEVICES:
        raise ConfigurationError(f"The option device of {NAME} is one of {', '.join(_DEVICES)}.")
    model = text(NAME, options, "model", _DEFAULT_MODEL)
    if not model.strip():
        raise ConfigurationError(f"The option model of {NAME} is a name of the catalogue, or a path.")
    partial_ms = options.get("partial_ms", _PARTIAL_MS)
    if type(partial_ms) is not int or (partial_ms != 0 and partial_ms < _SHORTEST_PARTIAL_MS):
        raise ConfigurationError(
            f"The option partial_ms of {NAME} is a whole number, at least {_SHORTEST_PARTIAL_MS}; 0 for no partials."
        )
    return WhisperOptions(
        model=model,
        languages=_languages(options.get("languages", []), languages_of(model)),
        device=device,
        compute_type=text(NAME, options, "compute_type", "int8" if device == "cpu" else "float16"),
        threads=count(NAME, options, "threads", min(_MOST_THREADS, cores())),
        size=pool_size(NAME, options) or 1,
        beam=count(NAME, options, "beam", 3),
        partial_ms=partial_ms,
    )


def _languages(wanted: Any, known: tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(wanted, list | tuple) or not all(isinstance(code, str) for code in wanted):
        raise ConfigurationError(f'The option languages of {NAME} is a list of codes, such as ["en", "nl"].')
    unknown = [code for code in wanted if code not in known]
    if unknown:
        shown = ", ".join(known[:10]) + (" …" if len(known) > 10 else "")
        raise ConfigurationError(f"The model of {NAME} has no language {', '.join(unknown)}; it has {shown}.")
    return tuple(dict.fromkeys(wanted)) or known
