"""From the option `model` to a file that llama.cpp can serve."""

import re
from pathlib import Path
from typing import Final

import msgspec

from voxwire.catalogue import locate
from voxwire.engines.llm.llama.gguf_header import GgufHeader, NoGguf, read_header
from voxwire.engines.llm.llama.llama_options import LlamaOptions
from voxwire.errors import ConfigurationError

#: A model in several files: llama.cpp opens the first, and finds the others by their names.
_PART: Final = re.compile(r"-(\d{5})-of-(\d{5})\.gguf$")


class Chosen(msgspec.Struct, frozen=True):
    """A model file. `template` replaces the file's own chat template; "" leaves it. `size` is that of all its parts."""

    path: Path
    header: GgufHeader
    template: str
    size: int

    @property
    def label(self) -> str:
        """What clients are told of it: the model's own name, else the file's."""
        return self.header.name or self.path.stem


def choose(options: LlamaOptions) -> Chosen:
    """Find the file and look into it; not for the event loop. Raises ConfigurationError with one sentence."""
    path = _file(locate(options.model, engine="llama"))
    try:
        header = read_header(path)
        size = sum(part.stat().st_size for part in _parts(path))
    except NoGguf as why:
        raise ConfigurationError(f"The file {path} is no GGUF model that can be used: {why}.") from None
    except OSError as error:
        raise ConfigurationError(f"The model {path} cannot be read: {error.strerror}.") from None
    template = _template(options.chat_template)
    if not template and not header.chat_template:
        # llama.cpp would take a template of its own, and a model that was never taught it echoes the question.
        raise ConfigurationError(
            f"The model {path} has no chat template, so it was not made to talk: take an instruct model, or name a "
            "template file with the option chat_template of llama."
        )
    return Chosen(path, header, template, size)


def _file(found: Path) -> Path:
    """The model's file, or the only one in its folder."""
    if not found.is_dir():
        return found
    models = sorted(file for file in found.glob("*.gguf") if not file.name.startswith("mmproj"))
    firsts = [file for file in models if not (part := _PART.search(file.name)) or int(part[1]) == 1]
    if len(firsts) == 1:
        return firsts[0]
    there_is = f"It has: {', '.join(file.name for file in firsts[:20])}" if firsts else "It has none"
    raise ConfigurationError(f"The option model of llama names the folder {found}, not a GGUF file. {there_is}.")


def _parts(path: Path) -> list[Path]:
    """All files of the model. Raises OSError where one is missing."""
    part = _PART.search(path.name)
    if not part:
        return [path]
    stem = path.name[: part.start()]
    return [path.with_name(f"{stem}-{number:05}-of-{part[2]}.gguf") for number in range(1, int(part[2]) + 1)]


def _template(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        text = file.expanduser().read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"The chat template {file} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise ConfigurationError(f"The chat template {file} is no text.") from None
    if not text:
        raise ConfigurationError(f"The chat template {file} is empty.")
    return text
