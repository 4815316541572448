"""What counts as a failure in a count that rises, falls and wavers."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.failures import SETTLED, Tally, failures, follow

NOW = datetime(2025, 12, 22, 14, 0, tzinfo=UTC)
REFRESH = timedelta(seconds=5)


def rises(counts: list[int], step: timedelta = REFRESH) -> list[int]:
    """Return how many failures each read found new."""
    tally: Tally | None = None
    found = []
    for index, count in enumerate(counts):
        tally, more = follow(tally, count, NOW + index * step)
        found.append(more)
    return found


@pytest.mark.parametrize(
    ("counts", "new"),
    [
        ([0, 0, 2, 2, 5], [0, 0, 2, 0, 3]),
        ([2, 2], [2, 0]),
        ([5, 4, 3, 0], [5, 0, 0, 0]),
        ([1000, 1001, 1000, 1001, 1000], [1000, 1, 0, 0, 0]),
        ([2, 0, 2, 0, 2], [2, 0, 0, 0, 0]),
        ([2, 0, 3], [2, 0, 1]),
    ],
)
def test_only_what_rises_above_what_was_counted_is_new(counts: list[int], new: list[int]) -> None:
    """The first read is new as a whole; what wavers, or falls and is back at once, is not."""
    assert rises(counts) == new


def test_a_count_that_stays_lower_is_lower() -> None:
    """After two minutes a rise from there is a failure, and before them it is not."""
    assert timedelta(minutes=2) == SETTLED
    assert rises([3, 2, 2, 3], timedelta(minutes=1)) == [3, 0, 0, 0]
    assert rises([3, 2, 2, 2, 3], timedelta(minutes=1)) == [3, 0, 0, 0, 1]


def test_a_count_that_goes_on_falling_settles_at_its_highest() -> None:
    """From one settling to the next it is what it was at most meanwhile."""
    assert rises([9, 7, 6, 5, 6], timedelta(minutes=1)) == [9, 0, 0, 0, 0]
    assert rises([9, 7, 6, 5, 5, 7], timedelta(minutes=1)) == [9, 0, 0, 0, 0, 0]
    assert rises([9, 7, 6, 5, 5, 5, 7], timedelta(minutes=1)) == [9, 0, 0, 0, 0, 0, 2]


def test_a_clock_that_was_set_back_settles_it() -> None:
    """A lower count from a time that has not come yet is not waited for."""
    tally, _ = follow(Tally(3), 2, NOW)
    tally, more = follow(tally, 2, NOW - timedelta(hours=1))
    assert (tally, more) == (Tally(2), 0)


@given(
    failed=st.lists(st.integers(0, 400), max_size=30),
    window=st.integers(5, 300),
    step=st.integers(1, 30),
)
def test_a_window_that_slides_opens_nothing(failed: list[int], window: int, step: int) -> None:
    """Where no failure came since the read before, none is new; none is counted twice."""
    tally: Tally | None = None
    total = 0
    for second in range(0, 800, step):
        count = sum(second - window < at <= second for at in failed)
        came = sum(second - step < at <= second for at in failed)
        tally, more = follow(tally, count, NOW + timedelta(seconds=second))
        assert 0 <= more <= came, second
        total += more
    assert total <= len(failed)


@given(st.lists(st.integers(0, 50), min_size=1), st.integers(0, 60))
def test_failures_that_only_come_are_all_counted(growth: list[int], step: int) -> None:
    """Nothing is lost of a count that never falls."""
    counts = [sum(growth[: i + 1]) for i in range(len(growth))]
    assert sum(rises(counts, timedelta(seconds=step))) == sum(growth)


@given(st.integers(1, 10_000), st.lists(st.integers(0, 3), max_size=60))
def test_a_count_that_wavers_below_what_it_was_says_nothing(top: int, dips: list[int]) -> None:
    """However often extrapolation rounds it down and up again."""
    counts = [top, *(max(0, top - dip) if i % 2 else top for i, dip in enumerate(dips))]
    assert sum(rises(counts)) == top


def test_failures_in_words() -> None:
    """One is singular, thousands are grouped."""
    assert [failures(n) for n in (1, 2, 12000)] == ["1 failure", "2 failures", "12,000 failures"]
