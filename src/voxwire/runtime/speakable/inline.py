"""Markup inside a line: emphasis, code, links, addresses, tags, emoji.

A mark is dropped where CommonMark would take it for markup, and stays where it would not: "5 * 3", "a_b", "C#",
"2 < 3". Unlike a renderer this cannot go back, so emphasis opens without looking for its end; code and links, whose
marks often stand alone, wait for it, but no further than `LOOKAHEAD` characters.
"""

import re
from collections import defaultdict
from collections.abc import Callable
from typing import ClassVar, Final

from voxwire.runtime.speakable.spans import Spans

#: Characters that a rule may look ahead: a link's text, a piece of code or a tag is rarely longer.
LOOKAHEAD: Final = 200
#: Characters of the line that a rule may look back: a host name.
_BEHIND: Final = 64
#: Full stops, brackets … behind an address that belong to the sentence.
_AFTER_ADDRESS: Final = 16

#: Pictures, and the invisible characters that join or colour them (Unicode, "Emoji" and neighbours).
_PICTURES: Final = (
    "\u231a\u231b\u2328\u23cf\u23e9-\u23fa\u2500-\u27bf\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55"
    "\ufe0e\ufe0f\u20e3\U0001f000-\U0001faff\U000e0020-\U000e007f"
)
_PICTURE_RUN: Final = re.compile(rf"(?:[{_PICTURES}]|(?<=[{_PICTURES}])\u200d)+")
_KEYCAP: Final = re.compile("[0-9#*]\ufe0f?\u20e3")
_KEYCAP_BEGUN: Final = re.compile("[0-9#*]\ufe0f?")

_SCHEME: Final = re.compile(r"(?i:https?://(?:www\.)?|www\.)(?=[a-z0-9\[])", re.IGNORECASE)
_SCHEMES: Final = ("https://www.", "http://www.", "www.")
#: What may become one of them.
_SCHEME_BEGUN: Final = "|".join(
    sorted({re.escape(scheme[:size]) for scheme in _SCHEMES for size in range(1, len(scheme) + 1)}, key=len)[::-1]
)
#: A host that a path may follow: after a scheme, or known by its ending ("and/or" and "Node.js/Express" are none).
_HOST: Final = re.compile(
    r"""(?: (?:https?://|www\.) [\w.-]+ | (?<![\w.@/-]) (?:[a-z0-9-]+\.)+ (?:com|org|net|edu|gov|int|io|dev|app|ai
        |info|tv|eu|uk|de|fr|es|it|nl|be|ch|at|se|no|dk|fi|pl|pt|ie|us|ca|mx|br|au|nz|in|jp|kr|cn|tw) ) (?::\d+)? $""",
    re.VERBOSE | re.IGNORECASE | re.ASCII,
)
_PATH: Final = re.compile(r"""[^\s<>"`*|\\\]) \x7f-\U0010ffff]+""")
_PATH_END: Final = re.compile(r"[.,;:!?'_~]+$")

_LINK_TEXT: Final = re.compile(r"\[(?:[^\[\]]|\[[^\[\]]*\])*\]")
_FOOTNOTE: Final = re.compile(r"\[\^[^\[\]\s]+\]")
_IN_DESTINATION: Final = re.compile(r"[^\s()]+")
_SPACE: Final = re.compile(r"\s+")

_TAG: Final = re.compile(
    r"""<(?P<close>/?)(?P<name>[a-z][a-z0-9]*)(?:\s+[\w:-]+\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'<>]+))*\s*/?>""",
    re.IGNORECASE,
)
_TAG_BEGUN: Final = re.compile(r"</?(?P<name>[a-z0-9]*)(?P<more>[\s/][^<>]*)?", re.IGNORECASE)
_COMMENT: Final = re.compile(r"<!--.*?-->", re.DOTALL)
_TAGS: Final = frozenset(
    "a abbr b blockquote br center code del details div em font h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p pre q "
    "s section small span strike strong sub summary sup table tbody td th thead tr u ul".split()
)
#: Those that begin a new line, and those that end one when they close.
_BREAKS: Final = frozenset({"br", "hr"})
_BLOCKS: Final = frozenset("blockquote div h1 h2 h3 h4 h5 h6 li p pre section summary tr".split())

#: Where a rule may have something to do. Alternatives with `\Z` wait for the next piece.
_MARK: Final = re.compile(
    rf"""[*_`~\[\]<>\\/{_PICTURES}] | (?<=[{_PICTURES}])\u200d | !(?=\[|\Z) | \?(?=[a-z0-9]|\Z)
      | \#(?=[a-z0-9\ufe0f\u20e3]|\Z) | [0-9](?=\ufe0f?(?:\u20e3|\Z))
      | (?<![a-z0-9])(?: https?:// | www\. | (?:{_SCHEME_BEGUN})\Z )""",
    re.VERBOSE | re.IGNORECASE,
)
_ESCAPABLE: Final = "\\`*_[]<>#|~"
#: What emphasis may follow, besides white space and letters of scripts without spaces.
_BEFORE_EMPHASIS: Final = "([{<\"'“‘«—–-/:*_~"  # noqa: RUF001


