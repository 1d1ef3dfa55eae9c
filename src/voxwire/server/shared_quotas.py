"""Quotas of the running server, as its settings and its database have them."""

from voxwire.config import Settings
from voxwire.quotas import Exchange, QuotaKeeper, QuotaRules, RedisCounts, SharedCounts
from voxwire.runtime import Service
from voxwire.storage.database import Database
from voxwire.storage.watch import StoreWatch


def build_quotas(
    settings: Settings,
    service: Service,
    database: Database,
    watch: StoreWatch,
    counts: SharedCounts | None = None,
) -> QuotaKeeper:
    """The quotas of this service, which follow what is stored. `counts` are those of all processes of this server, if
    there are several. Raises ConfigurationError where quotas are to be shared with other servers, and that cannot
    be."""
    quotas = QuotaKeeper(QuotaRules(settings.quotas, database), _exchange(settings, counts))
    service.quotas = quotas
    watch.subscribe(quotas.reload)
    return quotas


def _exchange(settings: Settings, counts: SharedCounts | None) -> Exchange | None:
    if settings.quotas.redis_url is None:  # or that holds for processes, too
        return None if counts is None else Exchange(counts)
    return Exchange(RedisCounts(settings.quotas.redis_url.get_secret_value()))
