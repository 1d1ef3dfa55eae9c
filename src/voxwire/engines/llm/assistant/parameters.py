"""Parameters of a declared function: what may fill each, and how to ask for it.

Members of nested objects are parameters of their own, and so are those of the first object of a list:
`{"lines": [{"sku": ..., "quantity": ...}]}` has two. Objects told apart by a tag (pydantic's and zod's
discriminated unions) have the tag as a parameter, and the others apply once it has their value.
"""

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Final

from msgspec import UNSET

from voxwire.engines.llm.assistant.arguments import Arguments, Path, at, lookup, merged, put
from voxwire.engines.llm.assistant.grammar import Slot
from voxwire.engines.llm.assistant.parameter_slots import (
    MUTE,
    ParameterKind,
    Speech,
    World,
    name_and_description,
    speech_of,
)
from voxwire.engines.llm.assistant.places import Place
from voxwire.engines.llm.assistant.quantities import QuantitySlot
from voxwire.engines.llm.assistant.schema import Schema, Schemas, choices, kind_of
from voxwire.engines.llm.assistant.schema_check import distinct, is_valid
from voxwire.engines.llm.assistant.text import identifier_words, listed, spelt_list
from voxwire.engines.llm.assistant.tool_words import stem

_LATITUDE: Final = frozenset(("lat", "latitude"))
_LONGITUDE: Final = frozenset(("lon", "lng", "long", "longitude"))
#: Words that lead to a value, by what the parameter's name or description speaks of.
_CUES: Final = (
    (frozenset(("origin", "from", "departure", "source", "start", "departing")), ("from",)),
    (frozenset(("destination", "arrival", "target", "to", "recipient", "recipients", "receiver")), ("to",)),
    (frozenset(("message", "text", "body", "content", "note")), ("saying", "that says", "that", "with the text")),
    (frozenset(("name", "title", "label", "called")), ("called", "named", "titled", "for", "under the name")),
    (frozenset(("query", "search", "term", "keyword", "keywords")), ("for", "about")),
    (frozenset(("topic", "subject", "about")), ("about", "on")),
    (frozenset(("language",)), ("in", "into", "to")),
)
_KIND_CUES: Final = {
    "place": ("in", "at", "for", "near", "around", "of"),
    "day": ("on", "for"),
    "time": ("at", "for"),
    "moment": ("on", "at", "for"),
    "duration": ("for", "of"),
    "written": ("to", "at", "for", "with", "of"),
    "number": ("to", "for", "of", "at", "with"),
    "enum": ("in", "to", "with", "for", "as", "of", "on"),
    "text": ("for", "of", "called", "named", "about", "on", "with"),
}
#: Nobody fills a longer form by voice.
_MAX_PARAMETERS: Final = 48
_MAX_DEPTH: Final = 6
#: A generator of schemas writes at least one of these; it lists a required parameter as required.
_GENERATED: Final = ("$schema", "$defs", "definitions", "title", "additionalProperties")


_When = tuple[tuple[Path, tuple[Any, ...]], ...]


@dataclass(frozen=True)
class PathStep:
    """One step of the way to a parameter. `fallback` is what the schema puts there when nothing is said, or UNSET."""

    path: Path
    required: bool
    fallback: Any = UNSET


