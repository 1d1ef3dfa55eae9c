"""Making, rotating and ending stored keys: what the command line and REST have in common."""

import contextlib
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from voxwire.auth.key_form import key_digest, key_hint, new_key
from voxwire.errors import RequestRefused
from voxwire.runtime import AccessRole, Permission, new_id
from voxwire.storage.api_keys import MAX_KEYS, ApiKeys, KeyChanged, KeyKind, KeyNameTaken, StoredKey, TooManyKeys
from voxwire.storage.database import Database
from voxwire.storage.known_deployments import KnownDeployments

#: The two keys that every project may have, as in Azure: one is made anew while the other one goes on.
ROTATING: Final = ("key1", "key2")
_KINDS: Final[dict[str, KeyKind]] = {"key1": "primary", "key2": "secondary"}


@dataclass(frozen=True, slots=True)
class IssuedKey:
    """A key that has just been made. `secret` is the key itself: it is shown once and stored nowhere."""

    stored: StoredKey
    secret: str

    def __repr__(self) -> str:
        return f"IssuedKey({self.stored.id!r})"


class KeyBook:
    """The stored keys of a database. All raise StorageError. `by` is who does it: the id of a principal, or `cli`.

    `known` says which deployments a key can be held to; None takes every name.
    """

    def __init__(
        self, database: Database, clock: Callable[[], float] = time.time, *, known: KnownDeployments | None = None
    ) -> None:
        self.keys = ApiKeys(database)
        self._known = known
        self._clock = clock

    async def create(
        self,
        *,
        project: str,
        name: str | None,
        roles: Iterable[AccessRole],
        by: str,
        deployments: Sequence[str] | None = None,
        expires_at: int | None = None,
    ) -> IssuedKey:
        """Make a key; without a name the first of `key1` and `key2` that is free. `expires_at` is in milliseconds since
        1970. Raises RequestRefused: 400 for an end that is past and for an owner's key with deployments, 404 for a
        deployment that there is not, unless the key itself may make it, 409 for a name that is taken."""
        now = self._now()
        _check_end(expires_at, now)
        given = frozenset(roles)
        if deployments is not None and any(Permission.MANAGE_ACCESS in role.permissions for role in given):
            raise RequestRefused(
                400,
                "A key of an owner cannot be held to some deployments: it could make itself another key.",
                code="invalid_value",
                param="deployments",
            )
        makes = any(Permission.MANAGE_DEPLOYMENTS in role.permissions for role in given)
        if self._known is not None and not makes:
            await self._known.check(project, deployments or (), param="deployments")
        name = name or await self._free(project)
        secret = new_key()
        key = StoredKey(
            id=new_id("key"),
            project=project,
            name=name,
            kind=_KINDS.get(name, "named"),
            sha256=key_digest(secret),
            hint=key_hint(secret),
            roles=tuple(role.value for role in AccessRole if role in given),
            deployments=None if deployments is None else tuple(dict.fromkeys(deployments)),
            created_at=now,
            created_by=by,
            expires_at=expires_at,
        )
        await self._add(key)
        return IssuedKey(key, secret)

    async def rotate(self, project: str, name: str, *, by: str, expires_at: int | None = None) -> IssuedKey:
        """Make a key anew: the same name, roles, deployments and end (unless there is another one), with a new secret.
        The old one is refused from now on. Raises RequestRefused: 404, 400 for an end that is past, and 409 where
        somebody else rotates or revokes it at the same moment: of two new secrets one would be lost."""
        old = await self.named(project, name)
        now = self._now()
        expires_at = old.expires_at if expires_at is None else expires_at
        _check_end(expires_at, now)
        secret = new_key()
        key = replace(
            old,
            id=new_id("key"),
            sha256=key_digest(secret),
            hint=key_hint(secret),
            created_at=now,
            created_by=by,
            expires_at=expires_at,
            last_used_at=None,
        )
        await self._add(key, replaces=old.id)
        return IssuedKey(key, secret)

    async def revoke(self, project: str, name: str, *, by: str) -> StoredKey:
        """End a key at once, also where somebody rotates it at the same moment. Raises RequestRefused (404)."""
        while True:
            key = await self.named(project, name)
            with contextlib.suppress(KeyChanged):
                await self.keys.revoke(key, self._now(), by)
                return key

    async def named(self, project: str, name: str) -> StoredKey:
        """The key in force of this name. Raises RequestRefused (404)."""
        key = await self.keys.named(project, name)
        if key is None:
            raise RequestRefused(
                404, f"The project {project!r} has no key {name!r} in force.", code="key_not_found", param="name"
            )
        return key

    async def _free(self, project: str) -> str:
        taken = {key.name for key in await self.keys.of_project(project)}
        for name in ROTATING:
            if name not in taken:
                return name
        raise RequestRefused(
            409,
            f"The project {project!r} has key1 and key2 already: rotate one of them, or give the new key a name.",
            code="key_exists",
            param="name",
        )

    async def _add(self, key: StoredKey, replaces: str | None = None) -> None:
        try:
            await self.keys.add(key, replaces=replaces)
        except KeyChanged:
            raise RequestRefused(
                409,
                f"The key {key.name!r} was rotated or revoked by somebody else at the same moment: look at it again.",
                code="key_changed",
                param="name",
            ) from None
        except KeyNameTaken:
            raise RequestRefused(
                409,
                f"The project {key.project!r} has a key {key.name!r} already: rotate or revoke that one, or choose "
                "another name.",
                code="key_exists",
                param="name",
            ) from None
        except TooManyKeys:
            raise RequestRefused(
                409, f"There are {MAX_KEYS} keys in force, which is the limit: revoke some.", code="too_many_keys"
            ) from None

    def _now(self) -> int:
        return int(self._clock() * 1000)


def _check_end(expires_at: int | None, now: int) -> None:
    if expires_at is not None and expires_at <= now:
        raise RequestRefused(400, "The key would have expired already.", code="invalid_value", param="expires_at")
