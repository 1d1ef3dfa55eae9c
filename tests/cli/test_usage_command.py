"""`voxwire usage`, on both databases."""

import asyncio
import csv
import json
from datetime import UTC, datetime

import pytest

from voxwire.cli import main
from voxwire.config import StorageSettings
from voxwire.storage.database import Database
from voxwire.storage.usage import UsageStore
from voxwire.storage.usage_report import report_span, usage_csv, usage_groups
from voxwire.storage.usage_row import UsageRow


def used(storage: StorageSettings, **changes: object) -> None:
    async def work() -> None:
        database = Database(storage)
        now = int(datetime.now(UTC).timestamp() * 1000)
        fields: dict[str, object] = {"project": "local", "principal": "key-1", "deployment": "a" * 64, "session": "s"}
        sums = {"response": "r", "input_audio": 1_234_567, "output_text": 89, "audio_in_ms": 61_500}
        await UsageStore(database).add([UsageRow(at=now, **(fields | sums | changes))], writer="w", first=1)  # type: ignore[arg-type]
        await database.close()

    asyncio.run(work())


def test_a_table_that_fits(storage: StorageSettings, capsys: pytest.CaptureFixture[str]) -> None:
    used(storage)
    assert main(["usage", "--by", "deployment"]) == 0
    headings, line = capsys.readouterr().out.splitlines()
    assert headings.split() == ["deployment", "answers", "tokens", "in", "out", "audio", "in", "out"]
    assert line.split() == ["a" * 64, "1", "1,234,567", "89", "62", "s", "0", "s"]
    assert main(["usage"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= 80


def test_for_programs(storage: StorageSettings, capsys: pytest.CaptureFixture[str]) -> None:
    used(storage)
    assert main(["usage", "--by", "principal", "--json"]) == 0
    [found] = json.loads(capsys.readouterr().out)
    assert (found["principal"], found["num_model_requests"], found["input_audio_tokens"]) == ("key-1", 1, 1_234_567)
    assert main(["usage", "--by", "principal,day", "--csv"]) == 0
    [row] = csv.DictReader(capsys.readouterr().out.splitlines())
    assert (row["date"], row["principal"]) == (datetime.now(UTC).date().isoformat(), "key-1")


def test_keys_are_shown_by_their_names(storage: StorageSettings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys", "create", "web", "--json"]) == 0
    id = json.loads(capsys.readouterr().out)["id"]
    used(storage, principal=id)
    assert main(["usage", "--by", "principal"]) == 0
    assert capsys.readouterr().out.splitlines()[1].split()[0] == "web"
    assert main(["keys", "revoke", "web"]) == 0
    assert main(["usage", "--by", "principal"]) == 0
    assert "web (ended)" in capsys.readouterr().out
    assert main(["usage", "--by", "principal", "--json"]) == 0
    [found] = json.loads(capsys.readouterr().out)
    assert (found["principal"], found["principal_name"], found["principal_ended"]) == (id, "web", True)
    assert main(["usage", "--by", "principal", "--csv"]) == 0
    [row] = csv.DictReader(capsys.readouterr().out.splitlines())
    assert (row["principal"], row["principal_name"], row["principal_ended"]) == (id, "web", "True")


def test_nothing(storage: StorageSettings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["usage"]) == 0
    assert capsys.readouterr().err == "Nothing was used.\n"


@pytest.mark.parametrize(
    "options", [["--by", "colour"], ["--from", "yesterday"], ["--from", "2026-02-02", "--to", "2026-02-01"]]
)
def test_wrong_words(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    try:
        code = main(["usage", *options])
    except SystemExit as ended:
        code = int(ended.code or 0)
    assert code in (1, 2)
    assert "voxwire usage: " in capsys.readouterr().err


def test_a_formula_stays_text(storage: StorageSettings) -> None:
    async def table() -> str:
        database = Database(storage)
        store = UsageStore(database)
        row = UsageRow(at=0, project="local", principal="=1+1", deployment="d", session="s")
        await store.add([row], writer="w", first=1)
        found = await store.totals("local", since=0, until=1, by=usage_groups("principal"))
        await database.close()
        return usage_csv(found, ("principal",))

    assert "'=1+1," in asyncio.run(table())


def test_a_span_is_whole_days() -> None:
    since, until = report_span(None, None)
    assert until - since == 30 * 86_400_000
    assert since % 86_400_000 == 0
