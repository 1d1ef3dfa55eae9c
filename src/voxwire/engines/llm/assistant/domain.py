"""Everything the assistant expects to hear in one session: skills, instructions, functions.

Built from the session's settings alone, so it is kept and used again for every turn.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from typing import Final

from voxwire.engines.llm.assistant.effort import Effort
from voxwire.engines.llm.assistant.grammar import Match, in_turn
from voxwire.engines.llm.assistant.instructions import Instructions
from voxwire.engines.llm.assistant.skills.skill import Skill
from voxwire.engines.llm.assistant.text import Wording
from voxwire.engines.llm.assistant.tools import Reading, Tool

#: Sentences handed to a recogniser; building its language model takes time for each.
MAX_PHRASES: Final = 20_000

#: Words alone: a recogniser hears "four", never "4".
_SPEAKABLE: Final = re.compile(r"[a-z']+(?: [a-z']+)*")

#: Politeness around a request, longest first: it changes nothing.
_LEADS: Final = tuple(
    tuple(lead.split())
    for lead in (
        "can you please", "could you please", "would you please", "will you please", "i would like you to",
        "i want you to", "do you think you can", "would you mind", "can you", "could you", "would you", "will you",
        "hey there", "hello there", "good morning", "good afternoon", "good evening", "excuse me", "all right",
        "i said", "please", "okay", "ok", "alright", "hello", "hi", "hey", "um", "uh", "er", "so", "well", "now", "and",
        "then", "but", "yes", "yeah", "actually", "just", "quickly", "assistant", "computer",
    )
)  # fmt: skip
_TAILS: Final = tuple(
    tuple(tail.split())
    for tail in (
        "if you can", "if you please", "thank you very much", "thank you", "right now", "for me", "please", "thanks",
        "now", "then", "again", "today", "at the moment", "currently", "assistant",
    )
)  # fmt: skip


@dataclass(frozen=True)
class Domain:
    """What one session's instructions and functions add to the skills."""

    skills: tuple[Skill, ...]
    skill_phrases: tuple[str, ...]
    instructions: Instructions
    tools: tuple[Tool, ...]
    effort: Effort

    @cached_property
    def phrases(self) -> tuple[str, ...]:
        """Plain sentences to expect, each once, in a fixed order, at most `MAX_PHRASES`."""
        found = dict.fromkeys(islice(chain(self.skill_phrases, self.instructions.phrases()), MAX_PHRASES // 2))
        room = MAX_PHRASES - len(found)
        found.update(dict.fromkeys(islice(in_turn(tool.grammar.sentences() for tool in self.tools), room)))
        return tuple(sentence for sentence in found if _SPEAKABLE.fullmatch(sentence))

    def understands(self, said: Wording) -> bool:
        """Whether the whole utterance is a known request with known values."""
        self.effort.renew()
        for core in politeness_removed(said):
            if self.instructions.answer(core.words) is not None:
                return True
            if any(match is not None and match.known for _, match in self._skill_matches(core)):
                return True
            for tool in self.tools:
                reading = tool.read(core)
                if (reading is not None and reading.known) or tool.read_values(core):
                    return True
        return False

    def skill(self, said: Wording, *, known: bool) -> tuple[Skill, Match] | None:
        """The skill that answers; with `known` only one whose every slot was understood."""
        for core in politeness_removed(said):
            for skill, match in self._skill_matches(core):
                if match is not None and match.known is known:
                    return skill, match
        return None

    def tool(self, said: Wording, *, known: bool) -> Reading | None:
        """The function asked for by a whole sentence; the one with most values said wins."""
        for core in politeness_removed(said):
            readings = [tool.read(core) for tool in self.tools]
            best = _best([reading for reading in readings if reading is not None and reading.known is known])
            if best is not None:
                return best
        return None

    def tool_loosely(self, said: Wording) -> Reading | None:
        """The function whose words stand out in the utterance, None when none does."""
        readings = [tool.read_loosely(said) for tool in self.tools]
        return _best([reading for reading in readings if reading is not None])

    def tool_for_questions(self, said: Wording) -> Reading | None:
        """The function that searches for whatever it is given, asked with the whole utterance."""
        for tool in self.tools:
            if tool.takes_questions and said.tokens:
                return tool.with_question(said)
        return None

    def _skill_matches(self, said: Wording) -> Sequence[tuple[Skill, Match | None]]:
        return [(skill, template.match(said)) for skill in self.skills for template in skill.templates]


def politeness_removed(said: Wording) -> list[Wording]:
    """The utterance, then without what politeness leads in or follows; never empty, never none of it."""
    found = [said]
    start, end = 0, len(said)
    for _ in range(8):
        lead = next((lead for lead in _LEADS if said.words[start : start + len(lead)] == lead), ())
        if not lead or start + len(lead) >= end:
            break
        start += len(lead)
        found.append(said.part(start, end))
    for _ in range(4):
        tail = next((tail for tail in _TAILS if said.words[max(end - len(tail), start) : end] == tail), ())
        if not tail or end - len(tail) <= start:
            break
        end -= len(tail)
        found += [said.part(start, end), said.part(0, end)]
    return list(dict.fromkeys(found))


def _best(readings: list[Reading]) -> Reading | None:
    return max(readings, key=lambda reading: reading.score, default=None)
