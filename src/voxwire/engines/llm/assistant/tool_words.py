"""What a function's name and description say: what it does (verb) and with what (object).

`get_current_weather` looks something up: the object is "weather", with "current" before it at will.
`turn_on_lights` does something: the verb is "turn on", the object "lights".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from voxwire.engines.llm.assistant.text import identifier_words, plain_words

#: Verbs of functions that answer a question.
LOOKUPS: Final = frozenset(
    "get fetch find look lookup search query retrieve read check show list tell return provide give see view describe "
    "report determine obtain access load display compute calculate estimate predict request answer generate".split()
)
#: Verbs of functions that act, each with the other words people use for it.
_ACTIONS: Final = (
    "set change adjust turn switch put make",
    "control turn switch set",
    "turn switch",
    "switch turn",
    "toggle switch turn",
    "increase raise",
    "decrease lower reduce",
    "create make add",
    "make create",
    "add put",
    "schedule book make set up|arrange",
    "book reserve make",
    "reserve book",
    "order get buy",
    "buy order purchase",
    "purchase buy order",
    "delete remove cancel",
    "remove delete",
    "cancel stop delete",
    "send write",
    "write send",
    "play start put on",
    "start begin|launch|run",
    "stop end|quit",
    "end stop finish",
    "call phone|dial|ring",
    "open", "close", "lock", "unlock", "pause", "resume", "skip", "transfer forward connect", "move", "update change",
    "save store|remember", "remember save", "mark", "submit", "translate", "convert", "define", "track", "navigate",
    "record", "post", "share", "print", "reset restart", "restart reboot", "enable turn on", "disable turn off",
    "activate start", "deactivate stop", "reschedule move", "confirm", "hang", "escalate", "report",
    "draw make", "log", "register", "subscribe", "unsubscribe", "pay", "charge", "refund", "upload", "download",
    "launch open start", "trigger run start", "execute run", "run start", "notify tell", "invite", "leave", "join",
    "dim", "mute", "unmute", "assign", "place make", "modify change", "edit change", "apply", "request ask for",
    "perform do", "handle", "say",
)  # fmt: skip
_ARTICLES: Final = frozenset(("a", "an", "the", "all", "some", "new", "any"))
_PARTICLES: Final = frozenset(("on", "off", "up", "down", "out", "away", "back"))
#: Verbs with these need their object said; "play jazz" is clear, "set five" is not.
GENERIC: Final = frozenset(
    "set change adjust turn switch put make create add update control perform handle do run submit save modify apply "
    "start begin place get mark trigger execute".split()
)
#: Adjectives that people leave out.
_WEAK: Final = frozenset(
    "current currently latest live new real all list available user users customer info information data details "
    "detail value result results given specific today todays item items by id".split()
)
_STOPS: Final = frozenset(
    "a an the of in for at on to from with by and or as into about between through within over after before until "
    "during without given based using near via per is are was be that this which whose when where your their his her "
    "its my our if not it them they you we will can should would use used function tool user users specified specific "
    "provided particular e g any".split()
)
_FIRST_CLAUSE: Final = re.compile(r"[.;:\n(]")
_MAX_OBJECT: Final = 4


@dataclass(frozen=True)
class ToolWords:
    """How people may speak of a function.

    `objects` are noun phrases in template notation ("[current] weather"), `verbs` spoken verbs with
    their particles ("turn on"), empty for a lookup. `alone` are the verbs that need no object ("hang up").
    `topics` are the stems that tell the function
    from others, `hints` stems of further content words of its description.
    """

    objects: tuple[str, ...]
    verbs: tuple[str, ...]
    alone: tuple[str, ...]
    topics: frozenset[str]
    hints: frozenset[str]


def tool_words(name: str, description: str | None) -> ToolWords:
    """Read a function's name and the first clause of its description."""
    named = identifier_words(name)
    clause = plain_words(_FIRST_CLAUSE.split((description or "").strip(), maxsplit=1)[0][:300])
    clause = tuple(word for word in clause if not word.endswith("'s"))  # "the user's", "today's"
    verb, particle, rest = _split(named)
    told_verb, told_particle, told_rest = _split(tuple(_base(word) for word in clause[:1]) + clause[1:])
    if not verb and named[1:] and clause[:1] and stem(clause[0]) == named[0] not in LOOKUPS:
        # "brew_coffee: Brews a cup of coffee", with a verb that we do not know
        verb, rest, told_rest = named[0], named[1:], clause[1:]
    lookup = named[:1] and named[0] in LOOKUPS
    spoken = [f"{v} {particle}".strip() for v in _synonyms(verb)]
    if not lookup:
        spoken += [f"{v} {told_particle}".strip() for v in (_synonyms(told_verb) if not verb else (told_verb,)) if v]
    phrases = [phrase for phrase in (_noun_phrase(rest), _noun_phrase(told_rest)) if phrase]
    topics = {stem(word) for word in rest if word not in _WEAK and word not in _STOPS}
    if not topics:
        topics = {stem(word) for word in (phrases[0] if phrases else named) if word not in _STOPS}
    content = {stem(word) for word in clause if word not in _STOPS and word not in _WEAK and len(word) > 2}
    return ToolWords(
        objects=tuple(dict.fromkeys(_template(phrase) for phrase in phrases)),
        verbs=tuple(dict.fromkeys(spoken)),
        alone=(f"{told_verb} {told_particle}".strip(),)
        if told_verb and not lookup and not _noun_phrase(told_rest)
        else (),
        topics=frozenset(topics),
        hints=frozenset(content - topics),
    )


