"""Schemas as pydantic and zod write them, and hostile ones: every call that leaves is valid, or a question is asked."""

import asyncio
import json
import time
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, FormatChecker
from llm_cases import STRING, Answer, Ask, function, replied, user
from pydantic import AnyUrl, BaseModel, Field

from voxwire.engines.llm.assistant.effort import Effort
from voxwire.engines.llm.assistant.engine import OfflineAssistant
from voxwire.engines.llm.assistant.schema import Schemas
from voxwire.engines.llm.assistant.schema_check import is_valid
from voxwire.events.session_config import FunctionTool
from voxwire.interfaces.llm import LlmRequest, LlmText, LlmToolArguments, LlmToolCall

REUSED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
FORMATS = FormatChecker()
for name, day in (("date-time", ""), ("time", "2026-01-01T")):
    FORMATS.checks(name, raises=ValueError)(
        lambda value, day=day: not isinstance(value, str) or bool(datetime.fromisoformat(day + value))
    )


class Size(Enum):
    SMALL = "small"
    EXTRA_LARGE = "extra_large"


class Line(BaseModel):
    sku: str
    quantity: Annotated[int, Field(ge=1, le=99)]
    size: Size | None = None


class Order(BaseModel):
    """An order, with the remark of a class that is no description of a field."""

    lines: Annotated[list[Line], Field(min_length=1)]
    note: str | None = None


class Cat(BaseModel):
    kind: Literal["cat"]
    name: str
    lives: int


class Dog(BaseModel):
    kind: Literal["dog"]
    name: str


class Pet(BaseModel):
    pet: Annotated[Cat | Dog, Field(discriminator="kind")]


class Node(BaseModel):
    name: str
    children: list["Node"] = []
    parent: "Node | None" = None


class Meeting(BaseModel):
    title: Annotated[str, Field(min_length=2, max_length=80)]
    start: datetime
    day: date
    link: AnyUrl | None = None
    attendees: Annotated[set[Literal["ann", "bob", "eve"]], Field(min_length=2)]
    room: Annotated[str, Field(pattern=r"^[A-Z]\d{3}$")]
    rating: Annotated[float, Field(gt=0, lt=1)]
    seats: Annotated[int, Field(multiple_of=4, gt=4)]
    identity: UUID
    weights: dict[str, float]
    shape: tuple[int, str]


class Search(BaseModel):
    limit: int | None = None


def of_model(name: str, model: type[BaseModel], description: str | None = None) -> FunctionTool:
    return FunctionTool(name=name, description=description, parameters=model.model_json_schema())


def assert_valid(answer: Answer, *tools: FunctionTool) -> None:
    schemas = {tool.name: tool.parameters for tool in tools}
    for name, arguments in answer.calls:
        Draft202012Validator(schemas[name] or {}, format_checker=FORMATS).validate(arguments)


def references(**defs: Any) -> FunctionTool:
    """A function with one required parameter, `a`, which is `#/$defs/a`."""
    parameters = {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["a"], "$defs": defs}
    return FunctionTool(name="make_gadget", description="Make a gadget", parameters=parameters)


