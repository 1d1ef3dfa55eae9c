"""Sentences that ask for a function, as templates built from its words and its parameters.

"get the current weather in a given location" with a parameter `location` gives, among others,

    (what is|what's|how is|how's) the [current] weather [like] (in|at|for|near|around|of) {location}
"""

from collections.abc import Iterator, Sequence
from itertools import permutations
from typing import Final

from voxwire.engines.llm.assistant.grammar import Slot, Template, in_turn
from voxwire.engines.llm.assistant.parameter_slots import ParameterKind
from voxwire.engines.llm.assistant.parameters import Parameter
from voxwire.engines.llm.assistant.quantities import QuantitySlot
from voxwire.engines.llm.assistant.tool_words import GENERIC, ToolWords

_POLITE: Final = "[please|can you|could you|can you please]"
#: A group "(often|(seldom|seldom))" makes the first as frequent as all others together.
_ARTICLE: Final = "(the|[a|an|my|some|any|your])"
_LOOKUP_SHAPES: Final = (
    "(what is|what's) the {object} [like|(now|today)]",
    f"{_POLITE} (tell me|(give me|show me)) [about] {_ARTICLE} {{object}}",
    "(how is|how's) the {object} [like|now|today]",
    "([the] {object}|(what is|what's) {object}"
    f"|{_POLITE} (get|check|(find|look up|show|look for|search for)) [me] {_ARTICLE} {{object}}"
    "|(i want|i need|i would like|i'd like) [to (know|see|hear)] [the|(a|an|my)] {object}"
    "|(do you know|what about|how about) the {object}"
    "|what (will the {object} be|is the {object} going to be) [like]|what are the {object})",
)
_ACTION_SHAPES: Final = (
    f"{_POLITE} {{verb}} [me|us] {_ARTICLE} {{object}}",
    f"((i want|i need|i would like|i'd like) [you] to|let's) {{verb}} {_ARTICLE} {{object}}",
)
#: Tails are all ordered choices of at most this many parameters; "and" joins more in the loose reading.
_TAIL: Final = 2
_SPOKEN_PARAMETERS: Final = 4
#: Sentences listed for every place, number or choice: an n-gram model wants each value after each
#: cue and before each sentence end, not the cross product of all values with all openings.
_REPEATS: Final = 3
_VARIANTS: Final = 40


class ToolGrammar:
    """The templates of one function, most telling first.

    Slots are named by the index of their parameter, since names of parameters may hold anything.
    """

    def __init__(self, words: ToolWords, parameters: Sequence[Parameter]) -> None:
        usable = [(f"p{n}", p) for n, p in enumerate(parameters) if p.kind is not ParameterKind.OPAQUE]
        self._slots: dict[str, Slot | Template] = {name: parameter.slot for name, parameter in usable}
        usable = usable[:_SPOKEN_PARAMETERS]
        required = [(name, p) for name, p in usable if p.required]
        openings = tuple(_openings(words, usable))
        self._listed: list[tuple[Template, int]] = []
        self.templates: tuple[Template, ...] = ()
        self.answers = tuple(self._template(f"{_lead(p)} {{{name}}}") for name, p in usable)
        if not openings:
            return
        self._slots["opening"] = Template("|".join(openings), self._slots)
        opening = "{opening}"
        main = " ".join(_phrase(name, p) for name, p in (required or usable[:1])[:_TAIL])
        tails = [
            " ".join(_phrase(name, p) for name, p in chosen)
            for size in range(1, min(_TAIL, len(usable)) + 1)
            for chosen in permutations(usable, size)
        ]
        if len(usable) > _TAIL:
            tails.append(" ".join(f"[{_phrase(name, p)}]" for name, p in usable))
        listed = [f"{opening} {main}".strip(), opening]
        if len(tails) > 1:
            listed.append(f"{opening} ({'|'.join(tails)})")
        if words.objects and not words.verbs:
            listed += [_fronted(words, name) for name, p in usable if p.kind in _FRONTED]
        self._listed = [(self._template(text), _REPEATS if number == 0 else 1) for number, text in enumerate(listed)]
        several = [
            f"{opening} {_phrase(name, p)} and {_lead(p)} {{{name}}}"
            for name, p in usable
            if p.kind in (ParameterKind.PLACE, ParameterKind.ENUM)
        ]
        self.templates = (*(template for template, _ in self._listed), *(self._template(text) for text in several))

    def sentences(self) -> Iterator[str]:
        """Sentences for a recogniser: requests, and bare answers to a question for a value."""
        requests = (template.sentences(variants=_VARIANTS, repeats=repeats) for template, repeats in self._listed)
        answers = (template.sentences(variants=4, repeats=2) for template in self.answers)
        return in_turn((*requests, *answers))

    def _template(self, text: str) -> Template:
        return Template(text, self._slots)


