"""The suite runs on every database that there is."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from voxwire.config import StorageSettings
from voxwire.storage.database import Database


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(StorageSettings(url=SecretStr(f"sqlite:///{tmp_path}/voxwire/voxwire.db")))
    yield database
    await database.close()
