"""Words of somebody who listens and does not want to speak: "mm-hm", "ja", "okay"."""

from typing import Final

from voxwire.turns.languages import LANGUAGES, language, language_of
from voxwire.turns.spoken_words import spoken_words

#: Words of the longest that is one; who says more wants to speak.
_MOST_WORDS: Final = 6


def is_back_channel(text: str, code: str | None = None) -> bool:
    """Whether the text has such words and no others. Where the language is not known, those of any language count."""
    words = spoken_words(text)
    if not 0 < len(words) <= _MOST_WORDS:
        return False
    known = language_of(words, code) if code is not None else None
    spoken = [known] if known is not None else [language(code) for code in LANGUAGES]
    return any(one.back_channels.cover(words) for one in spoken)
