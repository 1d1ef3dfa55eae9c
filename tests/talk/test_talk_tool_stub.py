"""The tools file: what is declared and what calls are answered with."""

import json
from pathlib import Path
from typing import Any

import pytest

from voxwire.talk.outcome import UsageError
from voxwire.talk.tool_stub import NO_RESULT, load_tools

WEATHER = {"type": "function", "name": "get_weather", "parameters": {"type": "object"}}


def file(tmp_path: Path, content: Any) -> Path:
    path = tmp_path / "tools.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


@pytest.mark.parametrize("key", ["result", "x-result"])
def test_results_stay_here(tmp_path: Path, key: str) -> None:
    tools = load_tools(file(tmp_path, [WEATHER | {key: {"sky": "clear"}}]))
    assert tools.declared == [WEATHER]
    assert json.loads(tools.answer("get_weather")) == {"sky": "clear"}


def test_text_is_answered_as_it_is(tmp_path: Path) -> None:
    tools = load_tools(file(tmp_path, {"tools": [WEATHER | {"result": "sunny"}]}))
    assert tools.answer("get_weather") == "sunny"


def test_a_tool_without_result_says_so(tmp_path: Path) -> None:
    assert json.loads(load_tools(file(tmp_path, [WEATHER])).answer("get_weather")) == NO_RESULT


def test_the_nested_form_of_chat_completions(tmp_path: Path) -> None:
    nested = {"type": "function", "function": {"name": "f", "description": "d", "parameters": {}}, "result": 7}
    tools = load_tools(file(tmp_path, [nested]))
    assert tools.declared == [{"type": "function", "name": "f", "description": "d", "parameters": {}}]
    assert tools.answer("f") == "7"


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("{", "not JSON"),
        ({"tool": []}, "must hold a list"),
        ("3", "must hold a list"),
        ([WEATHER, {"type": "mcp"}], "Tool 2"),
        ([{"type": "function"}], "Tool 1"),
        (["get_weather"], "Tool 1"),
    ],
)
def test_wrong_files(tmp_path: Path, content: Any, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        load_tools(file(tmp_path, content))


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="No such file"):
        load_tools(tmp_path / "missing.json")


def test_no_file_no_tools() -> None:
    assert load_tools(None).declared == []
