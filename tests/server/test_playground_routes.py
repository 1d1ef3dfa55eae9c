"""The playground over HTTP: types, caching, and what the page may do."""

import gzip
import re

import pytest
from echo_service import Serve
from http_client import request

from voxwire.playground import static_files

GZIP = {"Accept-Encoding": "gzip, deflate, br"}


async def test_the_page_is_at_the_root(url: str) -> None:
    answer = await request(url, "/")
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.body == static_files()["index.html"].content


async def test_every_file_is_served(url: str) -> None:
    for name, file in static_files().items():
        answer = await request(url, f"/playground/{name}", GZIP)
        assert (answer.status, answer.headers["content-type"]) == (200, file.media_type)
        assert answer.headers["content-encoding"] == "gzip"
        assert gzip.decompress(answer.body) == file.content


async def test_modules_have_the_type_that_browsers_insist_on(url: str) -> None:
    answer = await request(url, "/playground/js/main.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_needs_no_key(serve: Serve) -> None:
    url = await serve(auth={"api_keys": ["k1"]})
    assert (await request(url, "/")).status == 200


async def test_is_asked_for_again_and_answered_shortly(url: str) -> None:
    first = await request(url, "/", GZIP)
    assert first.headers["cache-control"] == "no-cache"
    again = await request(url, "/", {**GZIP, "If-None-Match": f'"other", {first.headers["etag"]}'})
    assert (again.status, again.body) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    assert (await request(url, "/", {"If-None-Match": '"other"'})).status == 200


async def test_strict_content_security_policy(url: str) -> None:
    policy = (await request(url, "/")).headers["content-security-policy"]
    directives = dict(directive.split(" ", 1) for directive in policy.split("; "))
    assert directives["default-src"] == "'none'"
    assert directives["script-src"] == directives["style-src"] == directives["connect-src"] == "'self'"
    assert directives["frame-ancestors"] == "'none'"
    assert not re.search(r"unsafe|https?:|\*", policy)


@pytest.mark.parametrize(
    "target",
    [
        "/playground",
        "/playground/",
        "/playground/nothing.js",
        "/playground/../pyproject.toml",
        "/playground/__init__.py",
    ],
)
async def test_nothing_else(url: str, target: str) -> None:
    answer = await request(url, target)
    assert (answer.status, answer.error["code"]) == (404, "not_found")


async def test_only_get(url: str) -> None:
    answer = await request(url, "/", method="POST")
    assert (answer.status, answer.error["code"]) == (405, "method_not_allowed")