class Inline:
    """The running text of lines, in pieces. Feed a line without its end, then `end_line`."""

    def __init__(self, spans: Spans) -> None:
        self._spans = spans
        self._text = ""
        self._at = 0
        self._said: list[str] = []
        self._open: defaultdict[str, int] = defaultdict(int)
        self._links = 0
        self._skip: Callable[[bool], bool] | None = None
        self._depth = 0
        self._angle = False

    def feed(self, text: str) -> str:
        """More of the line; what can be spoken by now."""
        self._text += text
        return self._advance(False)

    def end_line(self) -> str:
        """The line is complete: what was held back."""
        said = self._advance(True)
        self._text, self._at, self._skip, self._links, self._angle = "", 0, None, 0, False
        return said

    def end_paragraph(self) -> None:
        """Emphasis that is still open was none."""
        self._open.clear()

    def _advance(self, complete: bool) -> str:
        while self._at < len(self._text) and self._step(complete):
            pass
        if self._at > 4 * _BEHIND:
            self._text = self._text[self._at - _BEHIND :]
            self._at = _BEHIND
        said = "".join(self._said)
        self._said.clear()
        return said

    def _step(self, complete: bool) -> bool:
        """Speak or drop the next characters; False when it takes more text to know."""
        if self._skip is not None:
            return self._skip(complete)
        mark = _MARK.search(self._text, self._at)
        if mark is None:
            return self._keep(len(self._text) - self._at)
        if mark.start() > self._at:
            self._keep(mark.start() - self._at)
        window = self._text[self._at : self._at + LOOKAHEAD]
        rule = self._RULES.get(window[0], Inline._other)
        return rule(self, window, complete or len(window) == LOOKAHEAD)

    # --- rules: `window` is the text ahead, `closed` that none of it is still to come ------------------

    def _emphasis(self, window: str, closed: bool) -> bool:
        mark = window[0]
        if mark == "*" and (keycap := self._keycap(window, closed)) is not None:
            return keycap
        run = len(window) - len(window.lstrip(mark))
        if run == len(window) and not closed:
            return False
        if run > 3 or (mark == "~" and run != 2):
            return self._keep(run)
        before, after = self._before(), window[run : run + 1]
        in_word = mark == "_" and after.isalnum()
        if self._open[mark] and before and not before.isspace() and not in_word:
            self._open[mark] = max(0, self._open[mark] - run)
            return self._drop(run, closes=True)
        free = not before or before.isspace() or before in _BEFORE_EMPHASIS
        if after and not after.isspace() and (free or (mark != "_" and not before.isascii())):
            self._open[mark] += run
            return self._drop(run)
        return self._keep(run)

    def _code(self, window: str, closed: bool) -> bool:
        run = len(window) - len(window.lstrip("`"))
        end = re.compile(rf"(?<!`)`{{{run}}}(?!`)").search(window, run)
        if end is None or (end.end() == len(window) and not closed):
            return closed and self._keep(run)
        self._drop(run)
        self._keep(end.start() - run)
        return self._drop(run, closes=True)

    def _opening_bracket(self, window: str, closed: bool) -> bool:
        link = _is_link(window, closed)
        if link is None:
            return False
        if link:
            self._links += 1
            return self._drop(1)
        if footnote := _FOOTNOTE.match(window):
            return self._drop(footnote.end(), closes=True)
        return self._keep(1)

    def _image(self, window: str, closed: bool) -> bool:
        link = _is_link(window[1:], closed) if len(window) > 1 else (False if closed else None)
        if link is None:
            return False
        if not link:
            return self._keep(1)
        self._links += 1
        return self._drop(2)

    def _closing_bracket(self, window: str, closed: bool) -> bool:
        if not self._links:
            return self._keep(1)
        if len(window) == 1 and not closed:
            return False
        if not window.startswith("]("):
            return self._keep(1)
        self._links -= 1
        self._depth = 1
        self._skip = self._destination
        return self._drop(2, closes=True)

    def _tag(self, window: str, closed: bool) -> bool:
        lower = window.lower()
        if lower.startswith(("<https://", "<http://")):
            self._angle = True
            return self._drop(1)
        if comment := _COMMENT.match(window):
            return self._drop(comment.end())
        tag = _TAG.match(lower)
        if tag and tag["name"] in _TAGS:
            self._drop(tag.end())
            if tag["name"] in _BREAKS or (tag["close"] and tag["name"] in _BLOCKS):
                self._say("\n")
            return True
        return False if not closed and _may_be_tag(lower) else self._keep(1)

    def _angle_end(self, window: str, closed: bool) -> bool:
        if self._angle:
            self._angle = False
            return self._drop(1, closes=True)
        return self._keep(1)

    def _escape(self, window: str, closed: bool) -> bool:
        if len(window) == 1:
            return closed and self._keep(1)
        if window[1] not in _ESCAPABLE:
            return self._keep(1)
        self._drop(1)
        return self._keep(1)

    def _after_host(self, window: str, closed: bool) -> bool:
        """A slash, question or number sign: what follows a host is not read."""
        if window[0] == "#" and (keycap := self._keycap(window, closed)) is not None:
            return keycap
        if not _HOST.search(self._text[max(0, self._at - _BEHIND) : self._at]):
            return self._keep(1)
        if window[0] != "/":
            if len(window) == 1 and not closed:
                return False
            if not window[1:2].isalnum():
                return self._keep(1)
        self._skip = self._path
        return self._drop(1, closes=True)

    def _other(self, window: str, closed: bool) -> bool:
        """A picture, a key of a keyboard, or the beginning of an address."""
        if pictures := _PICTURE_RUN.match(self._text, self._at):
            return self._drop(pictures.end() - self._at)
        if window[0].isdigit():
            keycap = self._keycap(window, closed)
            return self._keep(1) if keycap is None else keycap
        if not closed and any(scheme.startswith(window.lower()) for scheme in _SCHEMES):
            return False
        if scheme := _SCHEME.match(window):
            return self._drop(scheme.end())
        return self._keep(1)

    def _keycap(self, window: str, closed: bool) -> bool | None:
        """Drop a sign in a key cap; None when it is none, False when it may become one."""
        if keycap := _KEYCAP.match(window):
            return self._drop(keycap.end())
        return False if not closed and _KEYCAP_BEGUN.fullmatch(window) else None

    # --- stretches that are skipped --------------------------------------------------------------------

    def _path(self, complete: bool) -> bool:
        """The rest of an address. Punctuation at its end belongs to the sentence."""
        path = _PATH.match(self._text, self._at)
        end = self._at if path is None else path.end()
        ending = _PATH_END.search(self._text, self._at, end)
        size = (ending.start() if ending else end) - self._at
        if ending:
            size = max(size, end - self._at - _AFTER_ADDRESS)
        if end < len(self._text) or complete:
            self._skip = None
        return self._drop(size, closes=True) or self._skip is None

    def _destination(self, complete: bool) -> bool:
        """The address of a link, to the bracket that ends it, to white space, or to the end of the line."""
        if inside := _IN_DESTINATION.match(self._text, self._at):
            return self._drop(inside.end() - self._at, closes=True)
        if space := _SPACE.match(self._text, self._at):
            after = self._text[space.end() : space.end() + 1]
            if not after and not complete:
                return False
            if after and after in "\"'":
                self._skip = self._title
            elif after != ")":
                self._skip = None
                return True
            return self._drop(space.end() - self._at, closes=True)
        self._depth += 1 if self._text[self._at] == "(" else -1
        if not self._depth:
            self._skip = None
        return self._drop(1, closes=True)

    def _title(self, complete: bool) -> bool:
        end = self._text.find(")", self._at) + 1
        if end:
            self._skip = None
        return self._drop((end or len(self._text)) - self._at, closes=True)

    # --- what becomes of characters --------------------------------------------------------------------

    def _before(self) -> str:
        return self._text[self._at - 1 : self._at] if self._at else ""

    def _keep(self, count: int) -> bool:
        self._said.append(self._text[self._at : self._at + count])
        self._spans.keep(count)
        self._at += count
        return True

    def _drop(self, count: int, *, closes: bool = False) -> bool:
        if count:
            self._spans.drop(count, closes=closes)
            self._at += count
        return count > 0

    def _say(self, text: str) -> None:
        self._said.append(text)
        self._spans.say(len(text))

    _RULES: ClassVar[dict[str, Callable[["Inline", str, bool], bool]]] = {
        "*": _emphasis, "_": _emphasis, "~": _emphasis, "`": _code,
        "[": _opening_bracket, "]": _closing_bracket, "!": _image,
        "<": _tag, ">": _angle_end, "\\": _escape,
        "/": _after_host, "?": _after_host, "#": _after_host,
    }  # fmt: skip


def _is_link(window: str, closed: bool) -> bool | None:
    """Whether a bracket begins the text of a link; None when it takes more text to know."""
    text = _LINK_TEXT.match(window)
    if text is None or text.end() == len(window):
        return False if closed else None
    return window[text.end()] == "("


def _may_be_tag(window: str) -> bool:
    if window.startswith("<!--") or any(start.startswith(window) for start in ("<!--", "<https://", "<http://")):
        return True
    begun = _TAG_BEGUN.fullmatch(window)
    if begun is None:
        return False
    if begun["more"] is not None:
        return begun["name"] in _TAGS
    return any(name.startswith(begun["name"]) for name in _TAGS)
