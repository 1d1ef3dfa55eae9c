"""A text as words: what recognisers write differently becomes the same."""

import re
from typing import Final

Words = tuple[str, ...]

#: Letters and digits, with the hyphens and apostrophes inside of them.
_WORD: Final = re.compile(r"[^\W_]+(?:['.-][^\W_]+)*'?")
_APOSTROPHE: Final = str.maketrans("\u2019", "'")


def spoken_words(text: str) -> Words:
    """The words in lower case, without punctuation."""
    return tuple(_WORD.findall(text.lower().translate(_APOSTROPHE)))
