"""Which words of a growing text are final, where a recogniser takes some of them back."""

import re
from difflib import SequenceMatcher
from typing import Final

#: Of scripts without spaces each character is a piece.
_DENSE: Final = "぀-ヿ㐀-䶿一-鿿豈-﫿฀-๿຀-໿က-႟ក-៿"
_PIECES: Final = re.compile(rf"\s*(?:[{_DENSE}]|[^\s{_DENSE}]+)")
_MARKS_AT_END: Final = re.compile(r"[^\w]+$")


class SettledText:
    """Follows the readings of one utterance. `text` is what is final; it only ever grows.

    Where words may be taken back, those are final that two readings, one after the other, agree upon.
    """

    def __init__(self, *, append_only: bool) -> None:
        self.text = ""
        self._append_only = append_only
        self._last: list[str] = []

    def update(self, heard: str) -> str:
        """Take in a reading; returns it behind what is final."""
        whole = self.complete(heard)
        if self._append_only:
            self.text = whole
            return whole
        now = _PIECES.findall(whole)
        agreed = 0
        for one, other in zip(now, self._last, strict=False):
            if _plain(one) != _plain(other):
                break
            agreed += 1
        self._last = now
        settled = _MARKS_AT_END.sub("", "".join(now[:agreed]))  # "weather." may become "weather in"
        if len(settled) > len(self.text) and settled.startswith(self.text):
            self.text = settled
        return whole

    def complete(self, heard: str) -> str:
        """A reading with what is final in its place, even where the reading has changed its mind."""
        heard = heard.strip()
        if heard.startswith(self.text):
            return heard
        settled, now = _PIECES.findall(self.text), _PIECES.findall(heard)
        at = _place_after(settled, now)
        marks = ""
        if at and at <= len(now) and _plain(now[at - 1]) == _plain(settled[-1]):
            found = _MARKS_AT_END.search(now[at - 1])
            marks = found[0] if found and not _MARKS_AT_END.search(self.text) else ""
        rest = "".join(now[at:])
        if rest and not rest[0].isspace() and not re.match(f"[{_DENSE}]", rest):
            rest = f" {rest}"
        return f"{self.text}{marks}{rest}"


def _place_after(settled: list[str], now: list[str]) -> int:
    """How many pieces of `now` stand for the settled ones."""
    matcher = SequenceMatcher(None, [*map(_plain, settled)], [*map(_plain, now)], autojunk=False)
    blocks = [block for block in matcher.get_matching_blocks() if block.size]
    if not blocks:
        return len(settled)
    last = blocks[-1]
    return last.b + last.size + len(settled) - (last.a + last.size)


def _plain(piece: str) -> str:
    return re.sub(r"\W", "", piece).casefold()
