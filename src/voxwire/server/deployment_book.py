"""Making, changing and deleting stored deployments and aliases: what the command line and REST have in common."""

import asyncio
import time
from dataclasses import replace
from typing import Any, Final

from pydantic import ValidationError

from voxwire.config import DeploymentSettings, Settings, unmask
from voxwire.engines.registry import names
from voxwire.errors import ConfigurationError, RequestRefused
from voxwire.runtime import new_id
from voxwire.server.environment_keys import trusted_addresses, with_keys_of_its_own
from voxwire.server.monitored import check_policy
from voxwire.server.option_check import check_options
from voxwire.server.profiles import Profiles, Stages
from voxwire.storage.database import Database
from voxwire.storage.deployments import (
    MAX_DEPLOYMENTS,
    DeploymentChanged,
    DeploymentNameTaken,
    Deployments,
    StoredDeployment,
    TooManyDeployments,
)
from voxwire.storage.known_deployments import KnownDeployments
from voxwire.storage.model_aliases import MAX_ALIASES, ModelAlias, ModelAliases, TooManyAliases

#: How often a change is made anew where somebody else was quicker.
_ATTEMPTS: Final = 5


class DeploymentBook:
    """The stored deployments and aliases of a database, as a server with these settings has them.

    All raise StorageError. `by` is who does it: the id of a principal, or `cli`; `reason` is kept with the decision.
    `trusted` is whether they may have keys of the server's environment sent to addresses of their choice.
    """

    def __init__(self, settings: Settings, database: Database) -> None:
        self.deployments = Deployments(database)
        self.aliases = ModelAliases(database)
        self._settings = settings
        self._database = database

    async def create(
        self,
        project: str,
        name: str,
        settings: DeploymentSettings,
        *,
        by: str,
        reason: str | None = None,
        trusted: bool = True,
    ) -> StoredDeployment:
        """Make a deployment. Raises RequestRefused: 400 for settings that cannot work, 409 for a name that is taken."""
        self._check_declared(name)
        stages = await self._check(settings)
        if not trusted:
            settings = with_keys_of_its_own(settings, stages, trusted_addresses(self._settings, DeploymentSettings()))
        if name in {alias.name for alias in await self.aliases.all(project)}:
            raise RequestRefused(
                409, f"{name!r} is an alias in the project {project!r}: delete that first.", code="alias_exists",
                param="name",
            )  # fmt: skip
        now = int(time.time() * 1000)
        made = StoredDeployment(
            id=new_id("dep"),
            project=project,
            name=name,
            edition=1,
            settings=settings,
            created_at=now,
            updated_at=now,
            created_by=by,
        )
        try:
            await self.deployments.add(made, by=by, reason=reason)
        except DeploymentNameTaken:
            raise RequestRefused(
                409,
                f"The project {project!r} has a deployment {name!r} already.",
                code="deployment_exists",
                param="name",
            ) from None
        except TooManyDeployments:
            raise RequestRefused(
                409, f"There are {MAX_DEPLOYMENTS} deployments, which is the limit.", code="too_many_deployments"
            ) from None
        return made

    async def update(
        self,
        project: str,
        name: str,
        changes: DeploymentSettings,
        *,
        by: str,
        tags: frozenset[str] | None = None,
        reason: str | None = None,
        trusted: bool = True,
    ) -> StoredDeployment:
        """Change the settings that `changes` has been given; null takes one away. `tags` are forms of it that may be
        changed; None is any. Raises RequestRefused: 400, 404, and 412 where it has another form by now."""
        for _ in range(_ATTEMPTS):
            before = await self._expected(project, name, tags)
            old = before.settings or DeploymentSettings()
            settings = _merged(old, changes)
            stages = await self._check(settings)
            if not trusted:
                settings = with_keys_of_its_own(settings, stages, trusted_addresses(self._settings, old))
            after = replace(
                before,
                edition=before.edition + 1,
                settings=settings,
                fault=None,
                updated_at=max(before.updated_at, int(time.time() * 1000)),
            )
            try:
                await self.deployments.replace(after, by=by, reason=reason)
            except DeploymentChanged:
                continue
            return after
        raise _changed(name)

    async def delete(
        self, project: str, name: str, *, by: str, tags: frozenset[str] | None = None, reason: str | None = None
    ) -> None:
        """Delete a deployment; its sessions go on to their end. Raises RequestRefused: 404, 412."""
        for _ in range(_ATTEMPTS):
            gone = await self._expected(project, name, tags)
            try:
                await self.deployments.remove(gone, by=by, reason=reason)
            except DeploymentChanged:
                continue
            return
        raise _changed(name)

    async def named(self, project: str, name: str) -> StoredDeployment:
        """The stored deployment of this name. Raises RequestRefused: 404, and 409 for one of the settings file."""
        found = await self.deployments.find(project, name)
        if found is None:
            self._check_declared(name)
            raise RequestRefused(
                404, f"The project {project!r} has no stored deployment {name!r}.", code="deployment_not_found",
                param="name",
            )  # fmt: skip
        return found

    async def point(
        self, project: str, name: str, deployment: str, *, by: str, reason: str | None = None
    ) -> tuple[ModelAlias, bool]:
        """Have a name stand for a deployment from now on; and whether the name is new. Raises RequestRefused: 404 for
        the deployment, 409 for a name that is a deployment's."""
        self._check_declared(name)
        if await self.deployments.find(project, name) is not None:
            raise RequestRefused(
                409, f"{name!r} is a deployment in the project {project!r}.", code="deployment_exists", param="name"
            )
        await KnownDeployments(self._settings.deployments, self._database).check(
            project, [deployment], param="deployment"
        )
        try:
            return await self.aliases.point(project, name, deployment, by=by, reason=reason)
        except TooManyAliases:
            raise RequestRefused(
                409, f"There are {MAX_ALIASES} aliases, which is the limit.", code="too_many_aliases"
            ) from None

    async def unpoint(self, project: str, name: str, *, by: str, reason: str | None = None) -> None:
        """Delete an alias. Raises RequestRefused (404)."""
        if not await self.aliases.remove(project, name, by=by, reason=reason):
            raise RequestRefused(
                404, f"The project {project!r} has no alias {name!r}.", code="alias_not_found", param="name"
            )

    async def _expected(self, project: str, name: str, tags: frozenset[str] | None) -> StoredDeployment:
        found = await self.named(project, name)
        if tags is not None and entity_tag(found) not in tags:
            raise _changed(name)
        return found

    def _check_declared(self, name: str) -> None:
        if name in self._settings.declared_deployments:
            raise RequestRefused(
                409,
                f"The settings file declares {name!r}: change it there, or choose another name.",
                code="deployment_in_settings",
                param="name",
            )

    async def _check(self, settings: DeploymentSettings) -> Stages:
        """The engines. Raises RequestRefused (400) for a profile, a model, an engine or a content policy that there is
        not, and for options that an engine does not take."""
        try:
            check_policy(self._settings, settings.content_policy)
        except ConfigurationError as error:
            raise RequestRefused(400, str(error), code="invalid_value", param="content_policy") from None
        profiles = Profiles(self._settings)
        if settings.profile is not None and not profiles.is_profile(settings.profile):
            raise _wrong("profile", f"there is no profile {settings.profile!r}")
        for kind in ("stt", "llm", "tts", "turn"):
            engine = getattr(settings, kind)
            for one in () if engine is None else (engine, *engine.otherwise):
                if one.name not in await asyncio.to_thread(names, kind):
                    raise _wrong(kind, f"no engine {one.name!r} is installed")
        try:
            stages = await asyncio.to_thread(profiles.stages, settings)
        except ConfigurationError as error:
            raise RequestRefused(
                400, str(error), code="invalid_value", param="profile" if settings.model is None else "model"
            ) from None
        await check_options(stages)
        return stages


def entity_tag(deployment: StoredDeployment) -> str:
    """Tells forms of a deployment apart, as HTTP writes it."""
    return f'"{deployment.id}.{deployment.edition}"'


def _merged(before: DeploymentSettings, changes: DeploymentSettings) -> DeploymentSettings:
    old: dict[str, Any] = before.model_dump(exclude_unset=True)
    try:
        new = old | unmask(changes.model_dump(exclude_unset=True), old)
        return DeploymentSettings.model_validate({name: value for name, value in new.items() if value is not None})
    except ValidationError as error:
        said = error.errors(include_input=False, include_url=False)[0]["msg"]
        raise RequestRefused(400, f"These settings do not go together: {said}.", code="invalid_value") from None
    except ValueError as error:
        raise RequestRefused(400, f"These settings do not go together: {error}.", code="invalid_value") from None


def _wrong(param: str, why: str) -> RequestRefused:
    return RequestRefused(400, f"Invalid value of {param!r}: {why}.", code="invalid_value", param=param)


def _changed(name: str) -> RequestRefused:
    return RequestRefused(
        412, f"The deployment {name!r} was changed meanwhile: look at it again.", code="precondition_failed"
    )
