"""Words that somebody tells the assistant to say: "Greet the user with 'Hello there!'".

Programs for telephones put such an order into the instructions, or into the first item, so that the
assistant speaks first. The words come in straight or typographic quotation marks, or in none; then only
words that sound like the start of a conversation are taken for them, since "Greet the user with a smile"
is no greeting.
"""

import re
from itertools import islice
from typing import Final

from voxwire.engines.llm.assistant.text import typewritten

_TO_SAY: Final = r"(?:with|by\s+saying|saying|using)"
_ORDER: Final = re.compile(
    rf"""\b(?:
      (?:greet|welcome|address)\b[^.!?\n"']{{0,60}}?(?:\b{_TO_SAY}\b|:|(?=\s["'«„`]))
    | (?:start|begin|open|kick\ off)\b[^.!?\n"']{{0,60}}?\b{_TO_SAY}\b
    | (?:your|the)\s+(?:very\s+)?(?:first|opening|initial)\s+
      (?:message|words?|sentence|line|response|utterance|greeting|reply|statement)\b[^.!?\n"']{{0,40}}?
      (?:\bis\b|\bare\b|\b(?:should|must|will|has\s+to)\s+be\b|:)
    | first\s*,?\s+say\b
    | when\s+the\s+(?:call|conversation|session)\s+(?:starts|begins|is\s+connected)\s*,?\s*(?:you\s+)?say\b
    )""",
    re.IGNORECASE | re.VERBOSE,
)
_SAY: Final = re.compile(
    r"(?:only\s+|just\s+)?(?:say|respond with|reply with|answer with|repeat|read out|read)\b",
    re.IGNORECASE,
)
_ASKED_NICELY: Final = re.compile(
    r"\s*(?:(?:please|now|you (?:should|must)|can you|could you)\b[\s,]*)*", re.IGNORECASE
)
_EXACTLY: Final = re.compile(
    r"\s*(?:(?P<exactly>exactly|verbatim|word for word|only|just)\b\s*)?"
    r"(?:(?:this(?=\s*[:\"'])|these words|the following(?: \w+){0,2})\s*)?[:,]?\s*",
    re.IGNORECASE,
)
_FORBIDDEN: Final = re.compile(r"\b(?:do not|don't|never|not|avoid|without)\s+(?:\w+\s+){0,2}$", re.IGNORECASE)
_QUOTES: Final = {'"': '"', "'": "'", "`": "`", "«": "»", "»": "«", "„": '"'}
#: How a conversation begins.
_SOUNDS_LIKE_ONE: Final = re.compile(
    r"(?:hello|hi|hey|howdy|hiya|good (?:morning|afternoon|evening|day)|greetings|welcome|thanks|thank you|this is|"
    r"you've reached|you have reached|how (?:can|may) i)\b",
    re.IGNORECASE,
)
_DESCRIBES: Final = re.compile(
    r"\b(?:the|each|every|our|any) (?:users?|callers?|customers?|guests?|clients?|visitors?|person)\b|\btheir name\b|"
    r"\byour name\b|\bthe conversation\b|\band (?:then |ask|introduce|tell|offer)",
    re.IGNORECASE,
)
#: The first words of what is an instruction again.
_GOES_ON: Final = re.compile(
    r"(?<=[.!?])\s+(?=(?:then|after|next|once|when|if (?:the|they|asked)|do not|don't|be|always|never|wait|"
    r"you (?:are|should|must)|keep|speak|use|ask (?!me)|answer|respond|your)\b)",
    re.IGNORECASE,
)
#: Bounds for what is searched in instructions that somebody made for searching.
_MAX_ORDERS: Final = 100
_MAX_CHARACTERS: Final = 4_000
_MAX_TOLD: Final = 64 * 1024
_TO_WHOM: Final = re.compile(r"\s*(?:to (?:the|your|our) \w+)?[\s.!]*", re.IGNORECASE)


def opening_in(text: str) -> str | None:
    """The words with which instructions tell to begin; None when they do not, in their first `_MAX_TOLD` characters."""
    text = text[:_MAX_TOLD]
    plain = typewritten(text)
    for order in islice(_ORDER.finditer(plain), _MAX_ORDERS):
        if not _FORBIDDEN.search(plain[max(order.start() - 40, 0) : order.start()]):
            words = _words_after(text, plain, order)
            if words:
                return words
    return None


def told_to_say(text: str) -> str | None:
    """The words that a text orders to be said, when it is nothing but this order; None when it is none.

    A text beyond `_MAX_TOLD` is none: nobody could listen to it, and looking holds up everybody.
    """
    if len(text) > _MAX_TOLD:
        return None
    plain = typewritten(text)
    start = _ASKED_NICELY.match(plain)
    assert start is not None  # it may be empty
    order = _ORDER.match(plain, start.end())
    return _words_after(text, plain, order) if order else verbatim(text)


def verbatim(text: str) -> str | None:
    """The words of `Say "..."` or `Say exactly: ...`, when the text is nothing but that; None otherwise."""
    plain = typewritten(text)
    start = _ASKED_NICELY.match(plain)
    say = _SAY.match(plain, start.end() if start else 0)
    exactly = _EXACTLY.match(plain, say.end()) if say else None
    if say is None or exactly is None:
        return None
    span = _quoted(plain, exactly.end())
    if span is not None:
        return text[slice(*span)].strip() if _TO_WHOM.fullmatch(plain, span[1] + 1) else None
    # Without quotation marks only an explicit "exactly" tells words from an instruction.
    words = text[exactly.end() :].strip()
    return words or None if exactly["exactly"] or "only" in say.group().lower() else None


def _words_after(text: str, plain: str, order: "re.Match[str]") -> str | None:
    exactly = _EXACTLY.match(plain, order.end())
    start = exactly.end() if exactly else order.end()
    span = _quoted(plain, start)
    if span is not None:
        return text[slice(*span)].strip() or None
    line = plain[start : start + _MAX_CHARACTERS].partition("\n")[0]
    line = _GOES_ON.split(line, maxsplit=1)[0].rstrip()
    named = plain[order.start() : start].lower().rstrip().endswith(("is", "be", "saying", "say", "exactly", ":"))
    fits = _SOUNDS_LIKE_ONE.match(line) or (named and line[:1].isupper())
    return text[start : start + len(line)] if fits and not _DESCRIBES.search(line) else None


def _quoted(plain: str, start: int) -> tuple[int, int] | None:
    """Where the words stand between quotation marks that open at `start`; an apostrophe closes nothing."""
    closing = _QUOTES.get(plain[start : start + 1])
    end = start if closing else -1
    while closing and (end := plain.find(closing, end + 1, start + _MAX_CHARACTERS)) > 0:
        if closing != "'" or not plain[end + 1 : end + 2].isalnum():
            return (start + 1, end) if plain[start + 1 : end].strip() else None
    return None
