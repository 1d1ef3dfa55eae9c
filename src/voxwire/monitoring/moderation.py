"""Checks of endpoints: one of our own shape, and OpenAI's moderation.

ours     POST URL                {"text": "…"}                     →  {"flagged": true, "categories": ["threat"]}
OpenAI   POST BASE/moderations   {"model": "…", "input": "…"}      →  {"results": [{"flagged": true, …}]}
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

import msgspec

from voxwire.engines.declared_options import declared
from voxwire.engines.remote.endpoint_failures import Failures
from voxwire.engines.remote.endpoint_options import EndpointOptions
from voxwire.engines.remote.http import HttpEndpoint
from voxwire.engines.remote.patience import Patience
from voxwire.errors import VoxwireError

_FAILURES: Final = Failures("check", "moderation endpoint")
#: How long a request may take where the policy has a longer deadline.
_LONGEST_S: Final = 30.0
#: Names of categories that a review repeats, and characters of each.
_MOST_NAMED: Final = 8
_LONGEST_NAME: Final = 64


class CheckFailed(VoxwireError):
    """Nobody can say; the message repeats nothing of the text."""


class HttpOptions(EndpointOptions):
    """`docs/monitoring.md` explains each of them."""

    EXAMPLE: ClassVar[str] = "http://127.0.0.1:9000/check"


class OpenaiOptions(EndpointOptions):
    """`docs/monitoring.md` explains each of them."""

    ENDING: ClassVar[str] = "/moderations"
    EXAMPLE: ClassVar[str] = "https://api.openai.com/v1"

    model: str = "omni-moderation-latest"
    categories: tuple[str, ...] = ()
    """The only categories that count; empty, all do."""


class _Flagged(msgspec.Struct):
    flagged: bool
    categories: list[str] = []


class _Result(msgspec.Struct):
    flagged: bool
    categories: dict[str, bool | None] = {}


class _Results(msgspec.Struct):
    results: list[_Result]


class _Endpoint:
    """Posts JSON and reads JSON."""

    def __init__(self, options: EndpointOptions, path: str = "") -> None:
        self._path = path
        self._endpoint = HttpEndpoint(options.base_url, options.secret_headers(), _FAILURES)

    async def close(self) -> None:
        await self._endpoint.close()

    async def _post(self, body: Mapping[str, Any]) -> bytes:
        patience = Patience(_LONGEST_S, _LONGEST_S, _FAILURES)
        headers = {"Content-Type": "application/json"}
        content = msgspec.json.encode(body)
        async with self._endpoint.ask("POST", self._path, patience, content=content, headers=headers) as answer:
            if answer.status != 200:
                raise CheckFailed(f"the endpoint answered {answer.status}")
            return await answer.body()


class HttpCheck(_Endpoint):
    """An endpoint of our own shape."""

    async def ask(self, text: str) -> str | None:
        try:
            answer = msgspec.json.decode(await self._post({"text": text}), type=_Flagged)
        except msgspec.MsgspecError:
            raise CheckFailed("the endpoint's answer cannot be read") from None
        return _named(answer.categories) if answer.flagged else None


class OpenaiCheck(_Endpoint):
    """OpenAI's shape, which others have as well."""

    def __init__(self, options: OpenaiOptions) -> None:
        super().__init__(options, "/moderations")
        self._model = options.model
        self._wanted = frozenset(options.categories)

    async def ask(self, text: str) -> str | None:
        try:
            answer = msgspec.json.decode(await self._post({"model": self._model, "input": text}), type=_Results)
        except msgspec.MsgspecError:
            raise CheckFailed("the endpoint's answer cannot be read") from None
        if not answer.results:
            raise CheckFailed("the endpoint's answer is empty")
        found = [name for result in answer.results for name, hit in result.categories.items() if hit]
        if self._wanted:
            found = [name for name in found if name in self._wanted]
            return _named(found) if found else None
        return _named(found) if any(result.flagged for result in answer.results) else None


def http_check(options: Mapping[str, Any]) -> HttpCheck:
    """The entry point."""
    return HttpCheck(declared("The check http", HttpOptions, options))


def openai_check(options: Mapping[str, Any]) -> OpenaiCheck:
    """The entry point."""
    return OpenaiCheck(declared("The check openai", OpenaiOptions, options))


def _named(categories: list[str]) -> str:
    return ", ".join(name[:_LONGEST_NAME] for name in categories[:_MOST_NAMED]) or "flagged"
