"""Words of an utterance, whether typed or recognised.

Typed text has case, punctuation and symbols; a recogniser gives lower-case words. Both become the
same sequence of plain words, and every word remembers which characters it came from, so that what
is quoted back is quoted as it was written.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

#: An utterance is read up to this many characters: more than a minute of speech, and a bound for
#: everything that searches in it.
MAX_CHARACTERS: Final = 1_000

_TOKEN: Final = re.compile(
    r"""
      (?P<number> \d+(?:,\d{3})+(?:\.\d+)? | \d*\.\d+ | \d+ )
    | (?P<initials> (?:[^\W\d_]\.){2,} )
    | (?P<word> [^\W\d_]+ (?:'[^\W\d_]+)* )
    | (?P<symbol> [-+*/%°=^&√$€£] )
    """,
    re.VERBOSE,
)
_SYMBOLS: Final = {
    "+": "plus", "*": "times", "/": "divided by", "-": "minus", "%": "percent", "°": "degrees", "=": "equals",
    "^": "to the power of", "&": "and", "√": "square root of", "$": "dollars", "€": "euros", "£": "pounds",
}  # fmt: skip
_CONTRACTIONS: Final = {
    "can't": "can not", "cannot": "can not", "won't": "will not", "let's": "let us", "whats": "what is",
    "hows": "how is", "wheres": "where is", "whos": "who is", "thats": "that is", "gimme": "give me",
    "gonna": "going to", "wanna": "want to",
}  # fmt: skip
#: After these words an 's is short for "is"; after any other it is a possessive.
_BEFORE_IS: Final = frozenset("what who where when how why that it there here he she".split())
_SUFFIXES: Final = {"'re": "are", "'m": "am", "'ll": "will", "'ve": "have", "'d": "would", "n't": "not"}
_ABBREVIATIONS: Final = {"st": "saint", "ft": "fort", "mt": "mount"}
_TYPEWRITER: Final = {
    ord(fancy): plain
    for plain, many in {
        "'": "\N{LEFT SINGLE QUOTATION MARK}\N{RIGHT SINGLE QUOTATION MARK}\N{MODIFIER LETTER TURNED COMMA}",
        '"': "\N{LEFT DOUBLE QUOTATION MARK}\N{RIGHT DOUBLE QUOTATION MARK}",
        "-": "\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}\N{BULLET}",
        "*": "\N{MULTIPLICATION SIGN}",
        "/": "\N{DIVISION SIGN}",
    }.items()
    for fancy in many
}
_BETWEEN: Final = re.compile(r",\s*(?:and\s+)?|\s+and\s+")
_LETTERS: Final = re.compile(r"[a-z ]+")
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_A-Za-z]+")


@dataclass(frozen=True, slots=True)
class Token:
    """A plain word: lower case, without diacritics. `start` and `end` are offsets into the text."""

    word: str
    start: int
    end: int


@dataclass(frozen=True)
class Wording:
    """What somebody said, as text and as words."""

    text: str
    tokens: tuple[Token, ...]

    @cached_property
    def words(self) -> tuple[str, ...]:
        return tuple(token.word for token in self.tokens)

    def __len__(self) -> int:
        return len(self.tokens)

    def part(self, start: int, end: int) -> "Wording":
        """The utterance made of the words from `start` to before `end`."""
        return Wording(self.text, self.tokens[start:end])

    def written(self, start: int, end: int) -> str:
        """The words from `start` to before `end` as they were written."""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end] if start < end else ""


def typewritten(text: str) -> str:
    """Quotation marks, dashes and signs as a typewriter has them, one character for one."""
    return text.translate(_TYPEWRITER)


def fold(text: str) -> str:
    """Lower case, without diacritics, with the characters of a typewriter."""
    text = typewritten(text).lower()
    if text.isascii():
        return text
    return "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))


def read(text: str) -> Wording:
    """Split a text into plain words: contractions spelt out, symbols named, punctuation dropped."""
    text = text[:MAX_CHARACTERS]
    tokens: list[Token] = []
    # Match on a form of the same length, so that offsets are those of the original; fold word by word.
    plain = typewritten(text)
    for found in _TOKEN.finditer(plain):
        piece, start, end = found.group(), found.start(), found.end()
        if found.lastgroup == "symbol":
            words = _symbol_words(plain, start)
        elif found.lastgroup == "initials":
            words = (fold(piece).replace(".", ""),)
        elif found.lastgroup == "number":
            words = (_ascii_digits(piece),)
        else:
            words = _spell_out(fold(piece))
        tokens += [Token(word, start, end) for word in words]
    return Wording(text, tuple(tokens))


@lru_cache(maxsize=4096)
def plain_words(text: str) -> tuple[str, ...]:
    """The words of `read`, for texts that come again and again (templates, names, values)."""
    return read(text).words


def _symbol_words(text: str, at: int) -> tuple[str, ...]:
    symbol = text[at]
    before, after = text[:at].rstrip(), text[at + 1 :].lstrip()
    if symbol == "-" and not after[:1].isdigit():
        return ()  # a dash or a hyphen
    if symbol == "-" and before[-1:].isalpha() and text[at - 1 : at] == before[-1:]:
        return ()  # "covid-19"
    if symbol in "/*" and not (before[-1:].isdigit() or before[-1:] == ")"):
        return ()  # "he/she", emphasis
    return tuple(_SYMBOLS[symbol].split())


def _ascii_digits(number: str) -> str:
    """Other scripts' digits are digits too; `float` would take them, our tables would not."""
    return "".join(str(unicodedata.digit(c)) if c.isdigit() else c for c in number if c != ",")


def _spell_out(word: str) -> tuple[str, ...]:
    if not word.isalpha() and any(map(str.isdecimal, word)):
        return tuple(found.group() for found in _TOKEN.finditer(word))  # "m²" has become "m2"
    if word in _CONTRACTIONS:
        return tuple(_CONTRACTIONS[word].split())
    if word.endswith("'s") and word[:-2] in _BEFORE_IS:
        return (word[:-2], "is")
    for suffix, full in _SUFFIXES.items():
        if word.endswith(suffix) and len(word) > len(suffix):
            return (word.removesuffix(suffix), full)
    # Folding may take a letter apart ("ĳ") or leave none (a lone combining mark).
    return (word,) if word else ()


def name_words(name: str) -> tuple[str, ...]:
    """Words of a proper name, abbreviations spelt out: "St. Louis" is (saint, louis)."""
    plain = fold(name)
    # Nine names in ten are letters and spaces, and a gazetteer has many names.
    words = tuple(plain.split()) if _LETTERS.fullmatch(plain) else read(name).words
    return spelt_out(words)


def spelt_out(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words with the abbreviations of place names written out."""
    return tuple([_ABBREVIATIONS.get(word, word) for word in words])


def identifier_words(identifier: str) -> tuple[str, ...]:
    """Words of a program's name: `getCurrentWeather` and `get_current_weather` are (get, current, weather)."""
    return tuple(word.lower() for word in _CAMEL.findall(identifier))


def listed(things: Iterable[str], joiner: str = "and") -> str:
    """ "a", "a and b", "a, b and c"."""
    *rest, last = things
    return f"{', '.join(rest)} {joiner} {last}" if rest else last


def spelt_list(text: str) -> list[str]:
    """The things of "eggs, milk and some bread", at least one."""
    return [part for part in (piece.strip() for piece in _BETWEEN.split(text)) if part] or [text]


def sentence(text: str) -> str:
    """With a capital at the start and a full stop at the end, unless it ends in punctuation already."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?…:" else ".")
