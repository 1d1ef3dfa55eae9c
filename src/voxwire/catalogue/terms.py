"""Licences that are not open: which of them were accepted on this machine. One is accepted once, for all its models."""

import json
from pathlib import Path
from typing import Final

from voxwire.catalogue.entry import CatalogueEntry
from voxwire.catalogue.store import Store

_FILE: Final = ".accepted.json"


def is_accepted(store: Store, entry: CatalogueEntry) -> bool:
    """Whether nothing has to be accepted before the model is fetched."""
    return entry.terms is None or entry.terms in _accepted(store)


def accept(store: Store, entry: CatalogueEntry) -> None:
    """Note that somebody has accepted the licence of the model."""
    if entry.terms is not None:
        store.root.mkdir(parents=True, exist_ok=True)
        _file(store).write_text(json.dumps(sorted({*_accepted(store), entry.terms})), encoding="utf-8")


def _accepted(store: Store) -> set[str]:
    try:
        return {str(terms) for terms in json.loads(_file(store).read_text(encoding="utf-8"))}
    except (OSError, ValueError, TypeError):
        return set()


def _file(store: Store) -> Path:
    return store.root / _FILE
