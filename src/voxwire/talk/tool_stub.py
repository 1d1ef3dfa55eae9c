"""Tools for a conversation in the terminal: declared in a JSON file, answered by a stub.

The file holds a list of function tools (or an object with such a list under `tools`). A tool's
own `result` (or `x-result`) is what its calls are answered with; it is not sent to the server.
"""

from pathlib import Path
from typing import Any

import msgspec

from voxwire.talk.outcome import UsageError

NO_RESULT = {"note": "Nothing was done: this tool has no result to give."}
RESULT_KEYS = ("result", "x-result")


class ToolStub:
    """The declared tools and the answers to their calls."""

    def __init__(self, tools: list[dict[str, Any]], results: dict[str, Any]) -> None:
        self.declared = tools
        self._results = results

    def answer(self, name: str) -> str:
        """The text of the `function_call_output` for a call of `name`."""
        result = self._results.get(name, NO_RESULT)
        return result if isinstance(result, str) else msgspec.json.encode(result).decode()


def load_tools(path: Path | None) -> ToolStub:
    """Read a tools file; None declares no tools. Raises UsageError."""
    if path is None:
        return ToolStub([], {})
    try:
        content = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise UsageError(f"Cannot read the tools file {path}: {error.strerror}.") from error
    except msgspec.DecodeError as error:
        raise UsageError(f"The tools file {path} is not JSON: {error}.") from error
    if isinstance(content, dict):
        content = content.get("tools")
    if not isinstance(content, list):
        raise UsageError(f"The tools file {path} must hold a list of function tools.")
    tools: list[dict[str, Any]] = []
    results: dict[str, Any] = {}
    for number, entry in enumerate(content, 1):
        tool = _flat(entry)
        if tool is None:
            raise UsageError(f'Tool {number} of {path} is not of the form {{"type": "function", "name": ...}}.')
        for key in RESULT_KEYS:
            if key in tool:
                results[tool["name"]] = tool.pop(key)
        tools.append(tool)
    return ToolStub(tools, results)


def _flat(entry: Any) -> dict[str, Any] | None:
    """The tool as the Realtime API wants it; chat completions nest the same fields under `function`."""
    if not isinstance(entry, dict) or entry.get("type", "function") != "function":
        return None
    tool = {key: value for key, value in entry.items() if key != "function"} | {"type": "function"}
    nested = entry.get("function")
    if isinstance(nested, dict):
        tool |= nested
    return tool if isinstance(tool.get("name"), str) and tool["name"] else None
