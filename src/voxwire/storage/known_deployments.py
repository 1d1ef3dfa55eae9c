"""Which names are deployments: what others name by them is checked before it is stored."""

from collections.abc import Collection, Iterable

from voxwire.errors import RequestRefused
from voxwire.storage.database import Database
from voxwire.storage.deployments import Deployments


class KnownDeployments:
    """Those of the settings (`declared`), which every project has, and those that are stored."""

    def __init__(self, declared: Collection[str], database: Database) -> None:
        self._declared = declared
        self._stored = Deployments(database)

    async def check(self, project: str, names: Iterable[str], *, param: str) -> None:
        """Raises RequestRefused (404) for a name that is none, and StorageError."""
        for name in names:
            if name not in self._declared and await self._stored.find(project, name) is None:
                raise RequestRefused(
                    404,
                    f"The project {project!r} has no deployment {name!r}: make it first.",
                    code="deployment_not_found",
                    param=param,
                )
