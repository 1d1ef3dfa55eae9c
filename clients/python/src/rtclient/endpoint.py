"""Where to connect and how to introduce oneself: URL and headers, nothing sent yet (protocol: connecting)."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol
from uuid import UUID

from azure.core.credentials import AccessToken, AzureKeyCredential
from yarl import URL

from rtclient.util.user_agent import get_user_agent

Dialect = Literal["preview", "ga"]

#: A session that only listens, and writes down what it hears.
Intent = Literal["transcription"]

_AZURE_PATH = "/openai/realtime"
_AZURE_GA_PATH = "/openai/v1/realtime"
_AZURE_API_VERSION = "2024-10-01-preview"
_AZURE_SCOPE = "https://cognitiveservices.azure.com/.default"
_OPENAI_BASE_URL = "wss://api.openai.com/v1"


class TokenCredential(Protocol):
    """An asynchronous credential, such as `azure.identity.aio.DefaultAzureCredential`."""

    async def get_token(self, *scopes: str) -> AccessToken:
        """A token for these scopes."""


@dataclass(frozen=True)
class AzureEndpoint:
    """A deployment of an Azure OpenAI resource, or of a server that speaks like one.

    Only the origin of `url` counts. The environment is read at each connection: AZURE_OPENAI_PATH, and
    AZURE_OPENAI_API_VERSION or else OPENAI_API_VERSION. A GA service has one path and no version.
    """

    url: str
    deployment: str
    dialect: Dialect
    key: AzureKeyCredential | None = field(repr=False, default=None)
    token: TokenCredential | None = field(repr=False, default=None)
    intent: Intent | None = None

    def address(self) -> URL:
        """Raises ValueError where the URL has no scheme or host."""
        if self.dialect == "ga":
            query = _target(self.deployment, self.intent)
            return _origin(self.url).with_path(_AZURE_GA_PATH).with_query(query)
        version = os.environ.get("AZURE_OPENAI_API_VERSION") or os.environ.get("OPENAI_API_VERSION")
        query = {"deployment": self.deployment, "api-version": version or _AZURE_API_VERSION}
        if self.intent is not None:
            query["intent"] = self.intent
        return _origin(self.url).with_path(os.environ.get("AZURE_OPENAI_PATH") or _AZURE_PATH).with_query(query)

    async def headers(self, request_id: UUID) -> Mapping[str, str]:
        """A token wins over a key. Raises what the credential raises."""
        headers = {"x-ms-client-request-id": str(request_id), "User-Agent": get_user_agent()}
        if self.token is not None:
            headers["Authorization"] = f"Bearer {(await self.token.get_token(_AZURE_SCOPE)).token}"
        elif self.key is not None:
            headers["api-key"] = self.key.key
        return headers


@dataclass(frozen=True)
class OpenAIEndpoint:
    """A model of OpenAI's service, or of a server that speaks like it.

    `base_url` ends in `/v1`; without it the environment's OPENAI_BASE_URL counts, then OpenAI's own.
    """

    model: str
    dialect: Dialect
    key: AzureKeyCredential = field(repr=False)
    base_url: str | None = None
    intent: Intent | None = None

    def address(self) -> URL:
        """Raises ValueError where the URL has no scheme or host."""
        base = URL(self.base_url or os.environ.get("OPENAI_BASE_URL") or _OPENAI_BASE_URL)
        _origin(str(base))
        return (base / "realtime").with_query(_target(self.model, self.intent))

    async def headers(self, request_id: UUID) -> Mapping[str, str]:
        """The preview is asked for by a header; without it the service speaks GA."""
        headers = {"Authorization": f"Bearer {self.key.key}", "User-Agent": get_user_agent()}
        if self.dialect == "preview":
            headers["openai-beta"] = "realtime=v1"
        return headers


def _target(model: str, intent: Intent | None) -> dict[str, str]:
    """GA takes the model or the intent; who transcribes sets a model later (protocol: connecting, Addresses)."""
    return {"model": model} if intent is None else {"intent": intent}


def _origin(url: str) -> URL:
    parsed = URL(url)
    if not parsed.absolute or parsed.scheme not in {"http", "https", "ws", "wss"}:
        raise ValueError(f"The URL must begin with https://, wss://, http:// or ws://: {url!r}")
    return parsed.origin()
