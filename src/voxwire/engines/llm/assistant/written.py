"""Values with a form of their own, written or spelt by voice: addresses, numbers of things."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Final

from voxwire.engines.llm.assistant.formats import has_format
from voxwire.engines.llm.assistant.grammar import Filled
from voxwire.engines.llm.assistant.text import Wording

#: Formats that `WrittenSlot` reads.
WRITTEN_FORMATS: Final = frozenset(
    ("email", "idn-email", "uri", "url", "iri", "hostname", "uuid", "ipv4", "ipv6", "duration")
)
_PIECE: Final = re.compile(r"\S+")
_SPOKEN: Final = {"at": "@", "dot": ".", "dash": "-", "hyphen": "-", "underscore": "_", "slash": "/", "colon": ":"}
_MAX_WORDS: Final = 16
_SAMPLES: Final = {
    "email": ("anna at example dot com", "bob at example dot com"),
    "idn-email": ("anna at example dot com",),
    "uri": ("example dot com",),
    "url": ("example dot com",),
    "hostname": ("example dot com",),
}


class WrittenSlot:
    """A value of one format: as it was written, or said as "bob at example dot com"."""

    def __init__(self, name: str) -> None:
        self._format = name
        self._web = name in ("uri", "url", "iri")

    def match(self, said: Wording, start: int) -> Iterator[Filled]:
        piece = _PIECE.match(said.text, said.tokens[start].start)
        if piece:
            text = piece.group().strip(".,;!?\"'()<>“”")
            end = start
            while end < len(said) and said.tokens[end].start < piece.end():
                end += 1
            # A web address needs something to tell it by: "rome" is a fine name of a host.
            if ("." in text or not self._web) and (value := self._valid(text)) is not None:
                yield Filled(end, value)
        for end in range(min(len(said), start + _MAX_WORDS), start + 2, -1):
            words = said.words[start:end]
            if "dot" in words and _is_spelt(words):
                value = self._valid("".join(_SPOKEN.get(word, word) for word in words))
                if value is not None:
                    yield Filled(end, value)

    def samples(self) -> Sequence[str]:
        return _SAMPLES.get(self._format, ())

    def _valid(self, text: str) -> str | None:
        if self._format == "hostname" and "." not in text:
            return None
        forms = [text, f"https://{text}"] if self._web and has_format(text.partition("/")[0], "hostname") else [text]
        return next((form for form in reversed(forms) if has_format(form, self._format)), None)


def _is_spelt(words: tuple[str, ...]) -> bool:
    """Whether words stand apart by "at", "dot" and the like; only single letters and digits may follow each other."""
    pairs = pairwise(words)
    return not any(
        one not in _SPOKEN and other not in _SPOKEN and (len(one) > 1 or len(other) > 1) for one, other in pairs
    )