class TestReferences:
    async def test_an_enumeration_behind_one(self, ask: Ask) -> None:
        class Shirt(BaseModel):
            size: Size

        tool = of_model("order_shirt", Shirt, "Order a shirt")
        assert (await ask("order an extra large shirt", tools=[tool])).calls == [
            ("order_shirt", {"size": "extra_large"})
        ]
        assert (await ask("order a shirt", tools=[tool])).text == "Which size: small or extra large?"
        forced = await ask("hello", tools=[tool], tool_choice="required")
        assert forced.calls == [("order_shirt", {"size": "small"})]

    @pytest.mark.parametrize("reference", ["#/definitions/S", "#/$defs/a~1b~0%20", "#/properties/other/anyOf/1"])
    async def test_any_pointer(self, ask: Ask, reference: str) -> None:
        choice = {"enum": ["red", "blue"]}
        tool = function("make_gadget", "Make a gadget", ["a"], a={"$ref": reference}, other={"anyOf": [{}, choice]})
        assert tool.parameters is not None
        tool.parameters.update({"definitions": {"S": choice}, "$defs": {"a/b~ ": choice}})
        assert (await ask("make a gadget in blue", tools=[tool])).calls == [("make_gadget", {"a": "blue"})]

    async def test_recursive_models(self, ask: Ask) -> None:
        tool = of_model("add_node", Node, "Add a node")
        assert (await ask("add a node called Ada", tools=[tool])).calls == [("add_node", {"name": "Ada"})]
        assert_valid(await ask("", tools=[tool], tool_choice="required"), tool)

    @pytest.mark.parametrize(
        "defs",
        [
            {"a": {"$ref": "#/$defs/a"}},
            {"a": {"$ref": "#/$defs/b"}, "b": {"allOf": [{"$ref": "#/$defs/a"}]}},
            {"a": {"type": "object", "properties": {"a": {"$ref": "#/$defs/a"}}, "required": ["a"]}},
            {"a": {"$ref": "https://example.com/schema"}},
            {"a": {"$ref": "#/$defs/gone"}},
            {"a": {"$ref": "#/$defs/b"}, "b": False},
            {"a": {"type": "string", "minLength": 10**12}},
            {"a": {"type": "array", "minItems": 10**12}},
            {"a": {"type": "integer", "minimum": 2, "maximum": 1}},
            {"a": {"type": "string", "pattern": r"(?<=a)\1"}},
        ],
    )
    async def test_what_nothing_fits_calls_nothing(self, ask: Ask, defs: dict[str, Any]) -> None:
        tool = references(**defs)
        answer = await ask("make a gadget", tools=[tool])
        assert answer.text
        assert answer.calls == []
        forced = await ask("make a gadget", tools=[tool], tool_choice="required")
        assert forced.calls == []
        assert forced.text == "I found no values that the declaration of make gadget allows."

    @pytest.mark.parametrize("part", ["allOf", "anyOf", "oneOf", "properties"])
    @pytest.mark.parametrize("choice", ["auto", "required"])
    def test_a_schema_that_stands_for_a_huge_tree_takes_no_time(self, part: str, choice: Any) -> None:
        """Two references in each of twenty definitions: a million ways through forty lines."""

        def two(name: str) -> Any:
            pair = [{"$ref": f"#/$defs/{name}"}, {"$ref": f"#/$defs/{name}"}]
            return {"x": pair[0], "y": pair[1]} if part == "properties" else pair

        defs = {chr(97 + n): {"required": ["x", "y"], part: two(chr(98 + n))} for n in range(20)}
        tool = references(**defs, u={"type": "string"})
        made = OfflineAssistant()
        asyncio.run(made.start())
        before = time.process_time()
        answered(made, LlmRequest(instructions="", items=(user("make a gadget"),), tools=(tool,), tool_choice=choice))
        made.phrases("", (tool,))
        assert time.process_time() - before < 2.0, "one definition more must not double it"

    def test_large_schemas_are_read_in_bounded_time(self) -> None:
        """Thousands of parameters and values: only so many are spoken of."""
        many = {f"p{n}": {"type": "string", "enum": [f"v {n} {m}" for m in range(300)]} for n in range(3_000)}
        tool = function("make_gadget", "Make a gadget", ["p1"], **many)
        made = OfflineAssistant()
        asyncio.run(made.start())
        before = time.process_time()
        assert made.phrases("", (tool,))
        assert time.process_time() - before < 5.0


