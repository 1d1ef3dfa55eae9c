"""What a skill is: sentences it understands, and its answer to them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from voxwire.engines.llm.assistant.grammar import Match, Slot, Template


@dataclass(frozen=True)
class SkillContext:
    """What an answer may depend on besides the words: the time, and the conversation so far.

    `conversation` is all of it as a number, `last_said` the assistant's last words.
    """

    now: datetime
    conversation: int
    last_said: str | None = None


@dataclass(frozen=True)
class Skill:
    """Templates, and the answer to a match of one of them.

    `variants` and `repeats` say how many sentences of each template a recogniser hears of
    (`Template.sentences`).
    """

    templates: tuple[Template, ...]
    answer: Callable[[Match, SkillContext], str]
    variants: int = 24
    repeats: int = 1


def skill(
    answer: Callable[[Match, SkillContext], str],
    *templates: str,
    slots: Mapping[str, Slot] | None = None,
    variants: int = 24,
    repeats: int = 1,
) -> Skill:
    """A skill from template texts."""
    return Skill(tuple(Template(text, slots) for text in templates), answer, variants, repeats)


def reply(text: str, *templates: str) -> Skill:
    """A skill that always says the same."""
    return skill(lambda _match, _situation: text, *templates, variants=96)


def skill_phrases(skills: Iterable[Skill]) -> Iterator[str]:
    """Sentences for a recogniser, some of every template."""
    for each in skills:
        for template in each.templates:
            yield from template.sentences(variants=each.variants, repeats=each.repeats)
