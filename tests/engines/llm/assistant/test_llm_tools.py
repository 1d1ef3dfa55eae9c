"""Which function is called, and with which arguments."""

from typing import Any

import pytest
from llm_cases import ALL_TOOLS, FLIGHT, HANG_UP, LIGHT, STRING, TIMER, WEATHER, Ask, function, replied

from voxwire.engines.llm.assistant.engine import OfflineAssistant
from voxwire.engines.llm.assistant.places import LISTED_US, Gazetteer, PlaceKind
from voxwire.engines.llm.assistant.text import name_words
from voxwire.engines.llm.assistant.tool_words import stem, tool_words
from voxwire.events.session_config import FunctionTool, NamedTool

Arguments = dict[str, Any]


@pytest.mark.parametrize(
    ("said", "name", "arguments"),
    [
        ("what's the weather like in oklahoma city", "get_weather", {"location": "Oklahoma City"}),
        ("What's the weather like in San Francisco, California?", "get_weather",
         {"location": "San Francisco, California"}),
        ("what's the weather like in san francisco california", "get_weather",
         {"location": "San Francisco, California"}),
        ("can you please tell me the weather in Seattle, WA", "get_weather", {"location": "Seattle, Washington"}),
        ("okay so um how's the weather in st louis now please", "get_weather", {"location": "St. Louis"}),
        ("weather in Paris", "get_weather", {"location": "Paris"}),
        ("Paris weather", "get_weather", {"location": "Paris"}),
        ("what's the weather in Ouagadougou in fahrenheit", "get_weather", {"location": "Ouagadougou",
         "unit": "fahrenheit"}),
        ("how will the weather be in new york tomorrow", "get_weather", {"location": "New York"}),
        ("is it nice weather in Xyzzy", "get_weather", {"location": "Xyzzy"}),
        ("is it nice weather in the middle of nowhere", "get_weather", {"location": "The Middle Of Nowhere"}),
        ("turn on the kitchen light", "set_light", {"room": "kitchen", "on": True}),
        ("switch the living room light off", "set_light", {"room": "living_room", "on": False}),
        ("turn on the bedroom light at fifty percent", "set_light", {"room": "bedroom", "on": True, "brightness": 50}),
        ("set a timer for five minutes", "set_timer", {"duration_seconds": 300}),
        ("start a 90 second timer", "set_timer", {"duration_seconds": 90}),
        ("set a timer for one hour and thirty minutes", "set_timer", {"duration_seconds": 5400}),
        ("Send a message to Bob saying Hello, how are you?", "send_message", {"recipient": "Bob",
         "message": "Hello, how are you"}),
        ("book a flight from boston to san jose tomorrow", "book_flight",
         {"origin": "Boston", "destination": "San Jose", "date": "2026-03-06"}),
        ("I'd like a flight to Paris, France from Denver", "book_flight", {"destination": "Paris, France",
         "origin": "Denver"}),
        ("play some jazz", "play_music", {"query": "jazz"}),
        ("play bohemian rhapsody", "play_music", {"query": "bohemian rhapsody"}),
        ("what is the stock price of AAPL", "get_stock_price", {"symbol": "AAPL"}),
        ("stock price of Tesla", "get_stock_price", {"symbol": "Tesla"}),
        ("end the call", "end_call", {}),
        ("please hang up", "end_call", {}),
    ],
)  # fmt: skip
async def test_calls(ask: Ask, said: str, name: str, arguments: Arguments) -> None:
    answer = await ask(said, tools=ALL_TOOLS)
    assert answer.calls == [(name, arguments)]
    assert answer.text == ""


@pytest.mark.parametrize(
    ("said", "question"),
    [
        ("what's the weather like", "Which location?"),
        ("weather", "Which location?"),
        ("turn off the light", "Which room: kitchen, living room or bedroom?"),
        ("set the bedroom light", "On: yes or no?"),
        ("set a timer", "How many seconds?"),
        ("send a message to Bob", "What is the message?"),
        ("book a flight to Rome", "Which origin?"),
    ],
)
async def test_missing_values_are_asked_for(ask: Ask, said: str, question: str) -> None:
    answer = await ask(said, tools=ALL_TOOLS)
    assert answer.calls == []
    assert answer.text == question


@pytest.mark.parametrize(
    "said",
    [
        "hello there",
        "what time is it",
        "twelve times seven",
        "repeat after me the weather is nice",
        "how was your flight",
        "i hate this call",
        "tell me about tardigrades",
    ],
)
async def test_other_talk_calls_nothing(ask: Ask, said: str) -> None:
    answer = await ask(said, tools=ALL_TOOLS)
    assert answer.calls == []
    assert answer.text