class TestNesting:
    async def test_members_of_objects_are_asked_for_one_by_one(self, ask: Ask) -> None:
        tool = of_model("create_order", Order, "Create an order")
        said: list[Any] = ["create an order"]
        for question, reply in (("What is the line sku?", "apples"), ("What number for the line quantity?", "two")):
            assert (await ask(*said, tools=[tool])).text == question
            said += [replied(question), reply]
        answer = await ask(*said, tools=[tool])
        assert answer.calls == [("create_order", {"lines": [{"sku": "apples", "quantity": 2}]})]

    async def test_a_list_of_objects_is_a_list_when_forced(self, ask: Ask) -> None:
        lines = {"type": "array", "items": {"type": "object", "properties": {"sku": STRING}}}
        tool = function("add_order", "Add an order", ["lines"], lines=lines)
        answer = await ask("order two apples", tools=[tool], tool_choice="required")
        assert answer.calls == [("add_order", {"lines": []})]

    async def test_an_optional_object_is_left_out_until_it_is_spoken_of(self, ask: Ask) -> None:
        address = {"type": "object", "properties": {"city": STRING, "zip": {"type": "integer"}}, "required": ["zip"]}
        tool = function("create_account", "Create an account", [], address=address)
        assert (await ask("create an account", tools=[tool])).calls == [("create_account", {})]
        asked = await ask("create an account in Rome", tools=[tool])
        assert asked.text == "What number for the address zip?"
        answer = await ask("create an account in Rome", replied(asked.text), "seven", tools=[tool])
        assert answer.calls == [("create_account", {"address": {"city": "Rome", "zip": 7}})]

    @pytest.mark.parametrize(
        ("said", "arguments"),
        [
            ("add a pet with kind dog called Rex", {"pet": {"kind": "dog", "name": "Rex"}}),
            ("add a pet with kind cat with lives nine called Tom", {"pet": {"kind": "cat", "name": "Tom", "lives": 9}}),
        ],
    )
    async def test_a_tag_chooses_among_objects(self, ask: Ask, said: str, arguments: dict[str, Any]) -> None:
        tool = of_model("add_pet", Pet, "Add a pet")
        assert (await ask("add a pet", tools=[tool])).text == "Which pet kind: cat or dog?"
        forced = await ask(said, tools=[tool], tool_choice="required")
        assert_valid(forced, tool)
        assert forced.calls[0][1]["pet"]["kind"] == arguments["pet"]["kind"]
        turns: list[Any] = [said]
        for _ in range(3):
            answer = await ask(*turns, tools=[tool])
            if answer.calls:
                break
            turns += [replied(answer.text), {"W": arguments["pet"]["name"], "H": "nine"}[answer.text[0]]]
        assert answer.calls == [("add_pet", arguments)]


class Drink(BaseModel):
    drink: Literal["coffee", "tea"]
    size: Size = Size.SMALL
    extras: list[Literal["milk", "sugar", "lemon"]] = []


async def test_all_that_was_named_for_a_list_is_collected(ask: Ask) -> None:
    tool = of_model("order_drink", Drink, "Order a drink")
    said = "please order an extra large tea with milk and sugar"
    arguments = {"drink": "tea", "size": "extra_large", "extras": ["milk", "sugar"]}
    assert (await ask(said, tools=[tool])).calls == [("order_drink", arguments)]
    assert (await ask("order a coffee", tools=[tool])).calls == [("order_drink", {"drink": "coffee"})]
    assert (await ask("in order to drink tea", tools=[tool], tool_choice="none")).calls == []


