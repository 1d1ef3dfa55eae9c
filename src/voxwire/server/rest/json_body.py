"""Reading the JSON body of a request: one object, bounded in size and in time."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NoReturn, TypeVar

from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.requests import Request as HttpRequest

from voxwire.errors import RequestRefused
from voxwire.server.rest.problems import check_fields, validated

#: How long a body may take to come; Apache gives 20 s.
BODY_TIMEOUT_S: Final = 20.0
#: A larger body is read in a thread: 16 KiB take 2 ms at most, in which no session gets a word.
_IN_LOOP_BYTES: Final = 16 * 1024

_Model = TypeVar("_Model", bound=BaseModel)


async def read_json(request: HttpRequest, model: type[_Model]) -> _Model:
    """The body as this model.

    Raises RequestRefused: 400 for what is no JSON object or does not fit the model, with the field as `param`; 408 for
    one that comes too slowly; 413 for one that is too large; 415 for another media type.
    """
    _check_media_type(request)
    data = await _read(request)
    if len(data) <= _IN_LOOP_BYTES:
        return _parsed(data, model)
    return await asyncio.to_thread(_parsed, data, model)


def _check_media_type(request: HttpRequest) -> None:
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media != "application/json" or request.headers.get("content-encoding", "identity").lower() != "identity":
        raise RequestRefused(
            415,
            "The body has to be JSON: send `Content-Type: application/json`, and no Content-Encoding.",
            code="unsupported_media_type",
        )


async def _read(request: HttpRequest) -> bytes:
    """The whole body. How much it may be is held by who hands it on (`voxwire.server.middleware`)."""
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            return await request.body()
    except TimeoutError:
        raise RequestRefused(
            408,
            f"The body did not come within {BODY_TIMEOUT_S:.0f} s.",
            code="request_timeout",
            headers=(("connection", "close"),),  # nobody waits for the rest
        ) from None
    except ClientDisconnect:  # nobody reads the answer
        raise RequestRefused(400, "The client left before its body had come.", code="invalid_request") from None


def _parsed(data: bytes, model: type[_Model]) -> _Model:
    with _told_in_words():
        given = json.loads(data, object_pairs_hook=_object, parse_constant=_not_json)
    if not isinstance(given, dict):
        raise RequestRefused(400, "The body has to be a JSON object.", code="invalid_json")
    check_fields(given)
    return validated(model, given)


@contextmanager
def _told_in_words() -> Iterator[None]:
    try:
        yield
    except (ValueError, RecursionError) as error:  # not UTF-8, not JSON, too deep
        where = f" (line {error.lineno}, column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        raise RequestRefused(400, f"The body is not valid JSON{where}.", code="invalid_json") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a field that comes twice, proxies in between may have judged the other."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise RequestRefused(400, "A field of the body comes twice. Say it once.", code="invalid_json")
    return found


def _not_json(constant: str) -> NoReturn:
    raise ValueError(constant)