async def test_one_call_for_each_place(ask: Ask) -> None:
    answer = await ask("what's the weather in Paris and in Rome", tools=ALL_TOOLS)
    assert answer.calls == [("get_weather", {"location": "Paris"}), ("get_weather", {"location": "Rome"})]


@pytest.mark.parametrize(
    ("said", "query"),
    [
        ("What does the handbook say about vacation?", "What does the handbook say about vacation"),
        ("search for parental leave", "parental leave"),
    ],
)
async def test_a_search_takes_what_nothing_else_answers(ask: Ask, said: str, query: str) -> None:
    search = function("search", "Search the knowledge base.", ["query"], query=STRING)
    assert (await ask(said, tools=[WEATHER, search])).calls == [("search", {"query": query})]
    assert (await ask("what is twelve times seven", tools=[search])).text == "That is 84."
    assert (await ask("weather in Rome", tools=[search, WEATHER])).calls == [("get_weather", {"location": "Rome"})]


class TestCoordinates:
    """Nobody speaks degrees: a place fills latitude and longitude."""

    NUMBER = {"type": "number"}  # noqa: RUF012 - a schema, not state
    PARIS = (pytest.approx(48.85, abs=0.1), pytest.approx(2.35, abs=0.1))

    async def test_beside_a_place(self, ask: Ask) -> None:
        tool = function(
            "get_weather", None, ["lat", "lng", "location"], lat=self.NUMBER, lng=self.NUMBER, location=STRING
        )
        ((_, arguments),) = (await ask("what's the weather in paris", tools=[tool])).calls
        assert arguments == {"location": "Paris", "lat": self.PARIS[0], "lng": self.PARIS[1]}

    async def test_alone(self, ask: Ask) -> None:
        tool = function("get_weather", None, ["latitude", "longitude"], latitude=self.NUMBER, longitude=self.NUMBER)
        ((_, arguments),) = (await ask("what's the weather in paris", tools=[tool])).calls
        assert arguments == {"latitude": self.PARIS[0], "longitude": self.PARIS[1]}
        assert (await ask("what's the weather", tools=[tool])).text == "Which place?"
        ((_, arguments),) = (await ask("weather", replied("Which place?"), "in paris", tools=[tool])).calls
        assert arguments == {"latitude": self.PARIS[0], "longitude": self.PARIS[1]}

    async def test_of_a_place_that_is_nowhere(self, ask: Ask) -> None:
        tool = function("get_weather", None, ["lat", "lon"], lat=self.NUMBER, lon=self.NUMBER)
        assert (await ask("what's the weather in xyzzy", tools=[tool])).text == "Which place?"
        forced = await ask("what's the weather in xyzzy", tools=[tool], tool_choice="required")
        assert forced.calls == [("get_weather", {"lat": 0, "lon": 0})]


async def test_the_clock_yields_to_a_clock_function(ask: Ask) -> None:
    clock = function("get_current_time", "Get the current time in a time zone", [], timezone=STRING)
    assert (await ask("what is the current time", tools=[clock])).calls == [("get_current_time", {})]


class TestToolChoice:
    """auto, none, required, or one function by name (protocol: sessions, Tools)."""

    async def test_none_never_calls(self, ask: Ask) -> None:
        answer = await ask("what's the weather in Boston", tools=ALL_TOOLS, tool_choice="none")
        assert answer.calls == []
        assert answer.text.startswith("I heard:")

    @pytest.mark.parametrize("choice", ["auto", "none", "required", NamedTool(name="get_weather")])
    async def test_without_functions_every_choice_answers(self, ask: Ask, choice: Any) -> None:
        assert (await ask("hello", tool_choice=choice)).text

    @pytest.mark.parametrize(
        ("said", "calls"),
        [
            ("what's the weather in Boston", [("get_weather", {"location": "Boston"})]),
            ("weather in Boston and Denver", [("get_weather", {"location": "Boston"}), ("get_weather",
             {"location": "Denver"})]),
            ("turn the light on", [("set_light", {"on": True, "room": "kitchen"})]),
            ("the timer", [("set_timer", {"duration_seconds": 0})]),
            # Nothing fits: the first function, with the utterance for its free text.
            ("hello there", [("get_weather", {"location": "hello there"})]),
        ],
    )  # fmt: skip
    async def test_required_always_calls(self, ask: Ask, said: str, calls: list[tuple[str, Arguments]]) -> None:
        answer = await ask(said, tools=ALL_TOOLS, tool_choice="required")
        assert answer.calls == calls
        assert answer.text == ""

    async def test_required_calls_without_any_words(self, ask: Ask) -> None:
        assert (await ask(tools=[TIMER], tool_choice="required")).calls == [("set_timer", {"duration_seconds": 0})]
        assert (await ask("", tools=[WEATHER], tool_choice="required")).calls == [("get_weather", {"location": ""})]

    @pytest.mark.parametrize(
        ("said", "name", "arguments"),
        [
            ("from Boston to Denver", "book_flight", {"origin": "Boston", "destination": "Denver"}),
            ("i feel like going to Rome", "book_flight", {"origin": "i feel like going to Rome",
             "destination": "Rome"}),
            ("five minutes", "set_timer", {"duration_seconds": 300}),
            ("what's the weather in Boston", "end_call", {}),
        ],
    )  # fmt: skip
    async def test_a_named_function_is_called_whatever_was_said(
        self, ask: Ask, said: str, name: str, arguments: Arguments
    ) -> None:
        answer = await ask(said, tools=ALL_TOOLS, tool_choice=NamedTool(name=name))
        assert answer.calls == [(name, arguments)]

    async def test_an_unknown_name_calls_nothing(self, ask: Ask) -> None:
        assert (await ask("hello", tools=ALL_TOOLS, tool_choice=NamedTool(name="other"))).calls == []


