"""Functions that the client declares: which one is meant, and with which arguments.

Reading is strict first: a whole sentence of the function's grammar. Where that fails, a loose
reading looks for the function's own words anywhere and for values after the words that lead to
them. What the user did not say is asked for, never made up, except under `tool_choice: required`
or a named function, where a call must come whatever was said (protocol: sessions, Tools). Every call that leaves
is valid against the declared schema.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from msgspec import UNSET

from voxwire.engines.llm.assistant.arguments import Arguments, at, lookup, merged, put
from voxwire.engines.llm.assistant.dates import Day
from voxwire.engines.llm.assistant.grammar import Filled, Match, Template
from voxwire.engines.llm.assistant.parameter_slots import ParameterKind, World
from voxwire.engines.llm.assistant.parameters import Parameter, read_parameters, settle_arguments
from voxwire.engines.llm.assistant.schema import Schemas
from voxwire.engines.llm.assistant.schema_check import is_valid
from voxwire.engines.llm.assistant.schema_example import example
from voxwire.engines.llm.assistant.slots import TextSlot
from voxwire.engines.llm.assistant.text import Wording
from voxwire.engines.llm.assistant.tool_grammar import ToolGrammar
from voxwire.engines.llm.assistant.tool_words import GENERIC, LOOKUPS, stem, tool_words
from voxwire.events.session_config import FunctionTool

#: How many calls one sentence can make ("in Paris and in Rome").
_MAX_CALLS: Final = 4
#: Verbs that ask for anything to be done.
_WISHES: Final = ("want", "need", "like", "get me", "give me")
#: A place after one of these is the end of a way that it names, and of no other.
_ROUTES: Final = ("from", "to")
#: Names of parameters that take a question as it was put.
_QUESTIONS: Final = frozenset(("query", "question", "q", "search", "prompt"))
_VALUE_END: Final = frozenset("please and with on in at for to from by saying tomorrow today now".split())


@dataclass(frozen=True)
class Reading:
    """A function with the arguments that were said: one set for every call to make.

    `missing` is the first required parameter without a value. `known` tells that every value is in
    its parameter's vocabulary and the whole sentence was understood.
    """

    tool: "Tool"
    arguments: tuple[Arguments, ...]
    missing: Parameter | None = None
    known: bool = False
    score: float = field(default=0.0, compare=False)


class Tool:
    """One declared function."""

    def __init__(self, function: FunctionTool, world: World) -> None:
        self.name = function.name
        self._schemas = Schemas({} if function.parameters is None else function.parameters)
        self._world = world
        self.parameters = read_parameters(self._schemas, world)
        self.words = tool_words(function.name, function.description)
        self.grammar = ToolGrammar(self.words, self.parameters)

    def accepts(self, arguments: Arguments) -> bool:
        """Whether the function can be called so."""
        return is_valid(self._schemas, arguments, self._schemas.root, self._world.effort)

    @property
    def takes_questions(self) -> bool:
        """Whether it looks up whatever free text it is given, as a search over documents does."""
        required = [p for p in self.parameters if p.required]
        return (
            not self.words.verbs
            and len(required) == 1
            and required[0].kind is ParameterKind.TEXT
            and bool(_QUESTIONS & set(required[0].words))
        )

    def read(self, said: Wording) -> Reading | None:
        """A whole sentence of the grammar; a reading with known values before one without."""
        unknown: Reading | None = None
        for match in self._matches(self.grammar.templates, said):
            reading = self._reading(match)
            if match.known:
                return reading
            unknown = unknown or reading
        if unknown is None or unknown.missing is None:
            return unknown
        # Free text may have swallowed the other values.
        arguments = self._extract(said)
        missing = self._missing(arguments)
        return Reading(self, (arguments,), score=self._filled(arguments)) if missing is None else unknown

    def read_answer(self, said: Wording, parameter: Parameter) -> Arguments:
        """A value given alone ("in Paris", "twenty"); empty when it is none."""
        index = self.parameters.index(parameter)
        for match in self._matches(self.grammar.answers, said):
            values = match.values.get(f"p{index}")
            if values and (match.known or parameter.kind is ParameterKind.TEXT) and (filled := parameter.fill(values)):
                return filled
        return {}

    def read_values(self, said: Wording) -> Arguments:
        """The arguments of a sentence that is nothing but one value; empty when it is not."""
        for match in self._matches(self.grammar.answers, said):
            if match.known:
                return self._reading(match).arguments[0]
        return {}

    def read_loosely(self, said: Wording) -> Reading | None:
        """The function's words anywhere in the utterance, None when they are not there."""
        stems = {stem(word) for word in said.words}
        topics = self.words.topics & stems
        hints = self.words.hints & stems
        acts = any(set(verb.split()) <= set(said.words) for verb in (*self.words.verbs, *_WISHES))
        if self.words.verbs and not acts:
            return None  # speaking of a call is not asking to end it
        speaks_of_it = 2 * len(topics) >= len(self.words.topics) > 0 or (len(hints) >= 2 and (topics or acts))
        # "Order a large tea" asks for a drink: a verb of the function's own, with a choice that it needs.
        own = any(set(verb.split()) <= set(said.words) for verb in self.words.verbs if verb not in GENERIC)
        if not (speaks_of_it or own):
            return None
        arguments = self._extract(said)
        choices = [p.path for p in self.parameters if p.required and p.kind is ParameterKind.ENUM]
        if not speaks_of_it and all(lookup(arguments, path) is UNSET for path in choices):
            return None
        told = 3 * len(topics) / max(len(self.words.topics), 1)
        score = told + acts + 0.5 * len(hints) + 0.25 * self._filled(arguments)
        return Reading(self, (arguments,), self._missing(arguments), known=False, score=score)

    def find(self, said: Wording, parameter: Parameter) -> Arguments:
        """The value of one parameter anywhere in an utterance; a free one takes it whole. Empty when there is none."""
        for _, filled in _candidates(parameter, said, self):
            if filled.known and (arguments := parameter.fill((filled.value,))):
                return arguments
        if not parameter.free or not said.tokens:
            return {}
        text = said.written(0, len(said))
        return parameter.fill((_capitals(text) if parameter.kind is ParameterKind.PLACE else text,))

    def with_question(self, said: Wording) -> Reading:
        """A reading that hands on the question itself, without "search for" before it."""
        start = 0
        for word in said.words[:-1]:
            if word not in LOOKUPS and not (start and word in ("for", "up")):
                break
            start += 1
        return self.with_values(self.parameters[0].fill((said.written(start, len(said)),)))

    def forced(self, said: Wording) -> list[Arguments]:
        """Arguments of the calls that must be made: what was said, and a guess for the rest that is required.

        Empty when no arguments were found that the schema allows.
        """
        reading = self.read(said)
        calls = reading.arguments if reading else (self._extract(said),)
        made = (self._completed(arguments, said.written(0, len(said))) for arguments in calls)
        return [arguments for arguments in made if arguments is not None]

    def _completed(self, said: Arguments, text: str) -> Arguments | None:
        """What was said, and a guess at the rest: the whole text where any words may stand."""
        root, now, effort = self._schemas.root, self._world.now(), self._world.effort
        made = example(self._schemas, {"allOf": [root, {"type": "object", **_holding(said)}]}, now, effort)
        if made is UNSET:
            made = example(self._schemas, {"allOf": [root, {"type": "object"}]}, now, effort)
        if made is UNSET:
            return None
        today = (Day(now.date(), "today"),)
        required = [parameter for parameter in self.parameters if parameter.required and not parameter.hidden]
        parts = [p.fill(today) for p in required if p.kind is ParameterKind.DAY]
        parts += [p.fill((text,)) for p in required if p.free]
        parts += [at(p.path, value) for p in self.parameters if (value := lookup(said, p.path)) is not UNSET]
        for part in parts:
            fuller = merged(made, part)
            made = fuller if self.accepts(fuller) else made
        return dict(made)

    def with_values(self, arguments: Arguments) -> Reading:
        """A reading from arguments put together elsewhere."""
        return Reading(self, (arguments,), self._missing(arguments), known=True)

    def _matches(self, templates: Sequence[Template], said: Wording) -> Iterator[Match]:
        for template in templates:
            match = template.match(said)
            if match is not None:
                yield match

    def _reading(self, match: Match) -> Reading:
        shared: Arguments = {}
        several: tuple[Parameter, tuple[Any, ...]] | None = None
        for index, parameter in enumerate(self.parameters):
            values = match.values.get(f"p{index}")
            if not values:
                continue
            if len(values) > 1 and not parameter.many:
                several = (parameter, values)
            shared = merged(shared, parameter.fill(values))
        calls = [self._pruned(shared)]
        if several is not None:
            parameter, values = several
            calls = [self._pruned(merged(shared, parameter.fill((value,)))) for value in values[:_MAX_CALLS]]
        missing = [self._missing(arguments) for arguments in calls]
        return Reading(self, tuple(calls), next(filter(None, missing), None), match.known, score=self._filled(shared))

    def _missing(self, arguments: Arguments) -> Parameter | None:
        return settle_arguments(self.parameters, arguments)

    def _filled(self, arguments: Arguments) -> int:
        """How many parameters have a value."""
        return sum(lookup(arguments, parameter.path) is not UNSET for parameter in self.parameters)

    def _pruned(self, arguments: Arguments) -> Arguments:
        """The arguments without those of an alternative that was not chosen."""
        if not any(parameter.when for parameter in self.parameters):
            return arguments
        out: Arguments = {}
        for parameter in self.parameters:
            value = lookup(arguments, parameter.path)
            if value is not UNSET and parameter.applies(arguments):
                put(out, parameter.path, value)
        return out

    def _extract(self, said: Wording) -> Arguments:
        """Values found anywhere, the closed vocabularies first; no word serves twice."""
        free = [True] * len(said)
        arguments: Arguments = {}
        for parameter in sorted(self.parameters, key=lambda p: _SPECIFIC.index(p.kind)):
            several = parameter.many and parameter.kind in _COLLECTED
            taken: list[Any] = []
            for start, filled in _candidates(parameter, said, self):
                if all(free[start : filled.end]) and (several or parameter.fill((filled.value,))):
                    free[start : filled.end] = [False] * (filled.end - start)
                    taken.append(filled.value)
                    if not several:
                        break
            if taken:
                arguments = merged(arguments, parameter.fill(taken))
        return self._pruned(arguments)


