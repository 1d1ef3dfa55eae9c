"""All skills, in the order in which they are asked."""

from voxwire.engines.llm.dates import DaySlot
from voxwire.engines.llm.places import PlaceSlot
from voxwire.engines.llm.skills.arithmetic import ARITHMETIC
from voxwire.engines.llm.skills.chance import CHANCE
from voxwire.engines.llm.skills.clock import clock_skills
from voxwire.engines.llm.skills.emergency import EMERGENCY
from voxwire.engines.llm.skills.skill import Skill
from voxwire.engines.llm.skills.smalltalk import SKILLS as SMALLTALK
from voxwire.engines.llm.skills.units import UNITS
from voxwire.engines.llm.skills.words import WORDS


def all_skills(place: PlaceSlot, day: DaySlot) -> tuple[Skill, ...]:
    """Every skill; the wildcards of `words` come last, after everything that says what it means."""
    return (EMERGENCY, *SMALLTALK, *clock_skills(place, day), *UNITS, *ARITHMETIC, *CHANCE, *WORDS)
