"""Quotas of the running server, as its settings and its database have them."""

from voxwire.config import Settings
from voxwire.quotas import Exchange, QuotaKeeper, QuotaRules, RedisCounts
from voxwire.runtime import Service
from voxwire.storage.database import Database
from voxwire.storage.watch import StoreWatch


def build_quotas(settings: Settings, service: Service, database: Database, watch: StoreWatch) -> QuotaKeeper:
    """The quotas of this service, which follow what is stored. Raises ConfigurationError where they are to be shared,
    and that cannot be."""
    quotas = QuotaKeeper(QuotaRules(settings.quotas, database), _exchange(settings))
    service.quotas = quotas
    watch.subscribe(quotas.reload)
    return quotas


def _exchange(settings: Settings) -> Exchange | None:
    if settings.quotas.redis_url is None:
        return None
    return Exchange(RedisCounts(settings.quotas.redis_url.get_secret_value()))