class TestLeftOut:
    async def test_a_lone_optional_number_is_not_made_up(self, ask: Ask) -> None:
        handmade = function("get_orders", "Get the orders", None, limit={"type": "integer"})
        for tool in (of_model("get_orders", Search, "Get the orders"), handmade):
            for choice in ("auto", "required"):
                assert (await ask("get my orders", tools=[tool], tool_choice=choice)).calls == [("get_orders", {})]
            assert (await ask("get my orders with limit five", tools=[tool])).calls == [("get_orders", {"limit": 5})]

    async def test_generators_that_list_no_required_parameter_mean_none(self, ask: Ask) -> None:
        zod = FunctionTool(
            name="get_weather",
            parameters={"type": "object", "properties": {"location": STRING}, "additionalProperties": False},
        )
        assert (await ask("weather", tools=[zod])).calls == [("get_weather", {})]

    async def test_strict_functions_say_null_for_what_is_optional(self, ask: Ask) -> None:
        """With `strict`, every parameter is required, and an optional one may be null."""
        unit = {"type": ["string", "null"], "enum": ["celsius", "fahrenheit", None]}
        for nullable in (unit, {"anyOf": [{"enum": ["celsius", "fahrenheit"]}, {"type": "null"}]}):
            tool = function("get_weather", "Get the weather", ["location", "unit"], location=STRING, unit=nullable)
            answer = await ask("weather in Rome", tools=[tool])
            assert answer.calls == [("get_weather", {"location": "Rome", "unit": None})]
            answer = await ask("weather in Rome in celsius", tools=[tool])
            assert answer.calls == [("get_weather", {"location": "Rome", "unit": "celsius"})]

    async def test_constants_and_defaults_fill_themselves(self, ask: Ask) -> None:
        tool = function(
            "make_gadget", "Make a gadget", ["version", "mode", "size"],
            version={"const": 3}, mode={"enum": ["a", "b"], "default": "b"}, size={"type": "integer"},
        )  # fmt: skip
        answer = await ask("make a gadget of size four", tools=[tool])
        assert answer.calls == [("make_gadget", {"size": 4, "version": 3, "mode": "b"})]


class TestKeywords:
    @pytest.mark.parametrize(
        ("schema", "said", "value"),
        [
            ({"type": "string", "format": "email"}, "make a gadget for bob at example dot com", "bob@example.com"),
            ({"type": "string", "format": "email"}, "make a gadget for Bob.Ray@example.com.", "Bob.Ray@example.com"),
            ({"type": "string", "format": "email"}, "make a gadget my mail is b o b at example dot com thanks",
             "bob@example.com"),
            ({"type": "string", "format": "uri"}, "make a gadget for example dot com", "https://example.com"),
            ({"type": "string", "format": "date-time"}, "make a gadget for tomorrow at three thirty pm",
             "2026-03-06T15:30:00+00:00"),
            ({"type": "string", "format": "date-time", "pattern": "Z$"}, "make a gadget at noon on friday",
             "2026-03-06T12:00:00Z"),
            ({"type": "string", "format": "time", "pattern": r"^\d\d:\d\d:\d\d$"},
             "make a gadget at half past seven", "07:30:00"),
            ({"type": "string", "format": "duration"}, "make a gadget for two minutes", "PT120S"),
            ({"type": "string", "format": "date"}, "make a gadget on friday", "2026-03-06"),
            ({"type": "string", "pattern": r"^[A-Z]{2}\d{3}$"}, "make a gadget called a b one two three", "AB123"),
            ({"oneOf": [{"const": "red"}, {"const": "blue"}]}, "make a gadget in blue", "blue"),
            ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "make a gadget of size seven", 7),
            ({"allOf": [{"type": "integer"}, {"multipleOf": 5}]}, "make a gadget of size fifteen", 15),
            ({"type": "array", "items": STRING}, "make a gadget called eggs, milk and bread",
             ["eggs", "milk", "bread"]),
            ({"type": "array", "items": {"enum": ["red", "blue"]}, "uniqueItems": True},
             "make a gadget in red and red", ["red"]),
        ],
    )  # fmt: skip
    async def test_values(self, ask: Ask, schema: Any, said: str, value: Any) -> None:
        tool = function("make_gadget", "Make a gadget", ["size"], size=schema)
        answer = await ask(said, tools=[tool])
        assert answer.calls == [("make_gadget", {"size": value})]
        assert_valid(answer, tool)

    @pytest.mark.parametrize(
        ("schema", "said", "question"),
        [
            ({"type": "integer", "multipleOf": 5}, "make a gadget of size seven", "What number for the size?"),
            ({"type": "number", "exclusiveMinimum": 7}, "make a gadget of size seven", "What number for the size?"),
            ({"type": "string", "maxLength": 3}, "make a gadget called Ada Lovelace", "What is the size?"),
            ({"type": "string", "pattern": "^x"}, "make a gadget called Ada", "What is the size?"),
            ({"type": "string", "format": "email"}, "make a gadget called Ada", "What is the size?"),
            ({"type": "array", "items": {"enum": ["red", "blue"]}, "minItems": 2}, "make a gadget in red",
             "Which size: red or blue?"),
        ],
    )  # fmt: skip
    async def test_what_does_not_fit_is_asked_for(self, ask: Ask, schema: Any, said: str, question: str) -> None:
        tool = function("make_gadget", "Make a gadget", ["size"], size=schema)
        answer = await ask(said, tools=[tool])
        assert answer.calls == []
        assert answer.text == question
        again = await ask(said, replied(question), "hmm hmm hmm", tools=[tool])
        assert again.text == f"I did not understand. {question}"

    async def test_what_holds_between_members_is_kept(self, ask: Ask) -> None:
        """No single value is wrong, but the call would be: it does not leave."""
        tool = function("make_gadget", "Make a gadget", [], size={"type": "integer"}, color=STRING)
        assert tool.parameters is not None
        tool.parameters["dependentRequired"] = {"size": ["color"]}
        answer = await ask("make a gadget of size seven", tools=[tool])
        assert answer.calls == []
        assert "cannot take by voice" in answer.text
        assert_valid(await ask("make a gadget of size seven", tools=[tool], tool_choice="required"), tool)


