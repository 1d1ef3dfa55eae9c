"""What the instructions let the assistant say: only words that stand in them.

An assistant without a language model cannot follow instructions, but it can quote them:

- "Q: ... A: ..." pairs and "question? answer" lines answer that question,
- "key: value" lines answer "what is the key",
- `Greet the user with: "..."` opens the conversation (`openings`),
- a sentence of prose that shares its words answers a question (`facts`),
- instructions that as a whole are `Say exactly: ...` or `Say "..."` are the answer.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from voxwire.engines.llm.assistant.facts import Fact, read_facts
from voxwire.engines.llm.assistant.openings import opening_in, verbatim
from voxwire.engines.llm.assistant.text import plain_words, sentence, typewritten

_QUESTION: Final = re.compile(r"\s*[-*]?\s*(?:q|question)\s*\d*\s*[:.)]\s*(?P<text>.+)", re.IGNORECASE)
_ANSWER: Final = re.compile(r"\s*[-*]?\s*(?:a|answer)\s*\d*\s*[:.)]\s*(?P<text>.+)", re.IGNORECASE)
_ONE_LINE: Final = re.compile(r"\s*[-*]?\s*(?P<question>[^?:]{3,200}\?)\s*(?:[-:=]+>?\s*)?(?P<answer>\S.*)")
_KEY_VALUE: Final = re.compile(r"\s*[-*]?\s*\**(?P<key>[^\W\d_][\w '/&-]{0,60}?)\**\s*:\**\s+(?P<value>\S.*)")
_SAME_LINE_PAIR: Final = re.compile(r"\s+(?=(?:a|answer)\s*:)", re.IGNORECASE)
_KEY_WORDS: Final = 6
_DETERMINERS: Final = frozenset(("the", "your", "our", "a", "an", "my"))
#: Bounds the work of a hostile instruction text; far more than a page of questions.
_MAX_LINES: Final = 2_000
_MAX_READ: Final = 128 * 1024
_KEY_SHAPES: Final = ("what is the {}", "what's your {}", "what are your {}", "tell me the {}", "{}")
_KEY_OPENINGS: Final = tuple(
    plain_words(opening)
    for opening in (
        "what is", "what are", "tell me", "tell me about", "give me", "what about", "when are", "when is", "who is",
        "where is", "what time are", "i want to know", "i need",
    )
)  # fmt: skip

_TRANSLATES: Final = re.compile(
    r"\b(?:you are|act as|be) (?:an?|the|my) (?:\w+ ){0,2}(?:interpreter|translator)\b"
    r"|\b(?:translate|interpret) (?:everything|whatever|what|all|each|every|the user|it|into|to|from)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Instructions:
    """The quotable parts of an instruction text."""

    text: str
    answers: dict[tuple[str, ...], str] = field(default_factory=dict)
    keys: dict[tuple[str, ...], str] = field(default_factory=dict)
    questions: tuple[str, ...] = ()
    greeting: str | None = None
    verbatim: str | None = None
    facts: tuple[Fact, ...] = ()

    @property
    def translates(self) -> bool:
        """Whether an interpreter is wanted: whose answers would be taken for translations."""
        return _TRANSLATES.search(typewritten(self.text)) is not None

    def answer(self, words: tuple[str, ...]) -> str | None:
        """The quote that answers a question, given as plain words; None when none does."""
        if words in self.answers:
            return self.answers[words]
        for opening in _KEY_OPENINGS:
            if words[: len(opening)] == opening:
                words = words[len(opening) :]
                break
        return self.keys.get(_bare(words))

    def phrases(self) -> Iterator[str]:
        """Sentences that ask for the quotes."""
        yield from self.questions
        for key in self.keys:
            for shape in _KEY_SHAPES:
                yield shape.format(" ".join(key))


def read_instructions(text: str) -> Instructions:
    """Find what can be quoted in the first `_MAX_READ` characters. Never fails: other text is simply not quotable."""
    text = text[:_MAX_READ]
    answers: dict[tuple[str, ...], str] = {}
    keys: dict[tuple[str, ...], str] = {}
    questions: list[str] = []

    def pair(question: str, answer: str) -> None:
        words = plain_words(question)
        if words and words not in answers:
            answers[words] = sentence(answer)
            questions.append(" ".join(words))

    asked: str | None = None
    for line in _lines(text):
        plain = typewritten(line)
        if found := _QUESTION.fullmatch(plain):
            asked = found["text"]
        elif asked and (found := _ANSWER.fullmatch(plain)):
            pair(asked, line[slice(*found.span("text"))])
            asked = None
        elif found := _ONE_LINE.fullmatch(plain):
            pair(found["question"], line[slice(*found.span("answer"))])
        elif found := _KEY_VALUE.fullmatch(plain):
            words = _bare(plain_words(found["key"]))
            if 0 < len(words) <= _KEY_WORDS:
                keys.setdefault(words, sentence(line[slice(*found.span("value"))]))
    return Instructions(
        text=text.strip(),
        answers=answers,
        keys=keys,
        questions=tuple(questions),
        greeting=opening_in(text),
        verbatim=verbatim(text),
        facts=read_facts(text),
    )


def _bare(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words without articles in front."""
    while words and words[0] in _DETERMINERS:
        words = words[1:]
    return words


def _lines(text: str) -> Iterator[str]:
    for line in text.splitlines()[:_MAX_LINES]:
        if _QUESTION.fullmatch(line):
            yield from _SAME_LINE_PAIR.split(line)
        elif line.strip():
            yield line