def stem(word: str) -> str:
    """A word without its plural or its third person, for comparing."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def _split(words: tuple[str, ...]) -> tuple[str, str, tuple[str, ...]]:
    """Action verb, its particle, and the rest; no verb for a lookup."""
    if not words:
        return "", "", ()
    first, rest = words[0], words[1:]
    if first in LOOKUPS:
        return "", "", rest[1:] if rest[:1] == ("up",) else rest
    if first not in _VERBS:
        return "", "", words
    particle = rest[0] if rest and rest[0] in _PARTICLES else ""
    return first, particle, rest[1:] if particle else rest


def _noun_phrase(words: tuple[str, ...]) -> tuple[str, ...]:
    """The words up to the first preposition, without articles; empty when there is no clear one.

    A preposition at the very start stays: "transfer_to_agent" is spoken "transfer me to an agent".
    """
    lead = words[:1] if words[:1] in (("to",), ("for",), ("with",)) else ()
    out: list[str] = []
    for word in words[len(lead) :]:
        if word in _ARTICLES and not out:
            continue
        if word in _STOPS or len(out) == _MAX_OBJECT:
            break
        out.append(word)
    return (*lead, *out) if any(word not in _WEAK for word in out) else ()


def _template(phrase: tuple[str, ...]) -> str:
    """The noun phrase in template notation: weak words optional, the last word in either number."""
    lead = ""
    if phrase[0] in _STOPS:
        lead, phrase = f"[me] {phrase[0]} [a|an|the] ", phrase[1:]
    *before, last = phrase
    while last in _WEAK and before:
        last = before.pop()
    words = [f"[{word}]" if word in _WEAK else word for word in before]
    return lead + " ".join([*words, _either_number(last)])


def _either_number(word: str) -> str:
    if stem(word) != word:
        return f"({word}|{stem(word)})"
    if word.endswith(("s", "x", "ch", "sh", "y")) or word in _UNCOUNTABLE:
        return word
    return f"({word}|{word}s)"


_UNCOUNTABLE: Final = frozenset("weather traffic news music temperature time information money help mail".split())


def _base(word: str) -> str:
    """ "Sends" and "Gets" as "send" and "get"."""
    for base in (word, word.removesuffix("s"), word.removesuffix("es")):
        if base in _VERBS or base in LOOKUPS:
            return base
    return word


def _alternatives(line: str) -> Iterator[str]:
    for group in line.split("|"):
        words = group.split()
        while words:
            take = 2 if words[1:2] and words[1] in (*_PARTICLES, "for") else 1
            yield " ".join(words[:take])
            words = words[take:]


_VERBS: Final = {next(_alternatives(line)).split()[0]: tuple(_alternatives(line)) for line in _ACTIONS}


def _synonyms(verb: str) -> tuple[str, ...]:
    return _VERBS.get(verb, (verb,)) if verb else ()
