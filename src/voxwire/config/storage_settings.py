"""Where deployments, keys, usage and conversations are stored."""

import base64
import binascii
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator

from voxwire.config.table import SettingsTable

_FORMS = "sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE"


class StorageSettings(SettingsTable):
    """The database. It is made by the first command, request or policy that stores something."""

    url: SecretStr | None = Field(
        default=None,
        description="Database: `sqlite:///FILE` (an absolute path has four slashes) or "
        "`postgresql://USER:PASSWORD@HOST/DATABASE`. Left out: the file `voxwire/voxwire.db` in the folder where the "
        "system keeps a user's data, such as `~/.local/share`. The file is made once something is stored.",
    )
    secret_key: SecretStr | None = Field(
        default=None,
        description="Master key that encrypts the keys of what is stored: 32 bytes in base64. Several, separated by "
        "commas: the first encrypts, the others are still understood. Left out: one is made beside the SQLite file; "
        "for PostgreSQL it has to be given once something is encrypted.",
    )
    usage_days: int = Field(
        default=400, ge=1, le=36_500, description="Days that records of usage are kept; sums of them go with them."
    )
    review_days: int = Field(
        default=90, ge=1, le=36_500, description="Days that finds of content checks are kept, looked at or not."
    )

    @field_validator("url")
    @classmethod
    def _known(cls, url: SecretStr | None) -> SecretStr | None:
        if url is None:
            return None
        try:
            parts = urlsplit(url.get_secret_value())
            port_is_number = parts.port is None or parts.port > 0
        except ValueError:
            raise ValueError(f"this is not an address of a database; write {_FORMS}") from None
        if parts.scheme == "sqlite":
            if parts.netloc or len(parts.path) < 2:
                raise ValueError("an SQLite database needs a file: write sqlite:///FILE")
        elif parts.scheme not in ("postgresql", "postgres") or not port_is_number:
            raise ValueError(f"this is not an address of a database; write {_FORMS}")
        return url

    @field_validator("secret_key")
    @classmethod
    def _of_32_bytes(cls, keys: SecretStr | None) -> SecretStr | None:
        for key in keys.get_secret_value().split(",") if keys is not None else ():
            try:
                size = len(base64.b64decode(key.strip(), validate=True))
            except (binascii.Error, ValueError):
                size = 0
            if size != 32:
                raise ValueError("a master key is 32 bytes in base64, as `openssl rand -base64 32` prints them")
        return keys
