"""What `rate_limits.updated` reports (protocol: responses, Rate limits)."""

from voxwire.events.response import RateLimit
from voxwire.session.limits import Limits
from voxwire.session.rate_window import RateWindow

LIMITS = Limits(requests_per_minute=3, tokens_per_minute=100)


def remaining(window: RateWindow, now: float) -> list[int]:
    return [limit.remaining for limit in window.report(now)]


def use(window: RateWindow, tokens: int, now: float) -> None:
    window.settle(window.reserve(tokens, now), tokens, now)


def test_counts_within_the_minute() -> None:
    window = RateWindow(LIMITS, now=0)
    use(window, 40, now=1)
    use(window, 10, now=2)
    requests, tokens = window.report(now=20)
    assert (requests.name, requests.remaining, requests.reset_seconds) == ("requests", 1, 40)
    assert (tokens.name, tokens.remaining, tokens.limit) == ("tokens", 50, 100)


def test_what_is_reserved_counts_until_it_is_known_what_was_used() -> None:
    window = RateWindow(LIMITS, now=0)
    reserved = window.reserve(60, now=1)
    assert remaining(window, now=2) == [2, 40]
    window.settle(reserved, 25, now=3)
    assert remaining(window, now=3) == [2, 75]
    window.settle(window.reserve(10, now=4), 30, now=5)
    assert remaining(window, now=5) == [1, 45]


def test_what_was_reserved_in_the_minute_before_does_not_come_back_in_this_one() -> None:
    window = RateWindow(LIMITS, now=0)
    few, many, none = (window.reserve(20, now=50) for _ in range(3))
    window.settle(few, 10, now=70)
    window.release(none, now=70)
    assert remaining(window, now=70) == [3, 100]
    window.settle(many, 35, now=70)
    assert remaining(window, now=70) == [3, 85]


def test_what_was_not_begun_is_free_again() -> None:
    window = RateWindow(LIMITS, now=0)
    window.release(window.reserve(60, now=1), now=2)
    assert remaining(window, now=2) == [3, 100]


def test_never_below_nothing_and_never_above_the_limit() -> None:
    window = RateWindow(LIMITS, now=0)
    reserved = window.reserve(1000, now=1)
    assert remaining(window, now=1) == [2, 0]
    window.settle(reserved, 40, now=2)
    assert remaining(window, now=2) == [2, 60], "what comes back is not more than there was"


def test_starts_again_after_a_minute() -> None:
    window = RateWindow(LIMITS, now=0)
    use(window, 40, now=1)
    assert remaining(window, now=59.9) == [2, 60]
    assert remaining(window, now=60) == [3, 100]
    use(window, 1, now=200)
    assert remaining(window, now=200) == [2, 99]


def test_what_is_told_counts_and_own_use_comes_off() -> None:
    window = RateWindow(LIMITS, now=0)
    use(window, 40, now=1)
    told = (RateLimit(name="tokens", limit=500, remaining=200, reset_seconds=30.0),)
    window.tell(told, now=10)
    assert window.report(now=10) == told
    use(window, 50, now=20)
    assert window.report(now=20) == (RateLimit(name="tokens", limit=500, remaining=150, reset_seconds=20.0),)
    assert window.report(now=40) == (RateLimit(name="tokens", limit=500, remaining=500, reset_seconds=60.0),)


def test_a_limit_of_requests_alone_knows_no_tokens() -> None:
    window = RateWindow(LIMITS, now=0)
    window.tell((RateLimit(name="requests", limit=5, remaining=5, reset_seconds=30.0),), now=0)
    use(window, 50, now=1)
    assert remaining(window, now=2) == [4]


def test_a_quota_that_was_taken_away_leaves_the_large_numbers() -> None:
    window = RateWindow(LIMITS, now=0)
    window.tell((RateLimit(name="requests", limit=1, remaining=0, reset_seconds=30.0),), now=0)
    window.tell((), now=10)
    assert remaining(window, now=10) == [3, 100]
