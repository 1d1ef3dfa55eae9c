"""Counts in Redis, or Valkey."""

import uuid
from collections.abc import Awaitable, Iterator, Sequence
from typing import Any, Final, TypeVar

from voxwire.errors import ConfigurationError
from voxwire.quotas.exchange import PLACE_S, OwnCount, SharedCountsLost

_T = TypeVar("_T")

#: One hash tag for all: in a cluster they lie on one node, where a script reaches them.
_PREFIX: Final = "{voxwire}:quota:"
#: Names in one call: a script stops everybody else for as long as it runs.
_MOST: Final = 500
#: How long the store may be silent, in seconds. Nobody waits for it but a handshake, which waits shorter.
_SILENT_S: Final = 1.0

#: A hash for each count, with a field for each server: to tell the same twice makes no difference, and a store that has
#: lost everything is told again by all. Who makes it says when it ends.
_EXCHANGE: Final = """
local out = {}
for i, key in ipairs(KEYS) do
  local own = tonumber(ARGV[2 * i])
  local known = redis.call('EXISTS', key) == 1
  if known or own > 0 then
    redis.call('HSET', key, ARGV[1], own)
    if not known then redis.call('PEXPIRE', key, ARGV[2 * i + 1]) end
  end
  local total = 0
  for _, value in ipairs(redis.call('HVALS', key)) do total = total + tonumber(value) end
  out[2 * i - 1] = total - own
  out[2 * i] = redis.call('PTTL', key)
end
return out
"""
#: A sorted set for each name, of holders by when their place ends, by the clock of the store.
_NOW: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
"""
_TAKE: Final = (
    _NOW
    + """
for i, key in ipairs(KEYS) do
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now)
  if redis.call('ZCARD', key) >= tonumber(ARGV[2 + i]) then return i - 1 end
end
for _, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ARGV[2], ARGV[1])
  redis.call('PEXPIRE', key, ARGV[2])
end
return -1
"""
)
_RENEW: Final = (
    _NOW
    + """
for i, key in ipairs(KEYS) do
  redis.call('ZADD', key, now + ARGV[1], ARGV[1 + i])
  redis.call('PEXPIRE', key, ARGV[1])
end
"""
)


class RedisCounts:
    """`SharedCounts` at `url`. Raises ConfigurationError where the package is missing, or the address is none."""

    def __init__(self, url: str, *, place_s: float = PLACE_S) -> None:
        try:
            from redis.asyncio import Redis
            from redis.asyncio.retry import Retry
            from redis.backoff import NoBackoff
            from redis.exceptions import RedisError
        except ImportError:
            raise ConfigurationError("quotas.redis_url needs the package redis: pip install 'voxwire[redis]'") from None
        self._error = RedisError
        self._place_ms = round(place_s * 1000)
        self._server = uuid.uuid4().hex
        address = url.replace("valkey", "redis", 1) if url.startswith("valkey") else url
        try:
            self._redis: Any = Redis.from_url(
                address,
                socket_timeout=_SILENT_S,
                socket_connect_timeout=_SILENT_S,
                retry=Retry(NoBackoff(), 0),  # who asks decides whether to ask again
                driver_info=None,  # else it looks for its own version on disk with each connection
            )
        except ValueError:
            raise ConfigurationError(
                "quotas.redis_url is not an address of Redis or Valkey; write redis://:PASSWORD@HOST:PORT/NUMBER"
            ) from None
        self._exchange = self._redis.register_script(_EXCHANGE)
        self._take = self._redis.register_script(_TAKE)
        self._renew = self._redis.register_script(_RENEW)

    async def exchange(self, counts: Sequence[OwnCount]) -> list[tuple[int, float] | None]:
        learned: list[tuple[int, float] | None] = []
        for some in _parts(counts):
            told = [value for count in some for value in (count.own, max(1, round(count.left_s * 1000)))]
            answer = await self._asked(self._exchange([_PREFIX + count.name for count in some], [self._server, *told]))
            learned += [
                (others, left / 1000) if left > 0 else None
                for others, left in zip(answer[::2], answer[1::2], strict=True)
            ]
        return learned

    async def take(self, holder: str, places: Sequence[tuple[str, int]]) -> int | None:
        names, numbers = [_PREFIX + name for name, _ in places], [most for _, most in places]
        full = int(await self._asked(self._take(names, [holder, self._place_ms, *numbers])))
        return None if full < 0 else full

    async def renew(self, held: Sequence[tuple[str, str]]) -> None:
        for some in _parts(held):
            names, holders = [_PREFIX + name for _, name in some], [holder for holder, _ in some]
            await self._asked(self._renew(names, [self._place_ms, *holders]))

    async def leave(self, holder: str, names: Sequence[str]) -> None:
        async with self._redis.pipeline(transaction=False) as pipeline:
            for name in names:
                pipeline.zrem(_PREFIX + name, holder)
            await self._asked(pipeline.execute())

    async def close(self) -> None:
        await self._redis.aclose()

    async def _asked(self, answer: Awaitable[_T]) -> _T:
        try:
            return await answer
        except (self._error, OSError) as error:
            raise SharedCountsLost(f"Redis cannot be used ({type(error).__name__}).") from None


def _parts(all: Sequence[_T]) -> Iterator[Sequence[_T]]:
    for start in range(0, len(all), _MOST):
        yield all[start : start + _MOST]
