"""`traceparent` as clients send it, and as they should not."""

import pytest

from voxwire.runtime.trace_parent import TraceParent
from voxwire.transports.request import Request

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("header", "sampled"),
    [(f"00-{TRACE}-{SPAN}-01", True), (f"00-{TRACE}-{SPAN}-00", False), (f"cc-{TRACE}-{SPAN}-03-what.comes", True)],
)
def test_a_trace_is_read(header: str, sampled: bool) -> None:
    assert TraceParent.of(header) == TraceParent(TRACE, SPAN, sampled)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "00",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-01, 00-{TRACE}-{SPAN}-01",
        f"00-{TRACE[:-1]}٣-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
    ],
)
def test_what_is_none_is_passed_over(header: str | None) -> None:
    assert TraceParent.of(header) is None


@pytest.mark.parametrize("given", [f"00-{TRACE}-{SPAN}-01", "nonsense"])
def test_a_request_has_a_trace_in_any_case(given: str) -> None:
    scope = {"path": "/", "query_string": b"", "headers": [(b"traceparent", given.encode())]}
    request = Request.from_scope(scope)
    expected = TRACE if given.startswith("00") else request.request_id.replace("-", "")
    assert request.trace_id == expected
