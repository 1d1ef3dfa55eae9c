"""Changing stored quotas: what the command line and REST have in common. It brings SQLAlchemy along.

- `quota_book`: setting and removing quotas
"""

from voxwire.quotas.management.quota_book import QuotaBook

__all__ = ["QuotaBook"]
