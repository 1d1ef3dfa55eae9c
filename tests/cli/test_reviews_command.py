"""`voxwire reviews`, on both databases."""

import asyncio
import json

import pytest

from voxwire.cli import main
from voxwire.config import StorageSettings
from voxwire.storage.database import Database
from voxwire.storage.reviews import NewReview, Reviews


def found(storage: StorageSettings) -> None:
    new = NewReview(
        id="review_1",
        project="local",
        deployment="gpt-realtime",
        session="sess_1",
        response="resp_1",
        end_user=None,
        check="words",
        side="answer",
        action="flag",
        found="listed words",
        excerpt="Take some\npoison",
        created_at=1_700_000_000_000,
    )

    async def work() -> None:
        database = Database(storage)
        await Reviews(database).add([new])
        await database.close()

    asyncio.run(work())


def test_list_show_decide(storage: StorageSettings, capsys: pytest.CaptureFixture[str]) -> None:
    found(storage)
    assert main(["reviews", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["review_1", "2023-11-14", "22:13", "words", "answer", "flag", "open"]
    assert max(map(len, lines)) <= 80
    assert main(["reviews", "show", "review_1"]) == 0
    out = capsys.readouterr().out
    assert "excerpt: 'Take some\\npoison'" in out
    assert "decided_by" not in out
    assert main(["reviews", "decide", "confirmed", "review_1", "--reason", "it is"]) == 0
    assert capsys.readouterr().err == "review_1 is confirmed.\n"
    assert main(["reviews", "list"]) == 0
    assert "has none" in capsys.readouterr().err
    assert main(["reviews", "list", "--state", "all", "--json"]) == 0
    [one] = json.loads(capsys.readouterr().out)
    assert (one["state"], one["decided_by"], one["session_stored"]) == ("confirmed", "cli", False)
    assert "excerpt" not in one
    assert main(["reviews", "show", "review_1", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["excerpt"] == "Take some\npoison"


def test_mistakes(storage: StorageSettings, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["show", "review_9"], ["decide", "dismissed", "review_9"]):
        assert main(["reviews", *arguments]) == 1
        assert "has no review 'review_9'" in capsys.readouterr().err
