"""The sign of a text: what a pause after these words looks like."""

from typing import Final

from voxwire.interfaces.turn import TurnSign
from voxwire.turns.languages import Language, language_of
from voxwire.turns.reading_out import sign_of_reading
from voxwire.turns.spoken_words import Words, spoken_words

#: How a recogniser writes that somebody broke off.
_BROKEN_OFF: Final = ("...", "\u2026", "-", "\u2013", "\u2014")
#: And that they paused within a sentence.
_WITHIN: Final = (",", ":", ";")
_SENTENCE_ENDS: Final = ".?!"


def sign_of(text: str, code: str | None = None) -> TurnSign | None:
    """What a pause after `text` looks like. `code` is the language, where it is known; else the words tell.

    None where there are no words, and nothing to judge by: a language without data.
    """
    text = text.strip()
    words = spoken_words(text)
    if not words:
        return None
    language = language_of(words, code)
    sign = _of_language(words, spoken_words(_last_sentence(text)), language) if language else None
    return sign or _of_writing(text, words, language)


def _of_language(words: Words, clause: Words, language: Language) -> TurnSign | None:
    """`clause` is the last sentence of the words."""
    if language.answers.are(words):
        return TurnSign.FINISHED
    thinks = language.fillers.end(clause) and not language.whole_endings.end(clause)
    if thinks or language.patience.end(clause):
        return TurnSign.UNFINISHED
    reading = sign_of_reading(words, language)
    if reading is not None:
        return reading
    if _dangles(clause, language):
        return TurnSign.UNFINISHED
    if language.closings.end(clause) or language.answers.are(clause):
        return TurnSign.FINISHED
    if clause and clause[0] in language.asking and len(clause) > 2:
        return TurnSign.LIKELY
    return None


def _dangles(clause: Words, language: Language) -> bool:
    """Whether something must follow the last word."""
    if language.whole_endings.end(clause):
        return False
    if language.dangling.end(clause):
        return True
    asks = not language.asking.isdisjoint(clause[:-1])
    return not asks and language.dangling_unless_asking.end(clause)


def _of_writing(text: str, words: Words, language: Language | None) -> TurnSign | None:
    """What punctuation tells, in any language."""
    if text.endswith(_BROKEN_OFF):
        return TurnSign.UNFINISHED
    if text.endswith(_WITHIN):
        return TurnSign.HESITANT
    if text.endswith("?"):
        return TurnSign.LIKELY
    if language is None:
        return sign_of_reading(words, None)
    return TurnSign.OPEN


def _last_sentence(text: str) -> str:
    """From behind the last sentence end that has words after it."""
    body = text.rstrip(_SENTENCE_ENDS + "\u2026")
    cut = max(body.rfind(f"{mark} ") for mark in _SENTENCE_ENDS)
    return body[cut + 1 :]
