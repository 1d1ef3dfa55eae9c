"""All skills, in the order in which they are asked."""

from voxwire.engines.llm.assistant.dates import DaySlot
from voxwire.engines.llm.assistant.places import PlaceSlot
from voxwire.engines.llm.assistant.skills.arithmetic import ARITHMETIC
from voxwire.engines.llm.assistant.skills.chance import CHANCE
from voxwire.engines.llm.assistant.skills.clock import clock_skills
from voxwire.engines.llm.assistant.skills.emergency import EMERGENCY
from voxwire.engines.llm.assistant.skills.letters import LETTERS
from voxwire.engines.llm.assistant.skills.skill import Skill
from voxwire.engines.llm.assistant.skills.smalltalk import SKILLS as SMALLTALK
from voxwire.engines.llm.assistant.skills.units import UNITS


def all_skills(place: PlaceSlot, day: DaySlot) -> tuple[Skill, ...]:
    """Every skill; the wildcards of `words` come last, after everything that says what it means."""
    return (EMERGENCY, *SMALLTALK, *clock_skills(place, day), *UNITS, *ARITHMETIC, *CHANCE, *LETTERS)
