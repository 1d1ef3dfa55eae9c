"""The output of a function, as sentences."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voxwire.engines.llm.assistant.results import say_result


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("", "Done."),
        ("   ", "Done."),
        ('{"temperature": 18, "conditions": "sunny"}', "Temperature: 18, conditions: sunny."),
        ('{"tempCelsius": -3.5, "wind": {"speed": "12 km/h", "gusts": true}}',
         "Temp celsius: minus 3.5, wind: speed: 12 kilometers per hour, gusts: yes."),
        ("It is sunny, 18°C!", "It is sunny, 18°C!"),
        ('"It is sunny"', "It is sunny"),
        ('""', "Done."),
        ('{"forecast": "18°C, 20% rain, $5"}', "Forecast: 18 degrees Celsius, 20 percent rain, 5 dollars."),
        ("12.5", "12.5."),
        ("true", "Done."),
        ("false", "No."),
        ("null", "Done."),
        ("{}", "Done."),
        ("[]", "Done."),
        ("[1, 2, 3]", "1, 2 and 3."),
        ('[{"name": "A", "price": 0.1}, {"name": "B"}]', "1: name: A, price: 0.1. 2: name: B."),
        ('{"success": true}', "Done."),
        ('{"status": "ok"}', "Done."),
        ('{"status": "ok", "id": "abc"}', "Status: ok, id: abc."),
        ('{"result": {"message": "Sent to Bob."}}', "Sent to Bob."),
        ('{"result": false}', "Result: no."),
        ('{"available": false}', "Available: no."),
        ('{"hits": [{"a": 1}, {"a": 2}], "none": [], "nothing": null}',
         "Hits 1: a: 1, hits 2: a: 2, none: none, nothing: none."),
        ('{"tags": ["x", "y"]}', "Tags: x and y."),
        ('{"": 1}', "Value: 1."),
        ("{broken", "{broken"),
        ('{"x": 1e400}', '{"x": 1e400}'),
    ],
)  # fmt: skip
def test_results(output: str, said: str) -> None:
    assert say_result(output, "get_weather") == said


@pytest.mark.parametrize(
    ("output", "detail"),
    [
        ('{"error": "city not found"}', "city not found"),
        ('{"error": {"message": "no such city", "code": 404}}', "no such city"),
        ('{"error": {"code": "E1"}}', "E1"),
        ('{"error": true, "message": "timeout"}', "timeout"),
        ('{"error": {}, "errors": ["a", "b"]}', "a and b"),
        ('{"success": false, "message": "denied"}', "denied"),
        ('{"ok": false}', "no details"),
    ],
)
def test_errors_are_said_plainly(output: str, detail: str) -> None:
    assert say_result(output, "getWeather") == f"The function get weather reported an error: {detail}."


def test_an_error_field_that_says_none_is_no_error() -> None:
    assert say_result('{"error": null, "temperature": 5}', "f") == "Temperature: 5."


def test_long_results_are_cut_and_say_so() -> None:
    many = say_result(json.dumps({f"field{n}": n for n in range(500)}), "f")
    assert many.endswith("There is more.")
    assert many.count(":") == 16
    assert say_result(json.dumps([{"a": n} for n in range(500)]), "f").endswith("There is more.")
    assert say_result(json.dumps({"many": list(range(500))}), "f").endswith("15 and more.")
    text = say_result("word " * 10_000, "f")
    assert len(text) < 4_100
    assert text.endswith("The rest is left out.")


def test_depth_is_bounded() -> None:
    assert say_result('{"a":' * 300 + "1" + "}" * 300, "f") == "A: a: a: a: a: 1 fields."
    assert say_result("[" * 100_000, "f").startswith("[[[")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


@given(JSON)
def test_any_json_is_said(value: object) -> None:
    assert say_result(json.dumps(value), "f").strip()


@given(st.text())
def test_any_text_is_said(text: str) -> None:
    assert say_result(text, text).strip()
