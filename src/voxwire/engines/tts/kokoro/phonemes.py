# ruff: noqa: RUF001, RUF002 - the look-alike characters are the subject of this file
"""Text as Kokoro's symbols: sounds by espeak-ng, punctuation as it was written.

Kokoro was trained on symbols of its own: one letter for a sound that the IPA writes with two ("A" for "e͡ɪ").
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Final

from voxwire.engines.tts.espeak.punctuation import with_marks

#: All symbols of Kokoro 1.0 with their numbers; 0 begins and ends a text.
SYMBOLS: Final[Mapping[str, int]] = {
    symbol: first + index
    for first, run in (
        (1, ";:,.!?"), (9, '—…"()“” \u0303ʣʥʦʨᵝꭧAI'), (31, "O"), (33, "Q"), (35, "ST"), (39, "W"), (41, "Yᵊ"),
        (43, "abcdef"), (50, "hijklmnopqrstuvwxyzɑɐɒæ"), (75, "βɔɕç"), (80, "ɖðʤə"), (85, "ɚɛɜ"), (90, "ɟ"),
        (92, "ɡ"), (99, "ɥ"), (101, "ɨɪʝ"), (110, "ɯɰŋɳɲɴø"), (118, "ɸθœ"), (123, "ɹ"), (125, "ɾɻ"), (128, "ʁɽʂʃʈʧ"),
        (135, "ʊʋ"), (138, "ʌɣɤ"), (142, "χʎ"), (147, "ʒʔ"), (156, "ˈˌː"), (162, "ʰ"), (164, "ʲ"), (169, "↓"),
        (171, "→↗↘"), (177, "ᵻ"),
    )
    for index, symbol in enumerate(run)
}  # fmt: skip
#: Most symbols of one text, the two at its ends left out.
MOST: Final = 508

_ENGLISH: Final = {
    "a^ɪ": "I", "a^ʊ": "W", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q", "ɔ^ɪ": "Y", "d^ʒ": "ʤ", "t^ʃ": "ʧ", "e": "A",
    "ə^l": "ᵊl", "n\u0329": "ᵊn", "l\u0329": "ᵊl", "m\u0329": "ᵊm", "ɚ": "əɹ", "ɐ": "ə", "ɬ": "l", "r": "ɹ",
    "ɾ": "T", "ʔ": "t", "x": "k", "ç": "k", "ʲ": "", "i^ə": "iə", "ɪ^ə": "ɪə", "e^ə": "ɛː", "\u0303": "",
}  # fmt: skip
_AMERICAN: Final = _ENGLISH | {"ɜː^ɹ": "ɜɹ", "ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɪ^ə": "iə", "ɪə": "iə", "e^ə": "ɛə", "ː": ""}
_OTHERS: Final = {
    "a^ɪ": "I", "a^ʊ": "W", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q", "ɔ^ɪ": "Y", "d^ʒ": "ʤ", "t^ʃ": "ʧ", "d^z": "ʣ",
    "t^s": "ʦ", "t^ɕ": "ʨ", "d^ʑ": "ʥ", "s^s": "S",
}  # fmt: skip


class KokoroSymbols:
    """Reads text by `sounds`, which has the IPA of a text with ties, in the language of an espeak-ng voice."""

    def __init__(self, sounds: Callable[[str, str], str], known: Mapping[str, int] = SYMBOLS) -> None:
        self._sounds = sounds
        self._known = known
        self.alone = lru_cache(4096)(self._alone)

    def read(self, text: str, language: str) -> str:
        """The symbols of a text; every one is known to the model."""
        read = with_marks(text, lambda part: self._mapped(self._sounds(part, language), language))
        return "".join(symbol for symbol in read if symbol in self._known)

    def numbers(self, symbols: str) -> list[int]:
        return [self._known[symbol] for symbol in symbols]

    def _alone(self, word: str, language: str) -> str:
        return "".join(self.read(word, language).split())

    @staticmethod
    def _mapped(sounds: str, language: str) -> str:
        return _mapping(language)(sounds)


@lru_cache(16)
def _mapping(language: str) -> Callable[[str], str]:
    table = _OTHERS
    if language.startswith("en"):
        table = _AMERICAN if language.startswith("en-us") else _ENGLISH
    longest_first = sorted(table, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    return lambda sounds: pattern.sub(lambda found: table[found[0]], sounds).replace("^", "").replace("-", "")
