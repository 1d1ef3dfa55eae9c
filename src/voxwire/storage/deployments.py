"""Stored deployments. Secrets of their engines are encrypted; everything else is JSON as the settings file has it."""

import asyncio
import json
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from pydantic import ValidationError
from sqlalchemy import Row, Select, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from voxwire.config import DeploymentSettings, put_secrets, take_secrets
from voxwire.errors import StorageError
from voxwire.storage.database import Database
from voxwire.storage.decisions import record_decision
from voxwire.storage.projects import lock_project
from voxwire.storage.revision import bump
from voxwire.storage.schema import deployment_table

if TYPE_CHECKING:  # cryptography takes a moment to import, and a server whose deployments have no secrets does without
    from voxwire.storage.vault import Vault

#: Of all projects: a server holds all of them in memory.
MAX_DEPLOYMENTS: Final = 500


class DeploymentNameTaken(Exception):
    """The project has a deployment of this name."""


class DeploymentChanged(Exception):
    """Somebody else has changed it meanwhile, or it is gone."""


class TooManyDeployments(Exception):
    """There are as many as a server can hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDeployment:
    """A deployment as it is stored. `edition` counts its changes; times are in milliseconds since 1970.

    `settings` are None where they cannot be read any more; `fault` says why.
    """

    id: str
    project: str
    name: str
    edition: int
    settings: DeploymentSettings | None
    created_at: int
    updated_at: int
    created_by: str
    fault: str | None = None


class Deployments:
    """The deployments of a database. All raise StorageError. Changes note who made them (`by`), and why."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known_vault: Vault | None = None

    async def all(self, project: str | None = None) -> list[StoredDeployment]:
        """Those of a project, or of all, by name."""
        query = select(deployment_table).order_by(deployment_table.c.name, deployment_table.c.project)
        if project is not None:
            query = query.where(deployment_table.c.project == project)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [await self._read(row) for row in rows]

    async def find(self, project: str, name: str) -> StoredDeployment | None:
        """The one of this name, if the project has it."""
        async with self._database.read() as connection:
            row = (await connection.execute(_one(project, name))).first()
        return None if row is None else await self._read(row)

    async def add(self, made: StoredDeployment, *, by: str, reason: str | None = None) -> None:
        """Keep a new one; makes its project. Raises DeploymentNameTaken, TooManyDeployments."""
        columns = await self._columns(made)
        async with self._database.write() as connection:
            await lock_project(connection, made.project, made.created_at)
            count = select(func.count()).select_from(deployment_table)
            if (await connection.execute(count)).scalar_one() >= MAX_DEPLOYMENTS:
                raise TooManyDeployments
            try:
                await connection.execute(insert(deployment_table).values(created_by=by, **columns))
            except IntegrityError:
                raise DeploymentNameTaken from None
            await _note(connection, made, "deployment.create", by, reason, _given(made))

    async def replace(self, changed: StoredDeployment, *, by: str, reason: str | None = None) -> None:
        """Keep another form of one; `changed` has the edition after the one that it was made of. Raises
        DeploymentChanged."""
        columns = await self._columns(changed)
        async with self._database.write() as connection:
            before = (deployment_table.c.id == changed.id) & (deployment_table.c.edition == changed.edition - 1)
            done = await connection.execute(update(deployment_table).where(before).values(**columns))
            if not done.rowcount:
                raise DeploymentChanged
            await _note(connection, changed, "deployment.update", by, reason, _given(changed))

    async def remove(self, gone: StoredDeployment, *, by: str, reason: str | None = None) -> None:
        """Delete one. Raises DeploymentChanged."""
        async with self._database.write() as connection:
            same = (deployment_table.c.id == gone.id) & (deployment_table.c.edition == gone.edition)
            if not (await connection.execute(delete(deployment_table).where(same))).rowcount:
                raise DeploymentChanged
            await _note(connection, gone, "deployment.delete", by, reason, ())

    async def _vault(self) -> "Vault":
        if self._known_vault is None:
            await asyncio.to_thread(import_module, "voxwire.storage.vault")
            from voxwire.storage.vault import Vault

            self._known_vault = Vault(self._database)
        return self._known_vault

    async def _columns(self, deployment: StoredDeployment) -> dict[str, Any]:
        assert deployment.settings is not None
        spec, secrets = take_secrets(deployment.settings.model_dump(exclude_unset=True))
        wrapped = master = None
        if secrets:
            wrapped, master = await (await self._vault()).wrap(json.dumps(secrets).encode(), _place(deployment.id))
        return {
            "id": deployment.id,
            "project": deployment.project,
            "name": deployment.name,
            "edition": deployment.edition,
            "spec": json.dumps(spec),
            "wrapped": wrapped,
            "master": master,
            "created_at": deployment.created_at,
            "updated_at": deployment.updated_at,
        }

    async def _read(self, row: Row[Any]) -> StoredDeployment:
        settings = fault = None
        try:
            secrets = []
            if row.wrapped is not None:
                vault = await self._vault()
                secrets = json.loads(await vault.unwrap(bytes(row.wrapped), row.master, _place(row.id)))
            settings = DeploymentSettings.model_validate(put_secrets(json.loads(row.spec), secrets))
        except (StorageError, ValidationError) as error:  # one that cannot be read keeps nobody from the others
            said = str(error) if isinstance(error, StorageError) else "its settings are those of another version"
            fault = f"What is stored of it cannot be used: {said}"
        return StoredDeployment(
            id=row.id,
            project=row.project,
            name=row.name,
            edition=row.edition,
            settings=settings,
            created_at=row.created_at,
            updated_at=row.updated_at,
            created_by=row.created_by,
            fault=fault,
        )


def _one(project: str, name: str) -> Select[Any]:
    mine = (deployment_table.c.project == project) & (deployment_table.c.name == name)
    return select(deployment_table).where(mine)


def _place(id: str) -> str:
    return f"{deployment_table.name}/{id}"


def _given(deployment: StoredDeployment) -> list[str]:
    """Which settings it has of its own; what they are may be a secret."""
    return sorted(deployment.settings.model_fields_set) if deployment.settings else []


async def _note(
    connection: AsyncConnection,
    deployment: StoredDeployment,
    action: str,
    by: str,
    reason: str | None,
    given: Iterable[str],
) -> None:
    details: dict[str, Any] = {"settings": list(given)} if given else {}
    if deployment.settings is not None and "content_policy" in details.get("settings", ()):
        # Whether what is said is checked, and by whose decision it is not, has to be known later.
        details["content_policy"] = deployment.settings.content_policy
    await record_decision(
        connection,
        project=deployment.project,
        principal=by,
        action=action,
        subject=deployment.name,
        details=details | ({"reason": reason} if reason else {}),
    )
    await bump(connection)
