"""Stored deployments: their settings come back as they were, their secrets are encrypted."""

import dataclasses
from typing import Any

import pytest
from sqlalchemy import select, update

from voxwire.config import DeploymentSettings
from voxwire.storage.database import Database
from voxwire.storage.decisions import Decisions
from voxwire.storage.deployments import DeploymentChanged, DeploymentNameTaken, Deployments, StoredDeployment
from voxwire.storage.model_aliases import ModelAliases
from voxwire.storage.projects import Projects
from voxwire.storage.schema import deployment_table
from voxwire.storage.vault import Vault

SECRET = "sk-very-secret"
LLM = {"base_url": "http://127.0.0.1:1/v1", "api_key": SECRET, "headers": {"X-Team": SECRET}}


def made(name: str = "shop", project: str = "local", **settings: Any) -> StoredDeployment:
    return StoredDeployment(
        id=f"dep_{project}_{name}",
        project=project,
        name=name,
        edition=1,
        settings=DeploymentSettings.model_validate(settings),
        created_at=5,
        updated_at=5,
        created_by="cli",
    )


async def test_settings_come_back_as_they_were(database: Database) -> None:
    deployments = Deployments(database)
    kept = made(llm=[LLM, "offline-assistant"], instructions="Be brief.", turn_detection={"type": "none"})
    await deployments.add(kept, by="cli")
    found = await deployments.find("local", "shop")
    assert found == kept
    assert found.settings is not None
    assert found.settings.llm is not None
    assert found.settings.llm.options["api_key"].get_secret_value() == SECRET
    assert found.settings.model_fields_set == {"llm", "instructions", "turn_detection"}
    assert await deployments.find("local", "other") is None


async def test_secrets_are_not_in_the_table_and_not_in_the_decisions(database: Database) -> None:
    await Deployments(database).add(made(llm=LLM), by="cli", reason="a shop")
    async with database.read() as connection:
        [row] = (await connection.execute(select(deployment_table))).all()
    assert SECRET not in row.spec
    assert SECRET.encode() not in row.wrapped
    [decision] = await Decisions(database).newest("local", 10)
    assert (decision.action, decision.subject, decision.principal) == ("deployment.create", "shop", "cli")
    assert decision.details == {"settings": ["llm"], "reason": "a shop"}


async def test_secrets_outlive_another_master_key(database: Database) -> None:
    await Deployments(database).add(made(llm=LLM), by="cli")
    await Deployments(database).add(made("plain"), by="cli")
    await Vault(database).rotate_master()
    found = await Deployments(database).find("local", "shop")
    assert found is not None
    assert found.fault is None
    assert found == made(llm=LLM)


async def test_a_name_is_taken_once_in_each_project(database: Database) -> None:
    deployments = Deployments(database)
    await deployments.add(made(), by="cli")
    with pytest.raises(DeploymentNameTaken):
        await deployments.add(dataclasses.replace(made(), id="dep_2"), by="cli")
    await deployments.add(made(project="other"), by="cli")
    assert [one.project for one in await deployments.all()] == ["local", "other"]
    assert [one.project for one in await deployments.all("other")] == ["other"]
    await Projects(database).remove("other", by="cli")
    assert [one.project for one in await deployments.all()] == ["local"]


async def test_of_two_changes_at_once_the_second_is_told(database: Database) -> None:
    deployments = Deployments(database)
    first = made()
    await deployments.add(first, by="cli")
    second = dataclasses.replace(first, edition=2, settings=DeploymentSettings(instructions="two"))
    await deployments.replace(second, by="cli")
    with pytest.raises(DeploymentChanged):
        await deployments.replace(second, by="cli")
    with pytest.raises(DeploymentChanged):
        await deployments.remove(first, by="cli")
    await deployments.remove(second, by="cli", reason="closed")
    assert await deployments.all() == []
    assert [one.action for one in await Decisions(database).newest("local", 10)] == [
        "deployment.delete",
        "deployment.update",
        "deployment.create",
    ]


async def test_one_that_cannot_be_read_leaves_the_others(database: Database) -> None:
    deployments = Deployments(database)
    await deployments.add(made("bad", llm=LLM), by="cli")
    await deployments.add(made("good"), by="cli")
    await deployments.add(made("old"), by="cli")
    async with database.write() as connection:
        spoil = update(deployment_table).where(deployment_table.c.name == "bad").values(wrapped=b"x" * 40)
        await connection.execute(spoil)
        age = update(deployment_table).where(deployment_table.c.name == "old").values(spec='{"colour": "red"}')
        await connection.execute(age)
    bad, good, old = await Deployments(database).all()
    assert good == made("good")
    assert bad.settings is None
    assert old.settings is None
    assert bad.fault is not None
    assert "cannot be decrypted" in bad.fault
    assert old.fault is not None
    assert "another version" in old.fault


async def test_aliases_are_pointed_anew(database: Database) -> None:
    aliases = ModelAliases(database)
    _, new = await aliases.point("local", "gpt-4o", "shop", by="cli")
    assert new
    _, new = await aliases.point("local", "gpt-4o", "lab", by="key-1", reason="moved")
    assert not new
    [alias] = await aliases.all()
    assert (alias.name, alias.deployment, alias.created_by) == ("gpt-4o", "lab", "key-1")
    assert await aliases.all("other") == []
    assert await aliases.remove("local", "gpt-4o", by="cli")
    assert not await aliases.remove("local", "gpt-4o", by="cli")
    decided = await Decisions(database).newest("local", 10)
    assert [(one.action, one.details) for one in decided] == [
        ("alias.delete", {"deployment": "lab"}),
        ("alias.point", {"deployment": "lab", "reason": "moved", "before": "shop"}),
        ("alias.point", {"deployment": "shop"}),
    ]
