"""What the `chat` engine asks of an endpoint."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from voxwire.engines.llm.chat.chat_options import KEY_VARIABLE, ChatOptions
from voxwire.engines.llm.chat.failures import FAILURES
from voxwire.engines.remote.http import HttpEndpoint
from voxwire.engines.remote.model_listing import list_models
from voxwire.engines.remote.patience import Patience


class Endpoint:
    """One chat endpoint. It is opened by its first use; `close` it at the end."""

    def __init__(self, options: ChatOptions) -> None:
        self._http = HttpEndpoint(options.base_url, options.secret_headers(), FAILURES)
        self._has_key = options.api_key is not None

    async def close(self) -> None:
        await self._http.close()

    async def models(self) -> tuple[str, ...]:
        """The names of its models. Raises ConfigurationError for a wrong address or key, and EngineError."""
        return await list_models(self._http, FAILURES, KEY_VARIABLE, self._has_key)

    @asynccontextmanager
    async def post(self, body: bytes, patience: Patience) -> AsyncIterator[AsyncIterator[bytes]]:
        """Ask for an answer; yields what arrives. Leaving closes the socket, unless the answer was read to its end.

        Raises Refused for an error status and EngineError for everything else.
        """
        headers = {"Content-Type": "application/json", "Accept": "text/event-stream"}
        async with self._http.ask("POST", "/chat/completions", patience, content=body, headers=headers) as answer:
            if answer.status != 200:
                raise await answer.refusal()
            if answer.content_type != "text/event-stream":
                raise FAILURES.broken("something that is no event stream")
            yield answer.pieces()
