"""What engines need on disk, fetched before they start; at the second start all of it is there."""

import asyncio
import contextlib
import signal
from collections.abc import Iterable, Iterator

from voxwire.catalogue import (
    CatalogueEntry,
    PullError,
    PullOptions,
    Store,
    is_path,
    load_catalogue,
    pull,
)
from voxwire.cli.pull_progress import shown_pulls
from voxwire.config import Settings
from voxwire.errors import ConfigurationError
from voxwire.interfaces.needs_models import NeedsModels
from voxwire.printing import complain
from voxwire.runtime import Service
from voxwire.server.build import DeploymentHost
from voxwire.server.stored_deployments import stored_settings


def engines_of(settings: Settings, service: Service) -> list[object]:
    """The engines of a service, and those of the stored deployments, which it will have. Raises StorageError."""
    engines: list[object] = [service.vad]
    for hosted in service.directory.all:
        engines += hosted.stages.values()
    for stored in asyncio.run(stored_settings(settings)):
        with contextlib.suppress(ConfigurationError):  # this deployment says it when it starts, and disturbs no other
            engines += DeploymentHost(settings).make("", stored).stages.values()
    return engines


def missing_models(engines: Iterable[object], store: Store) -> list[CatalogueEntry]:
    """The models of the catalogue that engines need and that are not here. Raises ConfigurationError for an entry that
    cannot be read; what is no name of the catalogue the engine complains of when it starts."""
    wanted = dict.fromkeys(_references(engines))
    if not wanted:
        return []
    catalogue = load_catalogue()
    entries = [catalogue[name] for name in wanted if not is_path(name) and name in catalogue]
    return [entry for entry in entries if not store.has(entry)]


def _references(engines: Iterable[object]) -> Iterator[str]:
    for engine in engines:
        if isinstance(engine, NeedsModels):
            yield from engine.models


def fetch(entries: Iterable[CatalogueEntry], store: Store, options: PullOptions) -> None:
    """Fetch them with progress. One that cannot be had is said, and keeps nobody: its engine will not start, and
    others do. One command fetches all of those later. Raises KeyboardInterrupt for SIGINT and for SIGTERM."""
    lacking = []
    with _interruptible(), shown_pulls() as report:
        for entry in entries:
            try:
                pull(entry, store, options, report)
            except PullError as error:
                report.note(entry.name, str(error))
                lacking.append(entry.name)
    if lacking:
        complain(f"What needs these models will not start. Fetch them with: voxwire models pull {' '.join(lacking)}")


@contextlib.contextmanager
def _interruptible() -> Iterator[None]:
    """Both ways to stop a server raise KeyboardInterrupt, so that the screen is left as it was found."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, signal.default_int_handler) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
