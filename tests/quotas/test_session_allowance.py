"""What one session reserves, uses and is refused."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from scripted import Clock

from voxwire.events.response import TokenUsage
from voxwire.quotas.scope import Scope, ScopeName
from voxwire.quotas.session_allowance import SessionAllowance
from voxwire.runtime import Quota, QuotaExceeded

SMALL = Quota(requests_per_minute=3, tokens_per_minute=1000, audio_seconds_per_day=10)


def used(tokens: int) -> TokenUsage:
    return TokenUsage(output_text=tokens)


class Bench:
    def __init__(self, *quotas: Quota) -> None:
        self.clock = Clock()
        self.scopes = [
            Scope(ScopeName("principal", "local", str(number)), quota, self.clock)
            for number, quota in enumerate(quotas)
        ]
        self.told: list[Sequence[Scope]] = []

    def session(self) -> SessionAllowance:
        return SessionAllowance(self.scopes, self.told.append)


def left(allowance: SessionAllowance) -> dict[str, int]:
    return {rate.name: rate.remaining for rate in allowance.left()}


@pytest.fixture
def bench() -> Bench:
    return Bench(SMALL)


class TestAnswers:
    def test_what_is_reserved_is_not_left_and_what_was_not_used_comes_back(self, bench: Bench) -> None:
        allowance = bench.session()
        allowance.begin("resp_1", 400)
        assert left(allowance) == {"requests": 2, "tokens": 600}
        allowance.settle("resp_1", used(150))
        assert left(allowance) == {"requests": 2, "tokens": 850}
        allowance.begin("resp_2", 100)
        allowance.settle("resp_2", used(300))
        assert left(allowance) == {"requests": 1, "tokens": 550}

    def test_beyond_the_requests_of_a_minute_until_it_is_over(self, bench: Bench) -> None:
        allowance = bench.session()
        for number in range(3):
            allowance.begin(str(number), 1)
            allowance.settle(str(number), used(1))
        bench.clock.now += 20
        with pytest.raises(QuotaExceeded) as caught:
            allowance.begin("too many", 1)
        assert (caught.value.limit, caught.value.code) == ("requests_per_minute", "rate_limit_exceeded")
        assert caught.value.retry_after_s == 40
        assert "this principal may ask for 3 responses in a minute" in caught.value.message
        allowance.settle("too many", used(999))  # it was refused: it costs nothing, whatever is said
        assert left(allowance) == {"requests": 0, "tokens": 997}
        bench.clock.now += 40
        allowance.begin("again", 1)

    def test_beyond_the_tokens_of_a_minute(self, bench: Bench) -> None:
        allowance = bench.session()
        allowance.begin("resp_1", 700)
        with pytest.raises(QuotaExceeded) as caught:
            allowance.begin("resp_2", 400)
        assert caught.value.limit == "tokens_per_minute"
        allowance.begin("resp_3", 300)
        assert left(allowance) == {"requests": 1, "tokens": 0}

    def test_one_that_needs_more_than_the_whole_minute_has_a_fresh_one(self, bench: Bench) -> None:
        allowance = bench.session()
        allowance.begin("resp_1", 5000)
        allowance.settle("resp_1", used(1))
        with pytest.raises(QuotaExceeded):
            allowance.begin("resp_2", 5000)

    def test_the_tightest_bound_of_all_holds_and_is_told(self) -> None:
        bench = Bench(SMALL, Quota(requests_per_minute=100, tokens_per_minute=500), Quota())
        allowance = bench.session()
        allowance.begin("resp_1", 200)
        assert [(rate.name, rate.limit, rate.remaining) for rate in allowance.left()] == [
            ("requests", 3, 2),
            ("tokens", 500, 300),
        ]
        with pytest.raises(QuotaExceeded):
            allowance.begin("resp_2", 400)
        assert [scope.requests.used for scope in bench.scopes] == [1, 1, 1], "what is refused is counted nowhere"

    def test_without_a_bound_nothing_is_told(self) -> None:
        assert Bench(Quota(concurrent_sessions=3)).session().left() == ()

    def test_sessions_of_one_principal_count_together(self, bench: Bench) -> None:
        one, two = bench.session(), bench.session()
        one.begin("resp_1", 300)
        assert left(two) == {"requests": 2, "tokens": 700}

    def test_an_answer_that_goes_over_the_minute_counts_in_the_next_one_only_what_was_not_reserved(
        self, bench: Bench
    ) -> None:
        allowance = bench.session()
        allowance.begin("few", 400)
        allowance.begin("many", 400)
        bench.clock.now += 61
        allowance.settle("few", used(100))
        assert left(allowance) == {"requests": 3, "tokens": 1000}
        allowance.settle("many", used(700))
        assert left(allowance) == {"requests": 3, "tokens": 700}

    def test_a_session_that_ends_leaves_nothing_reserved(self, bench: Bench) -> None:
        allowance = bench.session()
        allowance.begin(None, 100)
        allowance.begin("resp_1", 100)
        allowance.end()
        assert left(bench.session()) == {"requests": 3, "tokens": 1000}


class TestDrafts:
    def test_one_that_is_dropped_costs_nothing(self, bench: Bench) -> None:
        allowance = bench.session()
        allowance.begin(None, 400)
        assert left(allowance) == {"requests": 2, "tokens": 600}
        allowance.settle(None, used(300))
        assert left(allowance) == {"requests": 3, "tokens": 1000}

    def test_one_that_is_taken_has_reserved_for_its_response(self, bench: Bench) -> None:
        allowance = bench.session()
        allowance.begin(None, 400)
        allowance.take("resp_1")
        allowance.settle(None, used(300))
        assert left(allowance) == {"requests": 2, "tokens": 600}
        allowance.settle("resp_1", used(500))
        assert left(allowance) == {"requests": 2, "tokens": 500}

    def test_one_that_failed_at_once_is_forgotten_by_the_next(self, bench: Bench) -> None:
        allowance = bench.session()
        allowance.begin(None, 600)
        allowance.begin(None, 600)
        allowance.begin("resp_1", 600)
        assert left(allowance) == {"requests": 2, "tokens": 400}


class TestAudio:
    def test_as_much_as_a_day_has_and_what_is_refused_is_not_counted(self, bench: Bench) -> None:
        allowance = bench.session()
        for _ in range(499):
            allowance.hear(20.0)
        with pytest.raises(QuotaExceeded) as caught:
            allowance.hear(40.0)
        assert (caught.value.limit, caught.value.code) == ("audio_seconds_per_day", "insufficient_quota")
        assert caught.value.retry_after_s == 86_400
        allowance.hear(20.0)
        with pytest.raises(QuotaExceeded):
            allowance.hear(20.0)
        bench.clock.now += 86_400
        allowance.hear(20.0)

    def test_parts_of_a_millisecond_add_up(self, bench: Bench) -> None:
        allowance = bench.session()
        for _ in range(8):
            allowance.hear(0.125)
        assert bench.scopes[0].audio_ms.used == 1

    @pytest.mark.parametrize("bounded", [0, 1, 2])
    def test_one_bound_of_several_is_enough(self, bounded: int) -> None:
        bench = Bench(*(SMALL if number == bounded else Quota() for number in range(3)))
        allowance = bench.session()
        allowance.hear(9_000.0)
        with pytest.raises(QuotaExceeded):
            allowance.hear(2_000.0)
        assert [scope.audio_ms.used for scope in bench.scopes] == [9_000 * (n == bounded) for n in range(3)]

    def test_a_bound_that_comes_while_somebody_speaks_holds_from_then_on(self) -> None:
        bench = Bench(Quota(), Quota())
        allowance = bench.session()
        allowance.hear(60_000.0)
        bench.scopes[1].quota = SMALL
        allowance.hear(10_000.0)
        with pytest.raises(QuotaExceeded):
            allowance.hear(1.0)
        bench.scopes[1].quota = Quota()
        allowance.hear(60_000.0)


class Reservations(RuleBasedStateMachine):
    """Whatever sessions do, what is counted is what they hold and what they have used; and nothing stays."""

    def __init__(self) -> None:
        super().__init__()
        self.bench = Bench(Quota(tokens_per_minute=1000, requests_per_minute=50), Quota(tokens_per_minute=700))
        self.sessions = [self.bench.session() for _ in range(3)]
        self.open: list[tuple[SessionAllowance, str]] = []
        self.count = 0

    @rule(number=st.integers(0, 2), tokens=st.integers(0, 400), draft=st.booleans())
    def begin(self, number: int, tokens: int, draft: bool) -> None:
        self.count += 1
        name = f"resp_{self.count}"
        before = [scope.tokens.used for scope in self.bench.scopes]
        try:
            self.sessions[number].begin(None if draft else name, tokens)
        except QuotaExceeded:
            assert any(used + tokens > limit for used, limit in zip(before, (1000, 700), strict=True)) or (
                self.bench.scopes[0].requests.used >= 50
            )
            return
        if not draft:
            self.open.append((self.sessions[number], name))

    @rule(number=st.integers(0, 2))
    def take(self, number: int) -> None:
        self.count += 1
        self.sessions[number].take(f"resp_{self.count}")
        self.open.append((self.sessions[number], f"resp_{self.count}"))

    @precondition(lambda self: self.open)
    @rule(data=st.data(), tokens=st.integers(0, 600))
    def settle(self, data: st.DataObject, tokens: int) -> None:
        session, name = self.open.pop(data.draw(st.integers(0, len(self.open) - 1)))
        session.settle(name, used(tokens))
        session.settle(name, used(tokens))  # once only

    @rule(number=st.integers(0, 2))
    def drop(self, number: int) -> None:
        self.sessions[number].settle(None, used(10))

    @rule(seconds=st.integers(0, 70))
    def wait(self, seconds: int) -> None:
        self.bench.clock.now += seconds

    @invariant()
    def never_below_nothing(self) -> None:
        for scope in self.bench.scopes:
            assert scope.tokens.own >= 0
            assert scope.requests.own >= 0
        assert all(rate.remaining >= 0 for session in self.sessions for rate in session.left())

    def teardown(self) -> None:
        for session in self.sessions:
            session.end()
        self.bench.clock.now += 61
        assert [scope.idle for scope in self.bench.scopes] == [True, True]


TestReservations = Reservations.TestCase
TestReservations.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)


@given(st.lists(st.tuples(st.integers(0, 300), st.integers(0, 300)), max_size=20))
def test_within_a_minute_what_is_left_is_what_was_not_used(answers: list[tuple[int, int]]) -> None:
    bench = Bench(Quota(tokens_per_minute=100_000))
    allowance = bench.session()
    for number, (reserved, really) in enumerate(answers):
        allowance.begin(str(number), reserved)
        allowance.settle(str(number), used(really))
    assert left(allowance) == {"tokens": 100_000 - sum(really for _, really in answers)}
