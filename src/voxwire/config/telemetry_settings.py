"""What an operator sees of the server: the tables `logging`, `metrics` and `tracing`."""

import re
from typing import Literal

from pydantic import Field, SecretStr, field_validator

from voxwire.config.table import SettingsTable

#: A token that is guessed gives away names and loads; 16 characters of chance are beyond guessing.
_SHORTEST_TOKEN = 16
_ADDRESS = re.compile(r"https?://[^/\s?#]+(/[^\s?#]*)?")


class LoggingSettings(SettingsTable):
    """What is written to stderr. Keys, audio and transcripts never are."""

    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe message to write."
    )
    access: bool = Field(default=True, description="One line for each HTTP request and each WebSocket connection.")
    format: Literal["text", "json"] = Field(
        default="text", description="Lines for people, or one JSON object each, for machines."
    )


class MetricsSettings(SettingsTable):
    """`GET /metrics`, for Prometheus."""

    enabled: bool = Field(default=True, description="Count, and answer `GET /metrics`.")
    token: SecretStr | None = Field(
        default=None,
        description="Bearer token that opens `/metrics` and nothing else, of at least 16 characters. Without one, "
        "`/metrics` needs the permission `read-usage`.",
    )

    @field_validator("token")
    @classmethod
    def _hard_to_guess(cls, token: SecretStr | None) -> SecretStr | None:
        text = None if token is None else token.get_secret_value()
        if text is not None and (len(text) < _SHORTEST_TOKEN or not text.isascii() or not text.isalnum()):
            raise ValueError(f"a token is {_SHORTEST_TOKEN} letters and digits or more: openssl rand -hex 16 makes one")
        return token


class TraceSettings(SettingsTable):
    """Spans of turns, sent to an OpenTelemetry collector; needs `pip install 'voxwire[otel]'`."""

    endpoint: str | None = Field(
        default=None,
        description="Address of a collector that takes OTLP over HTTP, such as `http://127.0.0.1:4318`. Left out, "
        "OpenTelemetry's own variable `OTEL_EXPORTER_OTLP_ENDPOINT` says it, and without that there are no traces.",
    )

    @field_validator("endpoint")
    @classmethod
    def _an_address(cls, endpoint: str | None) -> str | None:
        if endpoint is not None and not _ADDRESS.fullmatch(endpoint):
            raise ValueError("this is no address such as http://127.0.0.1:4318")
        return endpoint
