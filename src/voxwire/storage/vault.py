"""Keys that encrypt what is stored: one for each project, and each of them encrypted with the master key.

Who deletes a project's key makes everything unreadable that was encrypted with it. Backups from before have the key
still, until the master key is another one and the old one is gone.
"""

import asyncio
import time
from typing import Final

from sqlalchemy import Column, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from voxwire.errors import StorageError
from voxwire.storage.database import Database
from voxwire.storage.master_key import Cipher, MasterKeys, master_keys, new_master_key, put_master_keys
from voxwire.storage.projects import lock_project
from voxwire.storage.revision import bump
from voxwire.storage.schema import data_key_table, deployment_table, signing_key_table

#: What the master key encrypts: columns `wrapped` and `master` of each table, sealed for the place "table/primary key".
_WRAPPED: Final[tuple[Column[str], ...]] = (
    data_key_table.c.project,
    deployment_table.c.id,
    signing_key_table.c.id,
)


class Vault:
    """The keys of a database. All raise StorageError.

    No project's key is remembered here, so that one which was deleted elsewhere is used no longer. Who encrypts much
    keeps the `Cipher` for that time.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._masters: MasterKeys | None = None

    async def key(self, project: str) -> Cipher:
        """The key of a project, for something new; made by its first use."""
        if (known := await self.existing_key(project)) is not None:
            return known
        made = new_master_key()
        async with self._database.write() as connection:
            now = int(time.time() * 1000)
            await lock_project(connection, project, now)
            # Another process may have made it, while we waited for the project.
            found = await self._read(connection, project)
            if found is None:
                wrapped, master = await self.wrap(made.key, _place(data_key_table.c.project, project))
                values = {"project": project, "wrapped": wrapped, "master": master, "created_at": now}
                await connection.execute(insert(data_key_table).values(values))
                found = made
        return found

    async def existing_key(self, project: str) -> Cipher | None:
        """The key of a project, for something that was stored; None where nothing was, or its key was deleted."""
        async with self._database.read() as connection:
            return await self._read(connection, project)

    async def delete_key(self, connection: AsyncConnection, project: str) -> bool:
        """Delete the key of a project, in the caller's transaction; False if there is none."""
        gone = delete(data_key_table).where(data_key_table.c.project == project)
        deleted = (await connection.execute(gone)).rowcount > 0
        if deleted:
            await bump(connection)
        return deleted

    async def wrap(self, secret: bytes, place: str) -> tuple[bytes, str]:
        """Encrypt another key than a project's: what to store, and the id of the master key beside it."""
        self._masters = None  # another process may have changed it
        current = (await self._with_master()).current
        return current.seal(secret, place), current.id

    async def unwrap(self, wrapped: bytes, master: str, place: str) -> bytes:
        """What `wrap` has encrypted."""
        return (await self._known(master)).open(wrapped, place)

    async def rotate_master(self) -> int:
        """Encrypt all keys with the first master key that the settings have, or with a new one where it is in a file.
        Returns how many keys that were. What is stored stays as it is. Old ones stay in the file: older backups need
        them."""
        self._masters = None
        masters = await self._with_master()
        if self._database.settings.secret_key is None:
            masters = MasterKeys((new_master_key(), *masters.ciphers))
            # It is there before anything needs it.
            await asyncio.to_thread(put_master_keys, self._database.address, masters.ciphers)
            self._masters = masters
        async with self._database.write() as connection:
            changed = await _wrap_anew(connection, masters)
            if changed:
                await bump(connection)
        return changed

    async def _read(self, connection: AsyncConnection, project: str) -> Cipher | None:
        asked = select(data_key_table.c.wrapped, data_key_table.c.master)
        row = (await connection.execute(asked.where(data_key_table.c.project == project))).first()
        if row is None:
            return None
        return Cipher(await self.unwrap(row.wrapped, row.master, _place(data_key_table.c.project, project)))

    async def _known(self, id: str) -> Cipher:
        """The master key of this id. A running server learns of one that came after its start."""
        try:
            return (await self._with_master(make=False)).of(id)
        except StorageError:
            self._masters = None
            return (await self._with_master(make=False)).of(id)

    async def _with_master(self, *, make: bool = True) -> MasterKeys:
        if self._masters is None:
            database = self._database
            self._masters = await asyncio.to_thread(master_keys, database.settings, database.address, make=make)
        return self._masters or MasterKeys(())


async def _wrap_anew(connection: AsyncConnection, masters: MasterKeys) -> int:
    """Encrypt everything with the current one."""
    changed = 0
    for key in _WRAPPED:
        table = key.table
        asked = select(key, table.c.wrapped, table.c.master).where(table.c.wrapped.is_not(None))
        for row in (await connection.execute(asked)).all():
            place = _place(key, row[0])
            sealed = masters.current.seal(masters.of(row.master).open(row.wrapped, place), place)
            anew = update(table).where(key == row[0]).values(wrapped=sealed, master=masters.current.id)
            await connection.execute(anew)
            changed += 1
    return changed


def _place(key: Column[str], value: str) -> str:
    return f"{key.table.name}/{value}"
