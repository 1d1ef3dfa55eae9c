"""An issuer's keys, kept, and asked for again when they are old or one is missing."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final

from voxwire.auth.oidc.documents import IssuerError
from voxwire.auth.oidc.key_set import KeySet, PublicKey

logger = logging.getLogger(__name__)

#: Keys of this age are asked for again, while the old ones still serve.
_REFRESH_S: Final = 23 * 3600.0
#: Keys of this age are used only where there are no newer ones to be had.
_LIFETIME_S: Final = 24 * 3600.0
#: An issuer is asked for keys that it may have published since only so often: anybody can name a key that there is not.
_UNKNOWN_KEY_S: Final = 300.0
#: And when it could not be reached: so often while there are no keys at all, and while old ones serve.
_RETRY_S: Final = 5.0
_RETRY_WITH_OLD_S: Final = 300.0


class IssuerKeys:
    """The keys of one issuer, from `fetch`, which raises IssuerError. At most one fetch is on its way."""

    def __init__(
        self, name: str, fetch: Callable[[], Awaitable[KeySet]], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._name = name
        self._fetch = fetch
        self._monotonic = monotonic
        self._keys: KeySet | None = None
        self._task: asyncio.Task[None] | None = None
        self._fetched = self._tried = self._looked_for_unknown = float("-inf")
        self._trouble: IssuerError | None = None
        self.withdrawn = 0
        """Counts how often a key that was there was gone: what it signed is not to be trusted any more."""

    def prefetch(self) -> None:
        """Begin to fetch, so that who comes first need not wait. What fails now is tried again when somebody comes."""
        self._refresh()

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    async def find(self, key_id: str | None, algorithm: str) -> list[PublicKey]:
        """The keys that a token may be signed with. Raises IssuerError while there are no keys at all."""
        keys = await self._current()
        found = keys.find(key_id, algorithm)
        now = self._monotonic()
        if not found and key_id is not None and now - self._looked_for_unknown >= _UNKNOWN_KEY_S:
            self._looked_for_unknown = now
            await asyncio.shield(self._refresh())
            found = (self._keys or keys).find(key_id, algorithm)
        return found

    async def _current(self) -> KeySet:
        now = self._monotonic()
        age, since = now - self._fetched, now - self._tried
        if self._keys is None:
            if self._task is not None or since >= _RETRY_S:
                await asyncio.shield(self._refresh())
        elif age >= _REFRESH_S and (self._task is not None or since >= _RETRY_WITH_OLD_S):
            task = self._refresh()
            if age >= _LIFETIME_S:
                await asyncio.shield(task)
        if self._keys is None:
            raise self._trouble or IssuerError("its keys have not come yet")
        return self._keys

    def _refresh(self) -> asyncio.Task[None]:
        if self._task is None:
            self._tried = self._monotonic()
            self._task = asyncio.create_task(self._ask(), name=f"keys of {self._name}")
        return self._task

    async def _ask(self) -> None:
        try:
            keys = await self._fetch()
        except IssuerError as error:
            self._trouble = error
            meanwhile = "tokens of it are refused" if self._keys is None else "the keys that are known serve on"
            logger.warning("issuer %s: %s; meanwhile %s", self._name, error, meanwhile)
        else:
            if self._keys is not None and keys.lacks_any_of(self._keys):
                self.withdrawn += 1
            self._keys, self._trouble, self._fetched = keys, None, self._monotonic()
            logger.info("issuer %s: %d keys", self._name, len(keys))
        finally:
            self._tried = self._monotonic()  # one that took long is not followed by the next at once
            self._task = None
