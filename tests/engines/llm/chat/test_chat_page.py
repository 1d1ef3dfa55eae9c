"""The page of the engine names each option, and each failure."""

import re
from pathlib import Path

from voxwire.engines.llm.chat.chat_options import ChatOptions

PAGE = (Path(__file__).parents[4] / "docs" / "engines" / "chat.md").read_text(encoding="utf-8")
ERRORS = (Path(__file__).parents[4] / "docs" / "errors.md").read_text(encoding="utf-8")


def test_it_names_each_option() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ", PAGE.partition("## Options")[2].partition("\n## ")[0], re.MULTILINE)
    assert sorted(rows) == sorted(ChatOptions.model_fields)


def test_it_names_each_failure() -> None:
    codes = set(re.findall(r"^\| `(llm_\w+)` \| ", ERRORS, re.MULTILINE))
    told = set(re.findall(r"^\| `(llm_\w+)` \| ", PAGE.partition("## When something goes wrong")[2], re.MULTILINE))
    assert told == codes
