"""Tests with the true weights of models: `make test-engines` fetches the open ones, then runs this folder.

`./test` leaves it out (`norecursedirs`). The weights lie where `voxwire models pull` puts them, outside the tree, and
are those that the package index has. What is not open is left out, unless a variable says that
its terms are accepted.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from voxwire.catalogue import load_catalogue, locate

GEMMA_ACCEPTED = os.environ.get("VOXWIRE_ACCEPT_GEMMA_TERMS") == "1"
#: Not collected at all, for a test that is skipped would look as if it could have run.
collect_ignore = [] if GEMMA_ACCEPTED else ["test_gemma.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.engines)


@pytest.fixture(scope="session")
def model() -> Callable[[str], Path]:
    """The folder of a model of the catalogue, by its name: `model("whisper-tiny.en")`."""

    def find(name: str) -> Path:
        return locate(name, engine=load_catalogue().find(name).engines[0])

    return find
