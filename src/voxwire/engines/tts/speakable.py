# ruff: noqa: RUF001 - the look-alike characters are the subject of this file
"""Text as a voice can read it, with a way back to the characters of the original."""

import unicodedata
from typing import Final, NamedTuple

#: Signs that a voice would skip or spell. Marks of emphasis in chat answers are silent.
_READ_AS: Final = {
    "‘": "'", "’": "'", "‚": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "–": ", ", "—": ", ", "…": "...", "−": "-", "×": " times ", "÷": " divided by ",
    "€": " euros ", "£": " pounds ", "¥": " yen ", "°": " degrees ", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o",
    "ł": "l", "đ": "d", "þ": "th", "ð": "th", "ı": "i",
    "*": " ", "_": " ", "`": " ", "#": " ", "~": " ", "|": " ", "^": " ",
}  # fmt: skip


class Speakable(NamedTuple):
    """`text` for the voice; `origin[i]` is the original's character that `text[i]` stands for."""

    text: str
    origin: list[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Characters of the original behind `text[start:end]`, at least one character long."""
        first = self.origin[start]
        return first, max(first + 1, self.origin[end - 1] + 1)


def speakable(text: str, *, ascii_only: bool) -> Speakable:
    """The text without what cannot be read; empty when nothing in it has a sound.

    `ascii_only` is for voices that know no other letters: accents are dropped, the rest becomes space.
    """
    characters: list[str] = []
    origin: list[int] = []
    for index, character in enumerate(text):
        for read in _read_as(character, ascii_only):
            characters.append(read)
            origin.append(index)
    if not any(map(str.isalnum, characters)):
        return Speakable("", [])
    return Speakable("".join(characters), origin)


def _read_as(character: str, ascii_only: bool) -> str:
    if character in _READ_AS:
        return _READ_AS[character]
    if not character.isprintable():
        return " "
    if character.isascii():
        return character
    if not ascii_only:
        return character
    plain = unicodedata.normalize("NFKD", character).replace("\N{FRACTION SLASH}", "/")
    if any(unicodedata.combining(part) for part in plain):
        plain = "".join(part for part in plain if not unicodedata.combining(part))
    return plain if plain.isascii() else _READ_AS.get(plain.lower(), " ")