@dataclass(frozen=True)
class Parameter:
    """One value to be spoken.

    `steps` lead to it from the outside, its own last. `cues` are the words that may stand before a value,
    `speech` reads it, `accepts` says whether a JSON value may stand. `many` marks an array, whose values are
    collected. `when` are the tags that must have one of these values for the parameter to apply.
    `coordinates` are the places of latitude and longitude that a place fills as well, since nobody speaks
    degrees; with `hidden` it fills nothing else.
    """

    name: str
    steps: tuple[PathStep, ...]
    schema: Any
    speech: Speech
    accepts: Callable[[Any], bool]
    accepts_each: Callable[[Any], bool]
    cues: tuple[str, ...]
    question: str
    many: bool = False
    when: _When = ()
    coordinates: tuple[Path, ...] = ()
    hidden: bool = False

    @property
    def kind(self) -> ParameterKind:
        return self.speech.kind

    @property
    def slot(self) -> Slot:
        return self.speech.slot

    @property
    def path(self) -> Path:
        return self.steps[-1].path

    @property
    def required(self) -> bool:
        """Whether no call can be made until somebody says it."""
        return not self.when and all(step.required and step.fallback is UNSET for step in self.steps)

    @property
    def words(self) -> tuple[str, ...]:
        return identifier_words(self.name)

    @property
    def free(self) -> bool:
        """Whether any words may be its value."""
        return self.kind in (ParameterKind.TEXT, ParameterKind.PLACE)

    def applies(self, arguments: Arguments) -> bool:
        return all(lookup(arguments, path) in values for path, values in self.when)

    def filled(self, arguments: Arguments) -> bool:
        """Whether the arguments hold all that this parameter fills."""
        coordinates = self.coordinates if self.hidden or self.steps[-1].required else ()
        places = coordinates if self.hidden else (self.path, *coordinates)
        return all(lookup(arguments, place) is not UNSET for place in places)

    def fill(self, values: Sequence[Any]) -> Arguments:
        """Arguments from the values of `slot`, in spoken order; empty when the schema allows none of them."""
        place = values[0] if isinstance(values[0], Place) else None
        arguments: Arguments = {}
        if self.coordinates and place:
            for path, degrees in zip(self.coordinates, (place.latitude, place.longitude), strict=True):
                put(arguments, path, degrees)
        if self.hidden:
            return arguments
        value = self._several(values) if self.many else self._first_accepted(values[0], self.accepts)
        return {} if value is UNSET else merged(at(self.path, value), arguments)

    def _several(self, values: Sequence[Any]) -> Any:
        if self.kind is ParameterKind.TEXT:
            values = [part for value in values for part in spelt_list(value)]
        written = [self._first_accepted(value, self.accepts_each) for value in values]
        several = [value for value in written if value is not UNSET]
        for candidate in (several, distinct(several), [several] if several else []):
            if candidate and self.accepts(candidate):
                return candidate
        return UNSET

    def _first_accepted(self, value: Any, accepts: Callable[[Any], bool]) -> Any:
        return next((form for form in self.speech.forms(value) if accepts(form)), UNSET)


def settle_arguments(parameters: Iterable[Parameter], arguments: Arguments) -> Parameter | None:
    """Add what the schema says for values that nobody said; the first parameter that has to be asked for."""
    for parameter in parameters:
        if not parameter.applies(arguments):
            continue
        for step in parameter.steps:
            if lookup(arguments, step.path) is not UNSET:
                continue
            if step.required and step.fallback is not UNSET:
                put(arguments, step.path, deepcopy(step.fallback))
            if not step.required or step.fallback is not UNSET:
                break
        else:
            if not parameter.filled(arguments):
                return parameter
    return None


def read_parameters(schemas: Schemas, world: World) -> tuple[Parameter, ...]:
    """The parameters of a JSON Schema object, required ones first; empty for anything else.

    A schema written by hand that lists no `required` at all but has one property to name or choose means
    it: nobody writes a function with a lone parameter to call it without.
    """
    tree = _Tree(schemas, world)
    root = schemas.plain(schemas.root)
    properties = root.get("properties")
    alone = isinstance(properties, dict) and len(properties) == 1 and "required" not in root
    if alone and not any(key in root for key in _GENERATED):
        tree.means_it = True
    tree.objects(schemas.options(schemas.root), (), ())
    parameters = _with_coordinates(tree.found, tree)
    # What cannot be spoken comes first, before a user is asked for the rest in vain.
    parameters.sort(key=lambda p: (not p.required, p.kind is not ParameterKind.OPAQUE))
    return tuple(parameters[:_MAX_PARAMETERS])


