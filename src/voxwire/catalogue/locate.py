"""From what a setting says to what an engine opens."""

import os
from pathlib import Path

from voxwire.catalogue.entry import load_catalogue
from voxwire.catalogue.store import Store
from voxwire.errors import ConfigurationError


def locate(reference: str | Path, *, engine: str) -> Path:
    """The folder of a model of the catalogue, or the folder or file at a path.

    `reference` is a name of the catalogue, or a path; one without a slash is a path only where the catalogue has no
    such name. A path is taken as it is: whether a model of the user's own fits, the engine finds out. Nothing is
    fetched. May read the whole model, so it is not for the event loop.

    Raises ConfigurationError when nothing is there, with the command that mends it, and when the model of the
    catalogue is for other engines.
    """
    if is_path(reference):
        path = Path(reference).expanduser()
        if not path.exists():
            raise ConfigurationError(f"The model of {engine} is not there: {reference}.")
        return path.absolute()
    name = str(reference)
    catalogue = load_catalogue()
    if name and name not in catalogue and Path(name).exists():
        return Path(name).absolute()
    entry = catalogue.find(name, nor=", and no such file here")
    if engine not in entry.engines:
        fitting = ", ".join(catalogue.fitting(engine)) or "none"
        raise ConfigurationError(
            f"The model {name} is for {', '.join(entry.engines)}, not for {engine}. For it there are: {fitting}."
        )
    store = Store()
    if not store.has(entry):
        raise ConfigurationError(f"The model {name} of {engine} is not here. Fetch it with: voxwire models pull {name}")
    return store.folder(name)


def is_path(reference: str | Path) -> bool:
    """Whether a reference can be nothing but a path."""
    return isinstance(reference, Path) or os.sep in reference or reference.startswith("~")
