"""How much a deployment, a key and a principal may use, over all sessions and all servers.

- `quota_rules`: which quota holds for whom, by the settings and by what is stored
- `counter`, `scope`: what was used of it, on this server
- `session_allowance`: what one session reserves, uses and is refused
- `quota_keeper`: all of this server, the `Quotas` of the runtime
- `exchange`: what servers tell each other of their counts; `redis_counts`: by Redis or Valkey; `memory_counts`: by a
  process that they all ask
- `management`: changing what is stored
"""

from voxwire.quotas.exchange import Exchange, OwnCount, SharedCounts, SharedCountsLost
from voxwire.quotas.memory_counts import MemoryCounts
from voxwire.quotas.quota_keeper import QuotaKeeper
from voxwire.quotas.quota_rules import QuotaRules, quota_of
from voxwire.quotas.redis_counts import RedisCounts

__all__ = [
    "Exchange",
    "MemoryCounts",
    "OwnCount",
    "QuotaKeeper",
    "QuotaRules",
    "RedisCounts",
    "SharedCounts",
    "SharedCountsLost",
    "management",
    "quota_of",
]
