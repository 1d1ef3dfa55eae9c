"""Words of somebody who listens and does not want to speak: "mm-hm", "ja", "okay"."""

from typing import Final

from voxwire.interfaces.turn import Remark
from voxwire.turns.languages import LANGUAGES, language, language_of
from voxwire.turns.spoken_words import spoken_words

#: Words of the longest that is one; who says more wants to speak.
_MOST_WORDS: Final = 6


def remark_of(text: str, code: str | None = None) -> Remark:
    """Whether the text has such words and no others, or may still become so: recognisers say words, and also pieces of
    words, as they hear them. Where the language is not known, those of any language count."""
    words = spoken_words(text)
    if not 0 < len(words) <= _MOST_WORDS:
        return Remark.SPEECH
    known = language_of(words, code) if code is not None else None
    spoken = [known] if known is not None else [language(code) for code in LANGUAGES]
    if any(one.back_channels.cover(words) for one in spoken):
        return Remark.BACK_CHANNEL
    return Remark.BEGINNING if any(one.back_channels.may_cover(words) for one in spoken) else Remark.SPEECH
