"""The documents are true: what they name exists, and what exists is named."""

import argparse
import ast
import asyncio
import io
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import voxwire
from voxwire.cli.local_server import local_server
from voxwire.cli.talk import register
from voxwire.dialects.ga import session_settings as ga
from voxwire.dialects.preview import session_settings as preview
from voxwire.dialects.shared_settings import SemanticVadSettings
from voxwire.talk.screen import Screen

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "voxwire"
DOCUMENTS = sorted(
    path
    for pattern in ("*.md", "docs/**/*.md", "bench/*.md", "examples/**/*.md", "clients/**/*.md", "tests/**/*.md")
    for path in ROOT.glob(pattern)
    if not any(part.startswith(".") or part == "node_modules" for part in path.relative_to(ROOT).parts)
)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
#: Of Markdown, and of the elements that choose between light and dark.
PICTURE = re.compile(r'!\[[^]]*\]\((?!https?:)([^)]+)\)|\b(?:src|srcset)="(?!https?:)([^"]+)"')
CODE = re.compile(r"`([^`\n]+)`")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def anchors(path: Path) -> set[str]:
    """The anchors that a renderer gives to a document's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(document: Path) -> None:
    for target, anchor in LINK.findall(document.read_text(encoding="utf-8")):
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), f"{document.name} links to {target}"
        if anchor:
            assert anchor in anchors(path), f"{document.name} links to #{anchor} of {path.name}"


def test_every_document_can_be_found_from_the_first() -> None:
    found: set[Path] = set()
    to_read = [ROOT / "README.md"]
    while to_read:
        document = to_read.pop()
        if document in found or document.suffix != ".md":
            continue
        found.add(document)
        links = (target for target, _ in LINK.findall(document.read_text(encoding="utf-8")) if target)
        to_read.extend((document.parent / target).resolve() for target in links)
    assert not {document for document in DOCUMENTS if ROOT / "tests" not in document.parents} - found


def test_pictures_are_there_and_shown() -> None:
    shown = {
        (document.parent / target).resolve()
        for document in DOCUMENTS
        for target in map("".join, PICTURE.findall(document.read_text(encoding="utf-8")))
    }
    assert shown == set((ROOT / "docs" / "images").iterdir())


class TestArchitecture:
    @staticmethod
    def packages() -> Iterator[str]:
        """Packages and their direct children, dotted."""
        for init in PACKAGE.glob("**/__init__.py"):
            name = ".".join(init.parent.relative_to(PACKAGE).parts)
            if name and name.count(".") < 2:
                yield name

    def test_every_package_has_its_room(self) -> None:
        words = set(re.findall(r"[\w.]+", " ".join(CODE.findall(text("docs/architecture.md")))))
        # Members of `engines` after the first are written `.stt`.
        words |= {f"engines{word}" for word in words if word.startswith(".")}
        missing = {name for name in self.packages() if name not in words}
        assert not missing

    def test_every_room_exists(self) -> None:
        table = text("docs/architecture.md").partition("## Rooms")[2].partition("## ")[0]
        rooms = re.findall(r"`([a-z_.]+)`", "\n".join(row.split("|")[1] for row in table.splitlines() if "|" in row))
        assert len(rooms) > 10
        for room in rooms:
            path = PACKAGE / (f"engines{room}" if room.startswith(".") else room).replace(".", "/")
            assert path.is_dir() or path.with_suffix(".py").is_file(), room

    def test_every_file_that_is_named_exists(self) -> None:
        named = re.findall(r"`([a-z_]+/[a-z_/]+\.py)`", text("docs/architecture.md"))
        assert len(named) > 15
        missing = {name for name in named if not ((PACKAGE / name).is_file() or (ROOT / name).is_file())}
        assert not missing

    @pytest.mark.parametrize("init", sorted(PACKAGE.glob("*/**/__init__.py")), ids=lambda path: path.parent.name)
    def test_a_package_says_what_its_modules_are_for(self, init: Path) -> None:
        words = set(re.findall(r"\w+", ast.get_docstring(ast.parse(init.read_text(encoding="utf-8"))) or ""))
        modules = {path.stem for path in init.parent.glob("*.py") if not path.stem.startswith("__")}
        packages = {path.parent.name for path in init.parent.glob("*/__init__.py")}
        assert not (modules | packages) - words


class TestCompatibility:
    """Every field that a client may send is explained."""

    #: Wire structs that hold fields of the session or of a response.
    SETTINGS = (
        ga.RealtimeSession,
        ga.TranscriptionSession,
        ga.ResponseSettings,
        ga._ServerVad,
        preview.SessionSettings,
        preview.TranscriptionSettingsUpdate,
        preview.FirstResponseSettings,
        SemanticVadSettings,
    )

    def test_every_field_is_named(self) -> None:
        words = set(re.findall(r"\w+", " ".join(CODE.findall(text("docs/compatibility.md")))))
        fields = {field.encode_name for struct in self.SETTINGS for field in msgspec.structs.fields(struct)}
        assert "turn_detection" in fields
        assert not fields - words


class TestDecisions:
    RECORDS = sorted((ROOT / "docs/adr").glob("[0-9]*.md"))

    def test_are_numbered_without_gaps(self) -> None:
        assert [int(path.name[:4]) for path in self.RECORDS] == list(range(1, len(self.RECORDS) + 1))

    @pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.name[:4])
    def test_have_one_form(self, record: Path) -> None:
        content = record.read_text(encoding="utf-8")
        assert content.startswith(f"# {int(record.name[:4])}. ")
        assert re.search(r"^(Accepted|Replaced by \[\d+\])", content, re.MULTILINE)
        assert [line for line in content.splitlines() if line.startswith("## ")] == [
            "## Context",
            "## Decision",
            "## Consequences",
        ]

    def test_are_listed(self) -> None:
        index = text("docs/adr/README.md")
        assert all(f"]({path.name})" in index for path in self.RECORDS)


class TestReadme:
    def test_first_screen_is_one_sentence_and_two_commands(self) -> None:
        screen = text("README.md").splitlines()[:12]
        assert screen[0] == "# Voxwire"
        commands = [line.split("#")[0].strip() for line in screen if line.startswith("./")]
        assert commands == ["./demo", "./test"]

    @pytest.mark.engines
    async def test_the_example_runs(self) -> None:
        (example,) = re.findall(r"```python\n(.*?)```", text("README.md"), re.DOTALL)
        async with local_server(Screen(io.StringIO())) as (address, key):
            code = example.replace("http://127.0.0.1:8000", address).replace('"any"', repr(key))
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
            said, _ = await process.communicate()
        assert process.returncode == 0
        assert "84" in said.decode() or "eighty-four" in said.decode()

    def test_options_of_talk_exist(self) -> None:
        parser = argparse.ArgumentParser()
        register(parser.add_subparsers())
        examples = re.findall(r"^\.venv/bin/voxwire (talk .+)$", text("README.md"), re.MULTILINE)
        assert len(examples) == 3
        for example in examples:
            words = [quoted or plain for quoted, plain in re.findall(r'"([^"]*)"|(\S+)', example)]
            parser.parse_args(words)

    def test_files_in_examples_exist(self) -> None:
        for name in re.findall(r"\bexamples/[\w/.]+", text("README.md")):
            assert (ROOT / name).is_file()


class TestTutorial:
    @pytest.mark.engines
    @pytest.mark.timeout(180)  # a server and three programs, one after the other
    async def test_each_program_prints_what_is_shown(self, tmp_path: Path) -> None:
        """A program is followed by what it prints."""
        steps = re.findall(r"```python\n(.*?)```.*?```\n(.*?)```", text("docs/tutorial.md"), re.DOTALL)
        assert len(steps) == 3
        shutil.copy(ROOT / "examples/audio/what_is_twelve_times_seven.wav", tmp_path / "question.wav")
        async with local_server(Screen(io.StringIO())) as (address, key):
            for program, shown in steps:
                code = program.replace("http://127.0.0.1:8000", address).replace('"any"', repr(key))
                process = await asyncio.create_subprocess_exec(
                    sys.executable, "-c", code, cwd=tmp_path, stdout=asyncio.subprocess.PIPE
                )
                said, _ = await process.communicate()
                assert process.returncode == 0
                assert said.decode() == shown
        assert (tmp_path / "answer.wav").stat().st_size > 10_000


def test_changes_have_this_version() -> None:
    assert f"## {voxwire.__version__} " in text("CHANGELOG.md")