MODELS = (Order, Pet, Node, Meeting, Search, Line)


class TestForced:
    """`required` and named functions call in any case, and with valid arguments wherever there are such."""

    @pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
    @pytest.mark.parametrize("said", ["", "hello there", "two apples in small for tomorrow at noon with kind dog"])
    async def test_models(self, ask: Ask, model: type[BaseModel], said: str) -> None:
        tool = of_model("make_gadget", model, "Make a gadget")
        answer = await ask(said, tools=[tool], tool_choice="required")
        ((_, arguments),) = answer.calls
        assert_valid(answer, tool)
        model.model_validate(arguments)

    async def test_text_is_made_long_enough(self, ask: Ask) -> None:
        tool = function("get_weather", None, ["location"], location={"type": "string", "minLength": 1})
        answer = await ask("", tools=[tool], tool_choice="required")
        assert answer.calls == [("get_weather", {"location": "unknown"})]


#: What zod 4 (`z.toJSONSchema`) writes for an account with an e-mail address, a role, a plan of two kinds, and labels.
ZOD: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {
        "email": {
            "type": "string",
            "format": "email",
            "pattern": r"^(?!\.)(?!.*\.\.)([A-Za-z0-9_'+\-\.]*)[A-Za-z0-9_+-]@"
            r"([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$",
        },
        "role": {"type": "string", "enum": ["admin", "guest"]},
        "plan": {
            "oneOf": [
                {
                    "type": "object",
                    "properties": {"type": {"type": "string", "const": "free"}},
                    "required": ["type"],
                    "additionalProperties": False,
                },
                {
                    "type": "object",
                    "properties": {
                        "type": {"type": "string", "const": "paid"},
                        "months": {"type": "integer", "exclusiveMinimum": 0, "maximum": 9007199254740991},
                    },
                    "required": ["type", "months"],
                    "additionalProperties": False,
                },
            ]
        },
        "labels": {
            "type": "object",
            "propertyNames": {"type": "string", "minLength": 1},
            "additionalProperties": {"type": "string"},
        },
        "born": {"type": "string", "format": "date", "pattern": r"^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])$"},
    },
    "required": ["email", "role", "plan"],
    "additionalProperties": False,
}


