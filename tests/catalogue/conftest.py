"""A store, a catalogue with one model, and the servers that it comes from."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from model_sources import LITTLE, Files, ModelServer, little_served


@pytest.fixture
def files() -> Files:
    return LITTLE


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModelServer]:
    """Hub and index, which have `little`."""
    with little_served(monkeypatch, tmp_path) as server:
        yield server