def _holding(value: Any) -> dict[str, Any]:
    """A schema that allows what has this value in it."""
    if isinstance(value, dict):
        return {"properties": {name: _holding(member) for name, member in value.items()}, "required": list(value)}
    if isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict):
        return {"items": _holding(value[0]), "minItems": 1}
    return {"const": value}


#: Kinds of which a list takes all that was named.
_COLLECTED: Final = (ParameterKind.ENUM, ParameterKind.DAY, ParameterKind.PLACE)
_SPECIFIC: Final = (
    ParameterKind.WRITTEN,
    ParameterKind.ENUM,
    ParameterKind.MOMENT,
    ParameterKind.TIME,
    ParameterKind.DURATION,
    ParameterKind.NUMBER,
    ParameterKind.DAY,
    ParameterKind.PLACE,
    ParameterKind.TEXT,
    ParameterKind.BOOLEAN,
    ParameterKind.OPAQUE,
)


def _candidates(parameter: Parameter, said: Wording, tool: Tool) -> Iterator[tuple[int, Filled]]:
    """Values of a parameter in an utterance, the best led in first."""
    if parameter.kind is ParameterKind.OPAQUE:
        return
    after_cue = list(_cue_ends(parameter, said))
    if parameter.kind is ParameterKind.TEXT:
        yield from _texts(parameter, said, tool, after_cue)
        return
    for start in after_cue:
        yield from ((start, filled) for filled in parameter.slot.match(said, start))
    if parameter.kind is ParameterKind.PLACE:
        # Without a lead only a name that nothing else explains: at the end, or of several words.
        for start in range(len(said)):
            for filled in parameter.slot.match(said, start):
                led_elsewhere = start > 0 and said.words[start - 1] in _ROUTES and start not in after_cue
                if (filled.end == len(said) or filled.end - start > 1) and not led_elsewhere:
                    yield start, filled
        for start in after_cue:
            end = _value_end(said, start)
            if end > start:
                text = said.written(start, end)
                yield start, Filled(end, _capitals(text), known=False)
        return
    for start in range(len(said)):
        yield from ((start, filled) for filled in parameter.slot.match(said, start))