class _Tree:
    """Walks through a schema and collects the parameters in it."""

    def __init__(self, schemas: Schemas, world: World) -> None:
        self.found: list[Parameter] = []
        self.means_it = False
        self._schemas = schemas
        self._world = world

    def objects(self, options: Sequence[Schema], steps: tuple[PathStep, ...], when: _When) -> None:
        """The members of one object, whatever alternative of it is meant."""
        if len(options) < 2:
            for option in options:
                self._members(option, steps, when)
            return
        tag = _tag(options, self._schemas)
        if tag is None:
            self._members(options[0], steps, when)
            return
        path: Path = (*(steps[-1].path if steps else ()), tag)
        values = [self._tags(option, tag) for option in options]
        choice = {"enum": [value for each in values for value in each]}
        self._leaf(choice, [choice], (*steps, PathStep(path, required=True)), when)
        for option, own in zip(options, values, strict=True):
            self._members(option, steps, (*when, (path, tuple(own))), without=tag)

    def _members(self, schema: Schema, steps: tuple[PathStep, ...], when: _When, without: str | None = None) -> None:
        properties, required = schema.get("properties"), schema.get("required")
        if not isinstance(properties, dict) or len(steps) > _MAX_DEPTH:
            return
        for name, inner in properties.items():
            if len(self.found) >= 4 * _MAX_PARAMETERS:
                return
            if name != without:
                path = (*(steps[-1].path if steps else ()), name)
                needed = name in required if isinstance(required, list) else False
                step = PathStep(path, needed, self._fallback(inner) if needed else UNSET)
                self._value(inner, (*steps, step), when)

    def _value(self, schema: Any, steps: tuple[PathStep, ...], when: _When) -> None:
        options = self._schemas.options(schema)
        entry, held = self._entry(options)
        if options and all(_has_members(option) for option in options):
            self.objects(options, steps, when)
        elif held and all(_has_members(option) for option in held):
            path = (*steps[-1].path, 0)
            self.objects(held, (*steps, PathStep(path, required=True)), when)
        else:
            self._leaf(schema, options, steps, when, entry)

    def _entry(self, options: Sequence[Schema]) -> tuple[Any, list[Schema]]:
        """The schema of an array's items, with its alternatives; none for anything else."""
        array = options[0] if len(options) == 1 and kind_of(options[0]) == "array" else {}
        items = array.get("items")
        if not isinstance(items, dict) or array.get("prefixItems"):
            return None, []
        return items, self._schemas.options(items)

    def _leaf(
        self, schema: Any, options: Sequence[Schema], steps: tuple[PathStep, ...], when: _When, entry: Any = None
    ) -> None:
        name = str(steps[-1].path[-1])[:80]
        description = self._schemas.plain(schema).get("description")
        description = description[:2_000] if isinstance(description, str) else ""
        options = self._schemas.options(entry) if entry is not None else options
        speeches = [speech_of(option, name, description, self._world) for option in options]
        speech = next((speech for speech in speeches if speech.kind is not ParameterKind.OPAQUE), MUTE)
        if self.means_it and speech.kind in _NAMED_OR_CHOSEN:
            steps = (replace(steps[0], required="default" not in self._schemas.plain(schema)),)
        free = speech.kind is ParameterKind.TEXT and not all(step.required for step in steps[:-1])
        schemas, effort = self._schemas, self._world.effort
        spoken = _spoken(steps[-1].path)
        self.found.append(
            Parameter(
                name=name,
                steps=steps,
                schema=schema,
                speech=speech,
                accepts=lambda value: is_valid(schemas, value, schema, effort),
                accepts_each=lambda value: is_valid(schemas, value, entry, effort),
                # Within an object that nobody may have spoken of, free text answers to its name alone.
                cues=() if free else _cues(speech.kind, *name_and_description(name, description)),
                question=_question(speech, spoken),
                many=entry is not None,
                when=when,
            )
        )

    def place(self, steps: tuple[PathStep, ...], when: _When) -> Parameter:
        """A place that stands for latitude and longitude alone."""
        schema = {"type": "string"}
        tree = _Tree(self._schemas, self._world)
        tree._leaf(schema, [schema], (*steps[:-1], replace(steps[-1], path=(*steps[-1].path[:-1], "place"))), when)
        return replace(tree.found[0], steps=steps, hidden=True)

    def _fallback(self, schema: Any) -> Any:
        """What a required value is when nobody says it: its default, its only value, null, an object of nothing."""
        plain, options, effort = self._schemas.plain(schema), self._schemas.options(schema), self._world.effort
        candidates = [plain[key] for key in ("default", "const") if key in plain]
        candidates += [option["const"] for option in options[:1] if len(options) == 1 and "const" in option]
        candidates.append(None)
        if options and _has_members(options[0]):
            candidates.append({})
        return next((value for value in candidates if is_valid(self._schemas, value, schema, effort)), UNSET)

    def _tags(self, option: Schema, tag: str) -> list[Any]:
        return [value for inner in self._schemas.options(option["properties"][tag]) for value in choices(inner)]


