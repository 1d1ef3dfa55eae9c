"""Thinking text inside an answer, `<think> … </think>` and its like, which is for nobody's ears."""

from typing import Final

#: As Qwen, DeepSeek and many others write it; Gemma and Gemini; Magistral; Kimi.
_OPENING: Final = ("<think>", "<thinking>", "<thought>", "[THINK]", "◁think▷")
_CLOSING: Final = ("</think>", "</thinking>", "</thought>", "[/THINK]", "◁/think▷")
_FIRST: Final = frozenset(tag[0] for tag in _OPENING)


class ThinkingFilter:
    """Feed it an answer in pieces of any size; it gives back what is meant for the user, without delay.

    Only a piece of text that may be the start of a tag is held back.
    """

    def __init__(self, *, thinking: bool = False) -> None:
        """`thinking` when the answer begins inside the thinking text."""
        self._thinking = thinking
        self._held = ""
        self._trim = thinking

    def feed(self, text: str) -> str:
        """The visible part of what is certain by now."""
        if not (self._held or self._thinking or self._trim) and _FIRST.isdisjoint(text):
            return text
        text = self._held + text
        visible: list[str] = []
        while True:
            tags = _CLOSING if self._thinking else _OPENING
            at, tag = min(((text.find(tag), tag) for tag in tags if tag in text), default=(-1, ""))
            if not tag:
                break
            self._show(text[:at], visible)
            text = text[at + len(tag) :]
            self._thinking = not self._thinking
            self._trim = self._trim or not self._thinking
        keep = _start_of_tag(text, tags)
        self._held = text[len(text) - keep :]
        self._show(text[: len(text) - keep], visible)
        return "".join(visible)

    def flush(self) -> str:
        """What was held back and is no tag after all."""
        visible: list[str] = []
        self._show(self._held, visible)
        self._held = ""
        return "".join(visible)

    def _show(self, text: str, visible: list[str]) -> None:
        if self._thinking:
            return
        if self._trim:  # the empty lines between thinking and answer
            text = text.lstrip()
            self._trim = not text
        if text:
            visible.append(text)


def _start_of_tag(text: str, tags: tuple[str, ...]) -> int:
    """Length of the end of `text` that may be the beginning of a tag."""
    for size in range(min(len(text), max(map(len, tags)) - 1), 0, -1):
        if text[-size] in _FIRST and any(tag.startswith(text[-size:]) for tag in tags):
            return size
    return 0
