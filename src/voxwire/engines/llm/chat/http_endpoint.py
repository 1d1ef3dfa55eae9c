"""What the `chat` engine asks of an endpoint."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

import msgspec

from voxwire.engines.llm.chat.chat_options import ChatOptions
from voxwire.engines.llm.chat.failures import FAILURES
from voxwire.engines.remote.http import HttpEndpoint
from voxwire.engines.remote.patience import Patience

_LIST_S: Final = 10.0


class Listing(NamedTuple):
    """What `/models` answered: its status, and the names, None where the body is no list of models."""

    status: int
    names: tuple[str, ...] | None


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model] | None


class Endpoint:
    """One chat endpoint. It is opened by its first use; `close` it at the end."""

    def __init__(self, options: ChatOptions) -> None:
        self._http = HttpEndpoint(options.base_url, options.secret_headers(), FAILURES)

    async def close(self) -> None:
        await self._http.close()

    async def models(self, below: str = "") -> Listing:
        """Ask for the list of models, `below` the address. Raises EngineError when nobody answers."""
        async with self._http.ask("GET", f"{below}/models", Patience(_LIST_S, _LIST_S, FAILURES)) as answer:
            body = await answer.body()
        try:
            listed = msgspec.json.decode(body, type=_Models).data
        except (msgspec.DecodeError, UnicodeDecodeError):
            return Listing(answer.status, None)
        return Listing(answer.status, tuple(model.id for model in listed or ()))

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