class TestZod:
    TOOL = FunctionTool(name="create_account", description="Create an account", parameters=ZOD)

    async def test_what_was_said_is_understood_and_the_rest_asked_for(self, ask: Ask) -> None:
        turns: list[Any] = ["create an account for ann at example dot com as admin"]
        for question, reply in (("Which plan type: free or paid?", "paid"), ("How many plan months?", "three")):
            assert (await ask(*turns, tools=[self.TOOL])).text == question
            turns += [replied(question), reply]
        answer = await ask(*turns, tools=[self.TOOL])
        plan = {"type": "paid", "months": 3}
        assert answer.calls == [("create_account", {"email": "ann@example.com", "role": "admin", "plan": plan})]
        assert_valid(answer, self.TOOL)

    @pytest.mark.parametrize("said", ["", "a paid plan of two months", "admin bob at example dot com"])
    async def test_forced(self, ask: Ask, said: str) -> None:
        answer = await ask(said, tools=[self.TOOL], tool_choice="required")
        assert len(answer.calls) == 1
        assert_valid(answer, self.TOOL)


# --- any schema ---------------------------------------------------------------------------------------

WORDS = ("red", "blue", "size", "seven", "twelve", "tomorrow", "noon", "paris", "called", "with", "and", "of", "bob",
         "at", "example", "dot", "com", "yes", "five minutes", "make a gadget", "kind", "small")  # fmt: skip
NAMES = st.sampled_from(("size", "color", "name", "city", "date", "is_open", "kind", "item_count", "x"))


def bounded(low: str, high: str, values: st.SearchStrategy[int]) -> st.SearchStrategy[dict[str, Any]]:
    """Two bounds, either of which may be missing."""
    pairs = st.tuples(values, st.integers(0, 6))
    return pairs.flatmap(
        lambda pair: st.sampled_from([{}, {low: pair[0]}, {high: pair[0]}, {low: pair[0], high: sum(pair)}])
    )


NUMBERS = st.builds(
    lambda kind, bounds, step: {"type": kind, **bounds, **step},
    st.sampled_from(["integer", "number"]),
    bounded("minimum", "maximum", st.integers(-20, 20))
    | st.integers(-20, 20).map(lambda n: {"exclusiveMinimum": n, "exclusiveMaximum": n + 3}),
    st.sampled_from([{}, {}, {"multipleOf": 1}]),
)
STRINGS = st.builds(
    lambda lengths, extra: {"type": "string", **({} if "format" in extra or "pattern" in extra else lengths), **extra},
    bounded("minLength", "maxLength", st.integers(0, 12)),
    st.sampled_from([
        {}, {}, {"description": "A city, e.g. Paris or Rome"}, {"pattern": r"^[A-Z]{2}-\d{1,3}$"},
        {"pattern": "^(red|blue)?$"}, *({"format": name} for name in
        ("date", "time", "date-time", "email", "uri", "uuid", "ipv4", "duration", "hostname", "password")),
    ]),
)  # fmt: skip
CONSTANTS = st.sampled_from(["red", "blue", 7, 1.5, True, None])
SCALARS = st.one_of(
    NUMBERS, STRINGS, st.just({"type": "boolean"}), st.just({"type": "null"}),
    st.lists(CONSTANTS, min_size=1, unique_by=repr).map(lambda values: {"enum": values}),
    CONSTANTS.map(lambda value: {"const": value}),
    st.sampled_from([{"$ref": "#/$defs/Color"}, {"$ref": "#/$defs/Tree"}]),
)  # fmt: skip