def _cue_ends(parameter: Parameter, said: Wording) -> Iterator[int]:
    """Where values may begin: after the parameter's cues, then after its own name."""
    for cue in (*(tuple(cue.split()) for cue in parameter.cues), parameter.words):
        for start in range(len(said) - len(cue)):
            if cue and said.words[start : start + len(cue)] == cue:
                yield start + len(cue)


def _texts(parameter: Parameter, said: Wording, tool: Tool, after_cue: Sequence[int]) -> Iterator[tuple[int, Filled]]:
    if isinstance(parameter.slot, TextSlot):
        for start in range(len(said)):
            yield from ((start, filled) for filled in parameter.slot.match_known(said, start))
    first = said.tokens[0].start if said.tokens else 0
    for opening, closing in (('"', '"'), ("“", "”")):
        begin = said.text.find(opening, max(first - 1, 0))
        finish = said.text.find(closing, begin + 1) if begin >= 0 else -1
        inside = [n for n, token in enumerate(said.tokens) if begin < token.start and token.end <= finish]
        if inside:
            yield inside[0], Filled(inside[-1] + 1, said.text[begin + 1 : finish].strip())
    for start in after_cue:
        for end in (len(said), _value_end(said, start)):
            if end > start:
                yield start, Filled(end, said.written(start, end), known=False)
    # "play some jazz", "translate good morning": what follows the function's own words.
    own = {stem(word) for verb in tool.words.verbs for word in verb.split()} | tool.words.topics
    last = max((n for n, word in enumerate(said.words) if stem(word) in own), default=len(said))
    start = last + 1 if len(parameter.steps) == 1 or parameter.required else len(said)
    while start < len(said) and said.words[start] in ("the", "a", "an", "some", "of", "for", "me", "to", "about"):
        start += 1
    if start < len(said):
        yield start, Filled(len(said), said.written(start, len(said)), known=False)


def _capitals(name: str) -> str:
    """A place that only a recogniser wrote gets the capitals of a name."""
    return name if name != name.lower() else name.title()


def _value_end(said: Wording, start: int) -> int:
    end = start
    while end < len(said) and said.words[end] not in _VALUE_END:
        end += 1
    return end
