"""Where the database is, as settings and systems say it."""

import os
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from voxwire.config import StorageSettings, load_settings
from voxwire.errors import ConfigurationError
from voxwire.storage.database import Database
from voxwire.storage.store_address import StoreAddress, store_address


def address(url: str | None) -> StoreAddress:
    return store_address(StorageSettings(url=None if url is None else SecretStr(url)))


@pytest.mark.parametrize(
    ("platform", "variable", "folder"),
    [
        ("linux", None, ".local/share/voxwire"),
        ("linux", "XDG_DATA_HOME", "given/voxwire"),
        ("darwin", None, "Library/Application Support/voxwire"),
        ("win32", None, "AppData/Local/voxwire"),
        ("win32", "LOCALAPPDATA", "given/voxwire"),
    ],
)
def test_where_the_system_keeps_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variable: str | None, folder: str
) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    if variable is not None:
        monkeypatch.setenv(variable, str(tmp_path / "given"))
    assert address(None).file == tmp_path / folder / "voxwire.db"


def test_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/somewhere")
    assert address("sqlite:////var/lib/voxwire.db").file == Path("/var/lib/voxwire.db")
    assert address("sqlite:///voxwire.db").file == tmp_path / "voxwire.db"
    assert address("sqlite:///~/voxwire.db").file == Path("/somewhere/voxwire.db")
    assert address("sqlite:////with%20space/a.db").shown == "/with space/a.db"


async def test_a_file_may_have_any_name(tmp_path: Path) -> None:
    database = Database(StorageSettings(url=SecretStr(f"sqlite:///{tmp_path}/100%25 %3Fa%3Db%23.db")))
    async with database.write():
        pass
    await database.close()
    assert os.listdir(tmp_path) == ["100% ?a=b#.db"]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres"])
def test_postgresql(scheme: str) -> None:
    found = address(f"{scheme}://me:s3%40cret@db.example:5433/voxwire?sslmode=require")
    assert found.file is None
    assert found.url == "postgresql+asyncpg://me:s3%40cret@db.example:5433/voxwire?ssl=require"
    assert found.shown == "postgresql://db.example:5433/voxwire"
    assert "s3" not in repr(found)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("mysql://me:s3cret@db/x", "write sqlite:///FILE or postgresql://"),
        ("s3cret", "write sqlite:///FILE or postgresql://"),
        ("postgresql://me:s3cret@db:port/x", "write sqlite:///FILE or postgresql://"),
        ("postgresql://me:s3cret@[db/x", "write sqlite:///FILE or postgresql://"),
        ("sqlite://", "an SQLite database needs a file"),
        ("sqlite://s3cret/x.db", "an SQLite database needs a file"),
    ],
)
def test_what_is_no_address_is_refused_and_not_repeated(url: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXWIRE_STORAGE__URL", url)
    with pytest.raises(ConfigurationError, match=f"storage.url: .*{words}") as caught:
        load_settings()
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("key", ["s3cret", "s3cr" * 11, f"{'A' * 43}=,s3cret", "s3cret\u00e4"])
def test_a_wrong_master_key_is_refused_and_not_repeated(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VOXWIRE_STORAGE__SECRET_KEY", key)
    with pytest.raises(ConfigurationError, match=r"storage\.secret_key: a master key is 32 bytes in base64") as caught:
        load_settings()
    assert "s3cr" not in str(caught.value)