_NAMED_OR_CHOSEN: Final = (ParameterKind.TEXT, ParameterKind.PLACE, ParameterKind.DAY, ParameterKind.ENUM)


def _has_members(schema: Schema) -> bool:
    return kind_of(schema) == "object" and isinstance(schema.get("properties"), dict) and bool(schema["properties"])


def _tag(options: Sequence[Schema], schemas: Schemas) -> str | None:
    """The member that tells the alternatives apart: in each of them one of a few values that no other has."""
    names: Iterable[str] = options[0]["properties"] if _has_members(options[0]) else ()
    for name in names:
        seen: list[Any] = []
        for option in options:
            inner = option["properties"].get(name) if _has_members(option) else None
            own = [value for each in schemas.options(inner) for value in choices(each)] if inner is not None else []
            if not own or any(value in seen for value in own) or name not in option.get("required", ()):
                break
            seen += own
        else:
            return name
    return None


def _with_coordinates(parameters: list[Parameter], tree: _Tree) -> list[Parameter]:
    """Let a place fill latitude and longitude beside it, a place of its own where there is none."""
    out = list(parameters)
    for latitude in parameters:
        beside = [p for p in parameters if p.path[:-1] == latitude.path[:-1] and p.when == latitude.when]
        longitude = next((p for p in beside if _is_degree(p, _LONGITUDE)), None)
        if not _is_degree(latitude, _LATITUDE) or longitude is None:
            continue
        place = next((p for p in beside if p.kind is ParameterKind.PLACE and not p.many), None)
        parts = [p for p in (latitude, longitude, place) if p is not None]
        own = place or tree.place(latitude.steps, latitude.when)
        required = any(p.steps[-1].required for p in parts)
        steps = (*own.steps[:-1], replace(own.steps[-1], required=required))
        joined = replace(own, coordinates=(latitude.path, longitude.path), steps=steps)
        return [joined, *(p for p in out if p not in parts)]
    return out


def _is_degree(parameter: Parameter, names: frozenset[str]) -> bool:
    return parameter.kind is ParameterKind.NUMBER and bool(names & set(parameter.words))


def _spoken(path: Path) -> str:
    """What a value is called: "sku", "order sku", "line sku" for that of one of the lines."""
    names = [step for step in path if isinstance(step, str)]
    own = " ".join(identifier_words(names[-1][:80])) or names[-1][:80]
    if len(names) < 2:
        return own
    outer = [stem(word) if 0 in path else word for word in identifier_words(names[-2][:80])]
    return " ".join([*(word for word in outer if word not in own.split()), own])


def _cues(kind: ParameterKind, words: frozenset[str], about: frozenset[str]) -> tuple[str, ...]:
    general = _KIND_CUES.get(kind.value, ())
    # A name says more than a description, which may mention anything.
    for topic in (words, about if kind is ParameterKind.PLACE else frozenset[str]()):
        for names, cues in _CUES:
            if topic & names and kind in (ParameterKind.PLACE, ParameterKind.TEXT, ParameterKind.ENUM):
                return cues if kind is ParameterKind.PLACE else tuple(dict.fromkeys((*cues, *general)))
    return general


def _question(speech: Speech, spoken: str) -> str:
    kind, slot = speech.kind, speech.slot
    if kind is ParameterKind.ENUM and 1 < len(slot.samples()) <= 6:
        return f"Which {spoken}: {listed(slot.samples(), 'or')}?"
    if kind is ParameterKind.BOOLEAN:
        return f"{spoken.capitalize()}: yes or no?"
    if kind is ParameterKind.NUMBER:
        if isinstance(slot, QuantitySlot):
            return f"How many {slot.unit.plural}?"
        return f"How many {spoken}?" if spoken.endswith("s") else f"What number for the {spoken}?"
    if kind is ParameterKind.DURATION:
        return f"How long is the {spoken}?"
    if kind in (ParameterKind.TIME, ParameterKind.MOMENT):
        return f"What {'time' if kind is ParameterKind.TIME else 'day and time'} for the {spoken}?"
    if kind in (ParameterKind.TEXT, ParameterKind.WRITTEN):
        return f"What is the {spoken}?"
    return f"Which {spoken}?"
