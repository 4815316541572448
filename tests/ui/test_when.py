"""Times as people type them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.ui.moment import zone_of
from opsdash.ui.when import format_when, parse_when

BASE = datetime(2025, 12, 22, 14, 6, 12, tzinfo=UTC)
"""A Monday, 15:06:12 in Berlin."""

BERLIN = zone_of("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("now", "2025-12-22T14:06:12"),
        ("2h", "2025-12-22T16:06:12"),
        ("1h30m", "2025-12-22T15:36:12"),
        ("18:00", "2025-12-22T17:00:00"),
        ("09:00", "2025-12-23T08:00:00"),
        ("wed 09:00", "2025-12-24T08:00:00"),
        ("Monday 09:00", "2025-12-29T08:00:00"),
        ("mon 18:00", "2025-12-22T17:00:00"),
        ("sun", "2025-12-27T23:00:00"),
        ("tomorrow 09:00", "2025-12-23T08:00:00"),
        ("2025-12-24 09:00", "2025-12-24T08:00:00"),
        ("2026-07-01 09:00", "2026-07-01T07:00:00"),
    ],
)
def test_what_is_typed_is_the_next_such_time_in_the_persons_zone(text: str, means: str) -> None:
    """Lengths, times of day, weekdays and dates."""
    assert parse_when(text, BASE, BERLIN) == datetime.fromisoformat(means).replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["", "soon", "25:00", "9", "wed 9", "2025-13-01 09:00", "9" * 40])
def test_anything_else_is_refused_with_what_may_be_typed(text: str) -> None:
    """Never taken for some other time."""
    with pytest.raises(ValueError, match="write it as 2h, 18:00, wed 09:00"):
        parse_when(text, BASE, BERLIN)


@given(st.text(max_size=30))
def test_generated_text_is_a_time_or_refused(text: str) -> None:
    """Nothing that is typed ends the screen."""
    try:
        assert parse_when(text, BASE, BERLIN).tzinfo is not None
    except ValueError as error:
        assert "no time" in str(error)


def test_a_moment_is_written_as_it_is_read() -> None:
    """To the second where it needs to be."""
    for at in (BASE, BASE.replace(second=0)):
        assert parse_when(format_when(at, BERLIN), BASE, BERLIN) == at
