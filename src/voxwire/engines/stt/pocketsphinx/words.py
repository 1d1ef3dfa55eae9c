"""Text as plain words: lower-case letters and apostrophes, the form in which a recogniser spells."""

import re
import unicodedata
from typing import Final

_WORD: Final = re.compile(r"[a-z']*[a-z][a-z']*")
#: The dictionary marks second pronunciations "read(2)".
_VARIANT: Final = re.compile(r"\(\d+\)$")


def plain(sentence: str) -> str | None:
    """The sentence as plain words; None when something in it is no word (digits, other scripts) or nothing is.

    "What's the weather in São Paulo?" gives "what's the weather in sao paulo".
    """
    decomposed = unicodedata.normalize("NFKD", sentence.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").casefold())
    letters = "".join(" " if unicodedata.category(c)[0] in "PZ" and c != "'" else c for c in decomposed)
    letters = "".join(c for c in letters if not unicodedata.combining(c))
    words = letters.split()
    if not words or not all(_WORD.fullmatch(word) for word in words):
        return None
    return " ".join(words)


def heard(token: str) -> str | None:
    """What the recogniser's token says: "read(2)" is "read", "b." is "b"; None for silence and noises."""
    if token[0] in "<[+":
        return None
    return _VARIANT.sub("", token).rstrip(".") or None
