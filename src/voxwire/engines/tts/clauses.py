"""Cutting text that arrives in pieces into clauses worth speaking.

The first clause is short, because its synthesis is what a listener waits for; the later ones are
whole sentences where possible, because intonation needs them. How short, a voice says (`ClauseSizes`): one
that is slow begins with a few words, and takes more as it gets ahead of the listener.
"""

import re
import unicodedata
from typing import Final, NamedTuple

_BOUNDARY: Final = re.compile(
    r"""(?P<sentence> [.!?…]+ ["'”’)\]]* \s+ | \n\s* | [。！？]+ )
      | (?P<soft> [,;:] ["'”’)\]]* \s+ | \s+ [-–—] \s+ | [—，、；：] \s* )""",  # noqa: RUF001 - CJK punctuation
    re.VERBOSE,
)
#: What stands before a full stop without ending a sentence: titles, short forms, initials, list numbers.
_SHORT_FORM: Final = re.compile(
    r"""(?: \b(?: mr | mrs | ms | dr | prof | st | jr | sr | vs | etc | no | inc | ltd | approx | fig | e\.g | i\.e )
          | \b [A-Za-z] | (?: ^ | \n ) \s* \d{1,2} ) $""",
    re.VERBOSE | re.IGNORECASE,
)


#: Words before which a speaker may take breath, in the languages that voices are mostly asked for.
_BREATH: Final = frozenset(
    """and but or so because if when while that which who where with for from about into before after than
    und oder aber weil wenn dass mit für von nach vor bis als der die das
    et ou mais parce que quand si avec pour dans qui dont
    y o pero porque cuando si con para que en como
    en of maar want omdat als dat met voor van naar die""".split()
)
#: Letters that are sounded about three times as long as Latin ones: Chinese, Japanese, Korean.
_WIDE: Final = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_WIDTH: Final = 3
#: What never begins a clause in scripts without spaces: closing marks, small kana, long vowels, marks over and under a
#: letter; and vowels that are written before their consonant never end one (Thai, Lao).
_NEVER_FIRST: Final = "、。，．！？：；」』）】〉》ー々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ"  # noqa: RUF001
_NEVER_LAST: Final = "「『（【〈《เแโใไເແໂໃໄ"  # noqa: RUF001
#: Where a word of Japanese most likely ends: a particle or an ending in kana, before a word in another script.
_AFTER_KANA: Final = re.compile("(?<=[\u3041-\u309f])(?=[\u30a1-\u30fa\u3400-\u9fffA-Za-z0-9])")


class ClauseSizes(NamedTuple):
    """Sizes of the first clause, the second …, the last of them for all that follow; in Latin letters, of which a
    Chinese, Japanese or Korean one counts as three.

    `soft`: from this size on a soft boundary (comma, semicolon, colon, dash) ends a clause; 80 are about five seconds
    of speech. `most`: one that goes on for half as much again without a boundary is cut here, between two words.
    """

    soft: tuple[int, ...] = (16, 80)
    most: tuple[int, ...] = (160,)

    def of(self, number: int) -> tuple[int, int]:
        """Both sizes of a clause, counted from 0."""
        return self.soft[min(number, len(self.soft) - 1)], self.most[min(number, len(self.most) - 1)]


class Clause(NamedTuple):
    """`text` begins at character `start` of everything fed. Clauses tile the text without gaps."""

    start: int
    text: str


class ClauseSplitter:
    """Feed text in pieces of any size; clauses come out as soon as they are known to be complete."""

    def __init__(self, sizes: ClauseSizes = ClauseSizes()) -> None:  # noqa: B008 - it is a constant
        self._sizes = sizes
        self._number = 0
        self._pending = ""
        self._start = 0

    def feed(self, text: str) -> list[Clause]:
        """The clauses that `text` completes. A full stop completes one only once white space follows."""
        self._pending += text
        clauses = []
        while cut := self._cut():
            clauses.append(self._take(cut))
        return clauses

    def flush(self) -> list[Clause]:
        """What is left, as the last clause."""
        return [self._take(len(self._pending))] if self._pending else []

    def _take(self, size: int) -> Clause:
        clause = Clause(self._start, self._pending[:size])
        self._pending = self._pending[size:]
        self._start += size
        self._number += 1
        return clause

    def _cut(self) -> int:
        """Length of the first complete clause; 0 when there is none yet."""
        soft, most = self._sizes.of(self._number)
        window = _fitting(self._pending, most + most // 2)
        for boundary in _BOUNDARY.finditer(self._pending, 0, window):
            before = self._pending[: boundary.start()]
            if not any(map(str.isalnum, before)):
                continue
            if boundary["sentence"]:
                if not (boundary["sentence"].startswith(".") and _SHORT_FORM.search(before)):
                    return boundary.end()
            elif _size(self._pending[: boundary.end()]) >= soft:
                return boundary.end()
        return 0 if len(self._pending) <= window else _between_words(self._pending[:window], most)


def _size(text: str) -> int:
    return len(text) + (_WIDTH - 1) * len(_WIDE.findall(text))


def _fitting(text: str, size: int) -> int:
    """How many characters of a text are within a size."""
    if _size(text[:size]) <= size:
        return min(len(text), size)
    used = 0
    for index, character in enumerate(text):
        used += _WIDTH if _WIDE.match(character) else 1
        if used > size:
            return index
    return len(text)


def _between_words(text: str, most: int) -> int:
    """Where to cut a text that is too long, within the size `most`: at the end of a phrase, else of a word, else
    between two letters of a script without spaces."""
    limit = _fitting(text, most)
    least = limit // 2
    spaces = [space.end() for space in re.finditer(r"\s+", text[: limit + 1]) if least < space.end() <= limit]
    for at in reversed(spaces):
        if re.split(r"[\s\W]", text[at:], maxsplit=1)[0].lower() in _BREATH:
            return at
    if spaces:
        return spaces[-1]
    for at in reversed([kana.start() for kana in _AFTER_KANA.finditer(text, 0, limit)]):
        if at > least:
            return at
    for at in range(limit, least, -1):
        if _separable(text, at):
            return at
    return limit


def _separable(text: str, at: int) -> bool:
    """Whether a clause may end before this character, in the middle of a word or where words are not marked."""
    before, after = text[at - 1 : at], text[at : at + 1]
    if not before or not after:
        return True
    joined = unicodedata.combining(after) or unicodedata.category(after) in ("Mn", "Mc", "Cf")
    if joined or after in _NEVER_FIRST or before in _NEVER_LAST or before == "\u200d":
        return False
    return not (before.isascii() and before.isalnum() and after.isascii() and after.isalnum())
