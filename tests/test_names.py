"""One name, one thing: a public name is defined once in `src`, and a file's name is given once.

The exceptions are the parallel parts of siblings: the same part of several engines, of both dialects, of all commands.
They are listed here, each with the folders in which it may stand, so that a new one is a decision.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePath

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "voxwire"

#: What Python itself wants to be called so.
PYTHONS = {"__init__.py", "__main__.py"}

#: Files that siblings have each, and the folders of these siblings.
PARALLEL_FILES = {
    "engine.py": ("engines/*/*", "interfaces"),  # an engine; what all of them have in common
    "worker.py": ("engines/*/*",),  # what runs in an engine's worker processes
    "library.py": ("engines/tts/*",),  # the native library of a voice
    "messages.py": ("engines/stt/*", "engines/tts"),  # what an engine and its workers say to each other
    "events.py": ("dialects/*",),  # server events as a dialect spells them
    "requests.py": ("dialects/*",),  # client events
    "session_settings.py": ("dialects/*",),
    "usage.py": ("storage", "cli"),  # what was used: stored, shown
    "deployments.py": ("cli", "storage"),  # as they are stored, and typed
    "prompts.py": ("cli", "storage"),
    "quotas.py": ("cli", "storage"),
    "sessions.py": ("cli", "storage"),
    "reviews.py": ("cli", "storage"),
    "schema.py": ("storage", "engines/llm/assistant"),  # of tables; of what a tool takes
}

#: Names that siblings define each, and their files. Within parallel files names may repeat anyway.
PARALLEL_NAMES = {
    "logger": ("**",),
    "engine": ("engines/**",),  # what an entry point names: makes the engine of its options
    "register": ("cli/*",),  # a command's options
    "run": ("cli/*",),  # and what it does
}


def lies_in(path: str, patterns: Iterable[str]) -> bool:
    """Whether a path matches one of the patterns; `*` is one step, `**` at the end any number."""
    for pattern in patterns:
        base, deep, _ = pattern.partition("**")
        if deep and path.startswith(base):
            return True
        steps, wanted = PurePath(path).parts, PurePath(pattern).parts
        if len(steps) == len(wanted) and PurePath(path).match(pattern):
            return True
    return False


def public_names(tree: ast.Module) -> Iterator[str]:
    """What a module defines at its top, each name once; imported names are not its own."""
    found: dict[str, None] = {}
    for node in tree.body:
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                found[name] = None
            case ast.Assign(targets=targets):
                found |= {target.id: None for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                found[name] = None
    return (name for name in found if not name.startswith("_"))


def repeated_files(paths: Iterable[str]) -> dict[str, list[str]]:
    """Files of one name that are no parallel parts."""
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for path in paths:
        by_name[PurePath(path).name].append(path)
    return {
        name: found
        for name, found in by_name.items()
        if len(found) > 1 and name not in PYTHONS and not all(is_parallel_file(path) for path in found)
    }


def is_parallel_file(path: str) -> bool:
    file = PurePath(path)
    return lies_in(str(file.parent), PARALLEL_FILES.get(file.name, ()))


def repeated_names(sources: Mapping[str, str]) -> dict[str, list[str]]:
    """Public names that are defined in several files which are no parallel parts, and these files."""
    by_name: defaultdict[str, list[str]] = defaultdict(list)
    for path, source in sources.items():
        for name in public_names(ast.parse(source)):
            by_name[name].append(path)
    return {
        name: found
        for name, found in by_name.items()
        if len(found) > 1
        and not all(lies_in(path, PARALLEL_NAMES.get(name, ())) for path in found)
        and not (len({PurePath(path).name for path in found}) == 1 and all(map(is_parallel_file, found)))
    }


@pytest.fixture(scope="module")
def sources() -> dict[str, str]:
    return {
        path.relative_to(SOURCE).as_posix(): path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py"))
    }


def test_a_name_means_one_thing(sources: dict[str, str]) -> None:
    assert not repeated_names(sources)


def test_a_file_is_named_once(sources: dict[str, str]) -> None:
    assert not repeated_files(sources)


def test_the_list_of_exceptions_is_no_longer_than_needed(sources: dict[str, str]) -> None:
    names = [name for source in sources.values() for name in public_names(ast.parse(source))]
    assert [name for name in PARALLEL_NAMES if names.count(name) < 2] == []
    files = [PurePath(path).name for path in sources]
    assert [name for name in PARALLEL_FILES if files.count(name) < 2] == []


class TestTheRule:
    @pytest.mark.parametrize("second", ["def Turn(): ...", "Turn = 1", "Turn: int = 1", "class Turn: ..."])
    def test_a_second_meaning_is_found(self, second: str) -> None:
        found = repeated_names({"session/turn.py": "class Turn: ...", "talk/latency.py": second})
        assert found == {"Turn": ["session/turn.py", "talk/latency.py"]}

    def test_what_is_private_or_imported_is_no_second_meaning(self) -> None:
        assert not repeated_names({"a.py": "class Turn: ...", "b.py": "_Turn = 1\nfrom a import Turn"})

    def test_overloads_are_one_thing(self) -> None:
        assert not repeated_names({"a.py": "def load(): ...\ndef load(): ..."})

    def test_parallel_parts_of_siblings_may_repeat(self) -> None:
        assert not repeated_names({"dialects/ga/events.py": "X = 1", "dialects/preview/events.py": "X = 1"})
        assert not repeated_names({"cli/serve.py": "def run(): ...", "cli/talk.py": "def run(): ..."})

    def test_others_may_not(self) -> None:
        assert repeated_names({"dialects/ga/events.py": "X = 1", "dialects/preview/requests.py": "X = 1"})
        assert repeated_names({"cli/serve.py": "def run(): ...", "server/net/run.py": "def run(): ..."})

    def test_a_second_file_is_found(self) -> None:
        assert repeated_files(["session/items.py", "events/items.py"])
        assert repeated_files(["engines/llm/chat/worker.py", "runtime/worker.py"])
        assert not repeated_files(["engines/tts/flite/worker.py", "engines/stt/pocketsphinx/worker.py"])
        assert not repeated_files(["session/__init__.py", "events/__init__.py"])