def composed(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    arrays = st.builds(
        lambda items, counts, unique: {"type": "array", "items": items, **(counts if not unique else unique)},
        inner,
        bounded("minItems", "maxItems", st.integers(0, 3)),
        st.sampled_from([{}, {"uniqueItems": True}, {"uniqueItems": True, "minItems": 1}]),
    )
    tuples = st.lists(inner, min_size=1, max_size=3).map(
        lambda parts: {"type": "array", "prefixItems": parts, "minItems": len(parts), "maxItems": len(parts)}
    )
    records = st.builds(
        lambda value, least: {"type": "object", "additionalProperties": value, "minProperties": least},
        inner, st.integers(0, 2),
    )  # fmt: skip
    unions = st.builds(
        lambda key, parts: {key: [*parts, {"type": "null"}]}, st.sampled_from(["anyOf"]), st.lists(inner, max_size=3)
    )
    merges = inner.map(lambda part: {"allOf": [part], "description": "The size of it"})
    return st.one_of(arrays, tuples, records, unions, merges, objects(inner))


def objects(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    def made(properties: dict[str, Any], required: list[str], closed: bool) -> dict[str, Any]:
        extra: dict[str, Any] = {"additionalProperties": False} if closed else {}
        needed = [name for name in required if name in properties]
        return {"type": "object", "properties": properties, **({"required": needed} if needed else {}), **extra}

    return st.builds(
        made, st.dictionaries(NAMES, inner, max_size=4), st.lists(NAMES, max_size=4, unique=True), st.booleans()
    )


DEFS = {
    "Color": {"type": "string", "enum": ["red", "blue"]},
    "Tree": {"type": "object", "properties": {"left": {"anyOf": [{"$ref": "#/$defs/Tree"}, {"type": "null"}]},
             "name": STRING}, "required": ["left"]},
}  # fmt: skip
SCHEMAS = objects(st.recursive(SCALARS, composed, max_leaves=6)).map(lambda schema: {**schema, "$defs": DEFS})


VALUES = st.recursive(
    st.one_of(CONSTANTS, st.integers(-30, 30), st.floats(-30, 30), st.sampled_from(["", "AB-12", "x" * 9])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=5,
)


def answered(assistant: OfflineAssistant, request: LlmRequest) -> Answer:
    async def collect() -> list[Any]:
        return [event async for event in assistant.respond(request)]

    answer, text = Answer(), ""
    names: list[str] = []
    for event in asyncio.run(collect()):
        if isinstance(event, LlmText):
            answer.words.append(event.text)
        elif isinstance(event, LlmToolCall):
            names.append(event.name)
            text += "\n"
        elif isinstance(event, LlmToolArguments):
            text += event.delta
    answer.calls = [(name, json.loads(each)) for name, each in zip(names, text.splitlines()[1:], strict=True)]
    return answer


class TestAnySchema:
    @REUSED
    @given(schema=SCHEMAS, words=st.lists(st.sampled_from(WORDS), max_size=8))
    def test_calls_are_valid_or_a_question_is_asked(
        self, assistant: OfflineAssistant, schema: dict[str, Any], words: list[str]
    ) -> None:
        tool = FunctionTool(name="make_gadget", description="Make a gadget", parameters=schema)
        said = user(" ".join(["make a gadget", *words]))
        answer = answered(assistant, LlmRequest(instructions="", items=(said,), tools=(tool,)))
        assert answer.calls or answer.text
        assert_valid(answer, tool)
        forced = LlmRequest(instructions="", items=(said,), tools=(tool,), tool_choice="required")
        answer = answered(assistant, forced)
        if not answer.calls:
            assert answer.text == "I found no values that the declaration of make gadget allows."
        assert_valid(answer, tool)

    @given(schema=SCHEMAS, value=VALUES)
    def test_checking_agrees_with_the_standard_one(self, schema: dict[str, Any], value: Any) -> None:
        for part in (schema, *schema["properties"].values()):
            ours = is_valid(Schemas(schema), value, part, Effort())
            whole = {**part, "$defs": DEFS} if isinstance(part, dict) else part
            assert ours is Draft202012Validator(whole, format_checker=FORMATS).is_valid(value) or "format" in str(part)
