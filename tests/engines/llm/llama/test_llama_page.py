"""The page of the engine names each option."""

import re
from pathlib import Path

from voxwire.engines.llm.llama.llama_options import LlamaOptions

PAGE = (Path(__file__).parents[4] / "docs" / "engines" / "llama.md").read_text(encoding="utf-8")


def test_it_names_each_option() -> None:
    rows = re.findall(r"^\| ([^|]+) \| ", PAGE.partition("## Options")[2].partition("\n## ")[0], re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert sorted(named) == sorted(LlamaOptions.model_fields)
