"""The memory that messages take together."""

from hypothesis import given
from hypothesis import strategies as st

from voxwire.runtime.budget import Budget

SIZES = st.integers(min_value=0, max_value=100)


@given(st.lists(st.tuples(st.integers(min_value=0, max_value=4), SIZES)))
def test_it_is_the_sum_of_its_shares_and_zero_at_the_end(steps: list[tuple[int, int]]) -> None:
    budget = Budget(100)
    shares = [budget.share() for _ in range(5)]
    for number, size in steps:
        shares[number].hold(size)
        assert budget.used == sum(share.size for share in shares)
        assert budget.spent is (budget.used >= 100)
    for share in shares:
        share.hold(0)
    assert budget.used == 0
