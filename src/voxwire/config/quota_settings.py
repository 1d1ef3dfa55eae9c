"""How much may be used: by a deployment, by a key, by a principal."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from voxwire.config.table import SettingsTable

_SCHEMES = ("redis", "rediss", "valkey", "valkeys", "unix")
#: A larger one is a slip of the keyboard, and no number that every database and every Redis holds exactly.
QuotaLimit = Annotated[int, Field(gt=0, le=1_000_000_000_000)]


class QuotaLimits(SettingsTable):
    """How much one of them may use, in all of its sessions together. What is left out has no limit."""

    concurrent_sessions: QuotaLimit | None = Field(default=None, description="Sessions at once.")
    requests_per_minute: QuotaLimit | None = Field(default=None, description="Responses in a minute.")
    tokens_per_minute: QuotaLimit | None = Field(
        default=None, description="Tokens in a minute, of what responses read and say."
    )
    audio_seconds_per_day: QuotaLimit | None = Field(
        default=None, description="Seconds of audio that come in, in a day."
    )


class QuotaSettings(SettingsTable):
    """Quotas of all who have none of their own, and where servers share what was used of them."""

    redis_url: SecretStr | None = Field(
        default=None,
        description="Redis or Valkey in which several servers count together: `redis://:PASSWORD@HOST:PORT/NUMBER`, "
        "`rediss://` for TLS. It needs the extra `redis`. Left out, each server counts for itself.",
    )
    deployment: QuotaLimits = Field(
        default=QuotaLimits(), description="What each deployment may be used by all of its clients together."
    )
    key: QuotaLimits = Field(default=QuotaLimits(), description="What each stored key may use.")
    principal: QuotaLimits = Field(
        default=QuotaLimits(), description="What each principal may use: a key, or a person who signs in by a token."
    )

    @field_validator("redis_url")
    @classmethod
    def _known(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        try:
            parts = urlsplit(url.get_secret_value())
            known = parts.scheme in _SCHEMES and (parts.port is None or parts.port > 0)
        except ValueError:
            known = False
        if not known:
            raise ValueError("this is not an address of Redis or Valkey; write redis://:PASSWORD@HOST:PORT/NUMBER")
        return url