_OBJECT_KINDS: Final = (ParameterKind.ENUM, ParameterKind.TEXT)
_FRONTED: Final = (ParameterKind.PLACE, ParameterKind.ENUM, ParameterKind.DAY)


def _openings(words: ToolWords, usable: Sequence[tuple[str, Parameter]]) -> Iterator[str]:
    """Ways to ask, without the values."""
    nouns = f"({'|'.join(words.objects)})" if words.objects else ""
    if not words.verbs:
        yield from (shape.replace("{object}", nouns) for shape in _LOOKUP_SHAPES if nouns)
        return
    verbs = _first_often(words.verbs)
    if nouns:
        for shape in _ACTION_SHAPES:
            yield shape.replace("{object}", nouns).replace("{verb}", verbs)
        if any(parameter.required for _, parameter in usable):
            yield f"[the|a|an|my] {nouns}"  # a value is still missing, so nothing is done unasked
        parted = [verb.split() for verb in words.verbs if " " in verb]
        if parted:
            yield f"({'|'.join(verb[0] for verb in parted)}) [the|my] {nouns} {parted[0][1]}"
        enums = [f"{{{name}}}" for name, p in usable if p.kind is ParameterKind.ENUM]
        switches = [f"{{{name}}}" for name, p in usable if p.kind is ParameterKind.BOOLEAN]
        which = f"[{'|'.join(enums)}]" if enums else ""
        yield from (f"{_POLITE} {verbs} {_ARTICLE} {enum} {nouns}" for enum in enums)
        for switch in switches:
            yield f"[please] (turn|switch|{'|'.join(words.verbs)}) {switch} [the|my] {which} {nouns}"
            yield f"[please] (turn|switch|{'|'.join(words.verbs)}) [the|my] {which} {nouns} {switch}"
    if words.alone:
        yield f"{_POLITE} ({'|'.join(words.alone)}) [now]"
    own = "|".join(verb for verb in words.verbs if verb not in GENERIC)
    if own and not nouns:
        yield f"{_POLITE} ({own})"
    elif own and usable and usable[0][1].kind in _OBJECT_KINDS:
        yield f"{_POLITE} ({own}) {_ARTICLE} {{{usable[0][0]}}}"  # "play jazz": the value is the object


def _fronted(words: ToolWords, name: str) -> str:
    """ "paris weather", "what is the paris weather"."""
    return f"[what is [the]|what's the] {{{name}}} ({'|'.join(words.objects)})"


def _phrase(name: str, parameter: Parameter) -> str:
    """A value with the words that lead to it."""
    value = f"{{{name}}}"
    cues = _first_often(parameter.cues) if parameter.cues else ""
    if parameter.kind in (ParameterKind.PLACE, ParameterKind.TEXT):
        return f"{cues} {value}"
    if parameter.kind is ParameterKind.NUMBER and not isinstance(parameter.slot, QuantitySlot):
        own = " ".join(parameter.words)
        return f"[{cues}] [{own}] {value} [{own}|degrees|percent]"
    return f"[{cues}] {value}" if cues else value


def _lead(parameter: Parameter) -> str:
    """The words that may stand before a value given alone, in answer to a question."""
    return f"[{'|'.join(parameter.cues[:2])}]" if parameter.cues else ""


def _first_often(options: Sequence[str]) -> str:
    """A choice in which the first option is as frequent as all others together."""
    first, *others = options
    return f"({first}|({'|'.join(others)}))" if others else first
