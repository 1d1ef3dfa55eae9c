"""Stored prompts: versions never change, one is the current one, and who did what is noted."""

import pytest

from voxwire.storage import prompts as module
from voxwire.storage.database import Database
from voxwire.storage.decisions import Decisions
from voxwire.storage.projects import Projects
from voxwire.storage.prompts import PromptNameTaken, Prompts, TooManyPrompts


async def make(prompts: Prompts, name: str = "clerk", project: str = "local") -> None:
    await prompts.add(project, name, f"text of {name}", id=f"pmpt_{project}_{name}", by="cli")


async def test_versions(database: Database) -> None:
    prompts = Prompts(database)
    await make(prompts)
    second = await prompts.add_version("local", "clerk", "second", current=True, by="key-1", reason="better")
    third = await prompts.add_version("local", "clerk", "third", current=False, by="key-1")
    assert second is not None
    assert third is not None
    assert (second.current, second.latest) == (2, 2)
    assert (third.current, third.latest) == (2, 3)
    back = await prompts.make_current("local", "clerk", 1, by="cli")
    assert back is not None
    assert back.current == 1
    assert await prompts.find("local", "clerk") == back
    versions = await prompts.versions(back)
    assert [(one.version, one.text, one.created_by) for one in versions] == [
        (3, "third", "key-1"),
        (2, "second", "key-1"),
        (1, "text of clerk", "cli"),
    ]
    decisions = await Decisions(database).newest("local", 10)
    assert [(one.action, one.details) for one in decisions] == [
        ("prompt.update", {"current": 1}),
        ("prompt.update", {"version": 3, "current": False}),
        ("prompt.update", {"version": 2, "current": True, "reason": "better"}),
        ("prompt.create", {"version": 1}),
    ]


async def test_what_is_not_there_is_not_changed(database: Database) -> None:
    prompts = Prompts(database)
    assert await prompts.find("local", "clerk") is None
    assert await prompts.add_version("local", "clerk", "x", current=True, by="cli") is None
    assert await prompts.make_current("local", "clerk", 1, by="cli") is None
    assert not await prompts.remove("local", "clerk", by="cli")
    await make(prompts)
    for version in (0, 2):
        assert await prompts.make_current("local", "clerk", version, by="cli") is None
    with pytest.raises(PromptNameTaken):
        await make(prompts)
    await make(prompts, project="shop")
    assert [one.project for one in await prompts.all()] == ["local", "shop"]
    await Projects(database).remove("shop", by="cli")
    assert [one.project for one in await prompts.all()] == ["local"]


async def test_only_what_is_new_is_read(database: Database) -> None:
    prompts = Prompts(database)
    await make(prompts)
    await prompts.add_version("local", "clerk", "second", current=True, by="cli")
    [prompt], there, found = await prompts.texts({})
    assert there == {(prompt.id, 1), (prompt.id, 2)}
    assert [one.text for one in found] == ["text of clerk", "second"]
    [prompt], there, found = await prompts.texts({(prompt.id, 1)})
    assert [one.version for one in found] == [2]
    await prompts.remove("local", "clerk", by="cli", reason="closed")
    assert await prompts.texts(there) == ([], set(), [])


async def test_there_is_a_bound_for_everything(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = Prompts(database)
    monkeypatch.setattr(module, "MAX_PROMPTS", 2)
    monkeypatch.setattr(module, "MAX_VERSIONS", 2)
    await make(prompts)
    await prompts.add_version("local", "clerk", "x", current=True, by="cli")
    with pytest.raises(TooManyPrompts, match="2 versions"):
        await prompts.add_version("local", "clerk", "x", current=True, by="cli")
    await make(prompts, "two")
    with pytest.raises(TooManyPrompts, match="2 prompts"):
        await make(prompts, "three")
    monkeypatch.setattr(module, "MAX_BYTES", 40)
    with pytest.raises(TooManyPrompts, match="MiB"):
        await prompts.add_version("local", "two", "x" * 40, current=True, by="cli")
    found = await prompts.find("local", "two")
    assert found is not None
    assert found.latest == 1
