"""The languages of Whisper, and which of them a model has, before it is loaded."""

import json
from pathlib import Path
from typing import Final

from voxwire.catalogue import load_catalogue
from voxwire.catalogue.locate import is_path

#: ISO-639-1 codes, and three of three letters, as the models' own marks have them.
ALL: Final = tuple(
    "af am ar as az ba be bg bn bo br bs ca cs cy da de el en es et eu fa fi fo fr gl gu ha haw he hi hr ht hu hy id "
    "is it ja jw ka kk km kn ko la lb ln lo lt lv mg mi mk ml mn mr ms mt my ne nl nn no oc pa pl ps pt ro ru sa sd "
    "si sk sl sn so sq sr su sv sw ta te tg th tk tl tr tt uk ur uz vi yi yo yue zh".split()
)
#: Codes of today for languages that Whisper has under another one.
_OTHER_NAMES: Final = {"jv": "jw", "nb": "no", "fil": "tl"}
#: What the vocabulary of an English-only model holds; all others hold more.
_ENGLISH_ONLY: Final = 51_864


def plain_code(language: str) -> str:
    """Whisper's code for a language tag such as `pt-BR`."""
    code = language.replace("_", "-").partition("-")[0].lower()
    return _OTHER_NAMES.get(code, code)


def languages_of(model: str) -> tuple[str, ...]:
    """The languages of a model of the catalogue, or of a folder. All, where that is not known yet."""
    if not is_path(model) and (entry := load_catalogue().get(model)):
        return ALL if "multilingual" in entry.languages else tuple(entry.languages)
    folder = Path(model).expanduser()
    if folder.name.endswith(".en") or _tokens_of(folder) == _ENGLISH_ONLY:
        return ("en",)
    return ALL


def _tokens_of(folder: Path) -> int:
    """0 where that cannot be told; why, the start of the engine says."""
    try:
        if (lines := folder / "vocabulary.txt").is_file():
            return lines.read_bytes().count(b"\n")
        return len(json.loads((folder / "vocabulary.json").read_bytes()))
    except (OSError, ValueError):
        return 0
