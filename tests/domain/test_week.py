"""Weeks are those of ISO 8601, as long as the clock of their zone makes them."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.week import Week, parse_week, week_at


@pytest.mark.parametrize(
    ("text", "monday"),
    [
        ("2025-W52", date(2025, 12, 22)),
        ("2026-W01", date(2025, 12, 29)),
        ("2020-W53", date(2020, 12, 28)),
        ("2025w01", date(2024, 12, 30)),
    ],
)
def test_a_week_is_named_by_year_and_number(text: str, monday: date) -> None:
    """The year is that of the Thursday: the last days of December may be in the next year's first."""
    week = parse_week(text)
    assert week.monday == monday
    assert week.sunday == monday + timedelta(days=6)


@pytest.mark.parametrize(
    "text", ["", "52", "2025-52", "2025-W00", "2025-W53", "2025-W54", "9999-W53", "٢٠٢٥-W52"]
)
def test_what_is_no_week_is_refused_in_words(text: str) -> None:
    """A year of 52 weeks has no 53rd."""
    with pytest.raises(ValueError, match=r"write a week as 2025-W52|has no week"):
        parse_week(text)


@given(st.datetimes(datetime(1970, 1, 2), datetime(9998, 1, 1), timezones=st.just(UTC)))
def test_every_moment_is_in_one_week(moment: datetime) -> None:
    """The week of a moment contains it, in any zone, and its name leads back to it."""
    for zone in ("UTC", "Asia/Kathmandu", "America/New_York"):
        week = week_at(moment, zone)
        start, end = week.span(zone)
        assert start <= moment < end
        assert parse_week(str(week)) == week


def test_a_week_is_as_long_as_its_zone_says() -> None:
    """Sunday has 23 hours in March and 25 in October."""
    for week, hours in ((Week(2025, 13), 167), (Week(2025, 43), 169), (Week(2025, 30), 168)):
        start, end = week.span("Europe/London")
        assert end - start == timedelta(hours=hours)


def test_the_hour_of_monday_is_that_of_the_zone() -> None:
    """Nine in the morning in New York is two in the afternoon UTC."""
    assert Week(2025, 52).begins(time(9), "America/New_York") == datetime(
        2025, 12, 22, 14, tzinfo=UTC
    )
