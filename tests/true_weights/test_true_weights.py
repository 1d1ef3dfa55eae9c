"""The catalogue's hashes are those of what the package index really has."""

from collections.abc import Callable
from pathlib import Path

import pytest

from voxwire.catalogue import load_catalogue
from voxwire.catalogue.entry import IndexSource
from voxwire.catalogue.store import matches

WEIGHTS = sorted(
    name
    for name, entry in load_catalogue().items()
    if entry.terms is None and any(isinstance(source, IndexSource) for source in entry.sources)
)


@pytest.mark.parametrize("name", WEIGHTS)
def test_every_file_is_as_the_catalogue_says(model: Callable[[str], Path], name: str) -> None:
    folder = model(name)
    for file in load_catalogue()[name].files:
        assert matches(folder / file.name, file)
