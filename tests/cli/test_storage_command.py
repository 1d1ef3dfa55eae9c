"""`voxwire storage`: where it is, a backup, a new master key."""

import asyncio
import json
import stat
from pathlib import Path

import pytest

from voxwire.cli import main
from voxwire.config import load_settings
from voxwire.storage.database import Database
from voxwire.storage.master_key import Cipher
from voxwire.storage.vault import Vault


@pytest.fixture
def file() -> Path:
    file = Database(load_settings().storage).address.file
    assert file is not None
    return file


def local_key() -> Cipher:
    async def work() -> Cipher:
        database = Database(load_settings().storage)
        key = await Vault(database).key("local")
        await database.close()
        return key

    return asyncio.run(work())


def test_where_it_is(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["storage", "show"]) == 0
    shown = capsys.readouterr().out
    assert f"{file} (nothing is stored yet)" in shown
    assert not file.parent.exists()
    local_key()
    assert main(["storage", "show", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found == {"database": str(file), "exists": True, "master_key": str(file.with_suffix(".key"))}


def test_a_backup_has_everything(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, copy = local_key(), tmp_path / "copy.db"
    assert main(["storage", "backup", str(copy)]) == 0
    assert str(file.with_suffix(".key")) in capsys.readouterr().err
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert main(["storage", "backup", str(copy)]) == 1
    assert "already" in capsys.readouterr().err
    file.with_suffix(".key").rename(copy.with_suffix(".key"))
    monkeypatch.setenv("VOXWIRE_STORAGE__URL", f"sqlite:///{copy}")
    assert local_key() == before


def test_there_is_nothing_to_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["storage", "backup", str(tmp_path / "copy.db")]) == 1
    assert "nothing is stored yet" in capsys.readouterr().err
    url = "postgresql://u:s3cret@127.0.0.1/voxwire"
    assert main(["storage", "backup", str(tmp_path / "copy.db"), "--storage", url]) == 1
    said = capsys.readouterr().err
    assert "pg_dump" in said
    assert "s3cret" not in said
    assert not (tmp_path / "copy.db").exists()


def test_a_new_master_key(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before, master = local_key(), file.with_suffix(".key").read_text()
    assert main(["storage", "rotate-key"]) == 0
    assert capsys.readouterr().out == "1 keys are encrypted with the new master key.\n"
    new, old = file.with_suffix(".key").read_text().split()
    assert (old, new != old) == (master.strip(), True)
    file.with_suffix(".key").write_text(new)
    assert local_key() == before
