"""Somebody calls for help. The assistant cannot call anybody, and says so at once."""

import re
from typing import Final

from voxwire.engines.llm.assistant.skills.skill import Skill, reply
from voxwire.engines.llm.assistant.text import Wording

CANNOT_CALL: Final = (
    "I cannot call anybody. If this is an emergency, please dial the emergency number yourself, now: "
    "9 1 1 in North America, 1 1 2 in Europe."
)
_HELPERS: Final = (
    r"(?:ambulances?|paramedics?|police(?! (?:report|station|record|car))|cops|fire (?:department|brigade|service)|"
    r"firefighters|emergency (?:services?|number)|911|112|999|9(?: minus)? 1(?: minus)? 1|nine one one|one one two|"
    r"nine nine nine|nine eleven)"
)
_CALLS: Final = re.compile(
    rf"\b(?:call|get|send|dial|phone|ring|fetch|reach|contact|need)\b(?: [\w']+){{0,4}}? {_HELPERS}\b"
    r"|\b(?:call|get|send|fetch|need)\b(?: me| us)? (?:a|the) doctor(?! ?'s)\b"
    r"|\bthis is an emergency\b|\bcall for help\b|\bheart attack\b|\bnot breathing?\b|\bcan not breathe\b"
    r"|\bis on fire\b|\bbleeding to death\b|\bkill myself\b"
)

EMERGENCY: Final[Skill] = reply(
    CANNOT_CALL,
    "[help|please|i need help] (call|get) (an ambulance|the police|nine one one|the fire department|a doctor|help)",
    "i need (an ambulance|the police)",
    "(call|please call) (for help|emergency services)",
    "this is an emergency",
)


def calls_for_help(said: Wording) -> bool:
    """Whether an ambulance, the police or the like are asked for, in whatever words around it."""
    return _CALLS.search(" ".join(said.words)) is not None