class TestSchemas:
    """Every kind of parameter, and schemas that clients get wrong."""

    @pytest.mark.parametrize(
        ("schema", "said", "value"),
        [
            ({"type": "string", "enum": ["small", "EXTRA_LARGE"]}, "make a gadget with size extra large",
             "EXTRA_LARGE"),
            ({"type": "integer", "enum": [1, 2, 3]}, "make a gadget with size two", 2),
            ({"type": "number"}, "make a gadget of size two point five", 2.5),
            ({"type": "number"}, "make a gadget of size 3", 3),
            ({"type": ["integer", "null"], "minimum": 5}, "make a gadget of size seven", 7),
            ({"anyOf": [{"type": "null"}, {"type": "integer"}]}, "make a gadget of size seven", 7),
            ({"type": "boolean"}, "make a gadget without size", False),
            ({"type": "array", "items": {"type": "string", "enum": ["red", "blue"]}},
             "make a gadget in red and blue", ["red", "blue"]),
            ({"type": "string", "examples": ["huge"]}, "make a gadget that is huge", "huge"),
            ({}, "make a gadget called Ada Lovelace", "Ada Lovelace"),
            (True, 'make a gadget, namely "Ada, please"', "Ada, please"),
        ],
    )  # fmt: skip
    async def test_kinds(self, ask: Ask, schema: Any, said: str, value: Any) -> None:
        gadget = function("make_gadget", "Make a gadget", ["size"], size=schema)
        assert (await ask(said, tools=[gadget])).calls == [("make_gadget", {"size": value})]

    async def test_numbers_out_of_range_are_asked_for_again(self, ask: Ask) -> None:
        volume = function("set_volume", "Set the volume", ["level"], level={"type": "integer", "maximum": 10})
        assert (await ask("set the volume to seven", tools=[volume])).calls == [("set_volume", {"level": 7})]
        assert (await ask("set the volume to seventy", tools=[volume])).text == "What number for the level?"

    @pytest.mark.parametrize("unit", ["duration_minutes", "minutes"])
    async def test_units_are_converted_to_the_parameters(self, ask: Ask, unit: str) -> None:
        tool = function("set_timer", None, [unit], **{unit: {"type": "number"}})
        assert (await ask("set a timer for ninety seconds", tools=[tool])).calls == [("set_timer", {unit: 1.5})]

    async def test_days(self, ask: Ask) -> None:
        iso = function("get_menu", "Get the menu", ["day"], day={"type": "string", "description": "as YYYY-MM-DD"})
        said = function("get_menu", "Get the menu", ["day"], day=STRING)
        assert (await ask("what is the menu on friday", tools=[iso])).calls == [("get_menu", {"day": "2026-03-06"})]
        assert (await ask("what is the menu on Friday", tools=[said])).calls == [("get_menu", {"day": "Friday"})]

    async def test_a_default_is_not_asked_for(self, ask: Ask) -> None:
        tool = function("get_news", "Get the news", ["topic"], topic={"type": "string", "default": "world"})
        assert (await ask("what's the news", tools=[tool])).calls == [("get_news", {"topic": "world"})]

    async def test_a_lone_parameter_counts_as_required(self, ask: Ask) -> None:
        lone = function("get_weather", None, None, location=STRING)
        assert (await ask("weather", tools=[lone])).text == "Which location?"
        optional = function("get_weather", None, [], location=STRING)
        assert (await ask("weather", tools=[optional])).calls == [("get_weather", {})]

    async def test_values_that_cannot_be_spoken_are_said_so(self, ask: Ask) -> None:
        tool = function("create_order", "Create an order", ["order"], order={"type": "object"})
        assert "cannot take by voice" in (await ask("create an order", tools=[tool])).text
        forced = await ask("create an order", tools=[tool], tool_choice="required")
        assert forced.calls == [("create_order", {"order": {}})]

    @pytest.mark.parametrize(
        "parameters",
        [
            None, {}, {"type": "object"}, {"properties": None}, {"properties": []}, {"properties": {"a": None}},
            {"properties": {"": {}}}, {"properties": {"a": {"type": 5}}}, {"properties": {"a": {"type": []}}},
            {"properties": {"a": {"enum": []}}}, {"properties": {"a": {"enum": [None, {}, [], "", 1.5, True]}}},
            {"properties": {"a": {"anyOf": []}}}, {"properties": {"a": {"type": "array"}}},
            {"properties": {"a": {"type": "array", "items": {"type": "array"}}}},
            {"properties": {"a": {"type": "number", "minimum": "x", "maximum": float("nan")}}},
            {"properties": {"a": {"description": 5, "examples": 5}}}, {"properties": {"a": {"$ref": "#/x"}}},
            {"properties": {"a": {}}, "required": [None, 5, "zz"]}, {"properties": {"a": {}}, "required": "a"},
            {"properties": {"(": {}, "{x}": {}, "a|b": {"enum": ["(", "{y}", "[z"]}}},
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("choice", ["auto", "required"])
    async def test_odd_schemas_are_survived(self, ask: Ask, parameters: Any, choice: Any) -> None:
        tool = FunctionTool(name="do_(thing", description="Do [a {thing} | (e.g. x", parameters=parameters)
        answer = await ask("please do thing a b c", tools=[tool], tool_choice=choice)
        assert answer.text or answer.calls


class TestWords:
    """How people may speak of a function."""

    @pytest.mark.parametrize(
        ("name", "description", "objects", "verbs"),
        [
            ("get_weather", "Get current temperature for a given location.", ("weather", "[current] temperature"), ()),
            ("getStockPrice", "Retrieve the latest stock price of a symbol.",
             ("stock (price|prices)", "[latest] stock (price|prices)"), ()),
            ("turn_on_lights", "Turns on the lights in a room", ("(lights|light)",), ("turn on", "switch on")),
            ("end_call", None, ("(call|calls)",), ("end", "stop", "finish")),
            ("transfer_to_agent", None, ("[me] to [a|an|the] (agent|agents)",), ("transfer", "forward", "connect")),
            ("brew_coffee", "Brews a cup of coffee", ("(coffee|coffees)", "(cup|cups)"), ("brew",)),
            ("foo", "Tells the user's horoscope", ("(foo|foos)", "(horoscope|horoscopes)"), ()),
            ("", "", (), ()),
        ],
    )  # fmt: skip
    def test_words(self, name: str, description: str | None, objects: tuple[str, ...], verbs: tuple[str, ...]) -> None:
        words = tool_words(name, description)
        assert words.objects == objects
        assert words.verbs == verbs

    @pytest.mark.parametrize(
        ("word", "bare"), [("lights", "light"), ("cities", "city"), ("address", "address"), ("bus", "bus")]
    )
    def test_stem(self, word: str, bare: str) -> None:
        assert stem(word) == bare


class TestLargeCities:
    """The recogniser's own words for every large US city lead to the call with that city."""

    async def test_every_us_city(self, ask: Ask, gazetteer: Gazetteer) -> None:
        cities = {
            p.name
            for p in gazetteer.places()
            if p.country == "US" and p.kind is PlaceKind.CITY and p.population >= LISTED_US
        }
        for city in cities:
            heard = " ".join(name_words(city))
            answer = await ask(f"what's the weather like in {heard}", tools=[WEATHER])
            ((_, arguments),) = answer.calls
            assert name_words(arguments["location"]) == tuple(heard.split())

    @pytest.mark.parametrize("tools", [(WEATHER,), (WEATHER, LIGHT, FLIGHT, HANG_UP)])
    def test_every_us_city_is_among_the_phrases(
        self, assistant: OfflineAssistant, gazetteer: Gazetteer, tools: tuple[FunctionTool, ...]
    ) -> None:
        endings = {phrase.partition(" in ")[2] for phrase in assistant.phrases("", tools)}
        for place in gazetteer.places():
            if place.country == "US" and place.kind is PlaceKind.CITY and place.population >= LISTED_US:
                assert " ".join(name_words(place.name)) in endings
