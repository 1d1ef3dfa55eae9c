"""What `rate_limits.updated` reports (protocol: responses, Rate limits)."""

from voxwire.events.response import RateLimit
from voxwire.session.limits import Limits
from voxwire.session.rate_window import RateWindow

LIMITS = Limits(requests_per_minute=3, tokens_per_minute=100)


def remaining(window: RateWindow, now: float) -> list[int]:
    return [limit.remaining for limit in window.report(now)]


def test_counts_within_the_minute() -> None:
    window = RateWindow(LIMITS, now=0)
    window.count(40, now=1)
    window.count(10, now=2)
    requests, tokens = window.report(now=20)
    assert (requests.name, requests.remaining, requests.reset_seconds) == ("requests", 1, 40)
    assert (tokens.name, tokens.remaining, tokens.limit) == ("tokens", 50, 100)


def test_never_below_nothing() -> None:
    window = RateWindow(LIMITS, now=0)
    window.count(1000, now=1)
    assert remaining(window, now=1) == [2, 0]


def test_starts_again_after_a_minute() -> None:
    window = RateWindow(LIMITS, now=0)
    window.count(40, now=1)
    assert remaining(window, now=59.9) == [2, 60]
    assert remaining(window, now=60) == [3, 100]
    window.count(1, now=200)
    assert remaining(window, now=200) == [2, 99]


def test_what_is_told_counts_and_own_use_comes_off() -> None:
    window = RateWindow(LIMITS, now=0)
    window.count(40, now=1)
    told = (RateLimit(name="tokens", limit=500, remaining=200, reset_seconds=30.0),)
    window.tell(told, now=10)
    assert window.report(now=10) == told
    window.count(50, now=20)
    assert window.report(now=20) == (RateLimit(name="tokens", limit=500, remaining=150, reset_seconds=20.0),)
    assert window.report(now=40) == (RateLimit(name="tokens", limit=500, remaining=500, reset_seconds=60.0),)
