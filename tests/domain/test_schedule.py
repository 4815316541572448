"""Who is on call: the guide's week, its boundaries, and the days that are no 24 hours."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.schedule import WEEKDAYS, Schedule, Shift, who

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
GUIDE_WEEK = {"mon": "john", "wed": "sarah", "fri": "alex"}


def _guide(zone: str = "UTC", handoff: time = time(9)) -> Schedule:
    return Schedule("primary", zone, handoff, (GUIDE_WEEK,))


def _who(schedule: Schedule, at: datetime) -> str:
    shift = who(schedule, at)
    assert shift is not None
    return shift.person


@pytest.mark.parametrize(
    ("moment", "person"),
    [
        ("2025-12-22T08:59:59.999999", "alex"),
        ("2025-12-22T09:00:00", "john"),
        ("2025-12-22T14:05:00", "john"),
        ("2025-12-23T23:59:59", "john"),
        ("2025-12-24T08:59:59", "john"),
        ("2025-12-24T09:00:00", "sarah"),
        ("2025-12-25T12:00:00", "sarah"),
        ("2025-12-26T09:00:00", "alex"),
        ("2025-12-27T03:00:00", "alex"),
        ("2025-12-28T23:59:59", "alex"),
        ("2025-12-29T08:59:59", "alex"),
        ("2025-12-29T09:00:00", "john"),
    ],
)
def test_the_guides_week(moment: str, person: str) -> None:
    """Mon-Tue John, Wed-Thu Sarah, Fri-Sun Alex; the boundary belongs to who takes over."""
    assert _who(_guide(), datetime.fromisoformat(moment).replace(tzinfo=UTC)) == person


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2025, 3, 30), 23),
        ("Europe/Berlin", date(2025, 10, 26), 25),
        ("America/New_York", date(2025, 3, 9), 23),
        ("America/New_York", date(2025, 11, 2), 25),
        ("Australia/Lord_Howe", date(2025, 10, 5), 23.5),
        ("Australia/Lord_Howe", date(2025, 4, 6), 24.5),
        ("UTC", date(2025, 3, 30), 24),
    ],
)
def test_a_daily_shift_is_as_long_as_its_day(zone: str, day: date, hours: float) -> None:
    """A shift over a change of the clock lasts 23, 23.5, 24.5 or 25 hours and ends at the handoff."""
    daily = Schedule("d", zone, time(0), ({d: d for d in WEEKDAYS},))
    noon = datetime.combine(day, time(12), ZoneInfo(zone))
    shift = who(daily, noon)
    assert shift is not None
    assert shift.end - shift.start == timedelta(hours=hours)
    assert shift.person == WEEKDAYS[day.weekday()]


@pytest.mark.parametrize(
    ("zone", "handoff", "begins"),
    [
        # 02:30 is skipped on this Sunday: the handoff moves on by the gap.
        ("Europe/Berlin", time(2, 30), datetime(2025, 3, 30, 1, 30, tzinfo=UTC)),
        # 02:30 comes twice on this one: the first counts.
        ("Europe/Berlin", time(2, 30), datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
        ("Australia/Lord_Howe", time(2, 15), datetime(2025, 10, 4, 15, 45, tzinfo=UTC)),
    ],
)
def test_a_handoff_inside_a_change_of_the_clock(zone: str, handoff: time, begins: datetime) -> None:
    """A handoff at a time that is skipped or comes twice happens once."""
    daily = Schedule("d", zone, handoff, ({d: d for d in WEEKDAYS},))
    before, at = who(daily, begins - timedelta(microseconds=1)), who(daily, begins)
    assert before is not None and at is not None
    assert before.end == begins == at.start


def test_a_cycle_of_two_weeks_counts_from_its_anchor() -> None:
    """The week of the anchor is the first; weeks before it count backwards."""
    weeks = ({"mon": "a"}, {"mon": "b"})
    fortnight = Schedule("f", "UTC", time(9), weeks, date(2025, 12, 1))
    mondays = [datetime(2025, 11, 24, 10, tzinfo=UTC) + timedelta(weeks=n) for n in range(4)]
    assert [_who(fortnight, monday) for monday in mondays] == ["b", "a", "b", "a"]


@pytest.mark.parametrize("weeks", [(), ({},), ({}, {})])
def test_a_schedule_that_names_nobody_has_nobody(weeks: tuple[dict[str, str], ...]) -> None:
    """No rotation is nobody on call, not an error."""
    assert who(Schedule("e", "UTC", time(9), weeks), datetime(2025, 1, 1, tzinfo=UTC)) is None


def test_one_who_is_named_once_hands_off_to_themselves() -> None:
    """A single name covers the whole cycle in shifts of its length."""
    shift = who(Schedule("s", "UTC", time(9), ({"thu": "solo"},)), datetime(2025, 1, 1, tzinfo=UTC))
    assert shift == Shift(
        "s", "solo", datetime(2024, 12, 26, 9, tzinfo=UTC), datetime(2025, 1, 2, 9, tzinfo=UTC)
    )


_WEEK = st.dictionaries(st.sampled_from(WEEKDAYS), st.sampled_from("abc"), max_size=7)
_SCHEDULES = st.builds(
    Schedule,
    id=st.just("s"),
    timezone=st.sampled_from(ZONES),
    handoff=st.times(),
    weeks=st.lists(_WEEK, min_size=1, max_size=3).map(tuple),
    anchor=st.dates(date(2020, 1, 1), date(2026, 12, 31)).map(
        lambda day: day - timedelta(days=day.weekday())
    ),
)
_MOMENTS = st.datetimes(datetime(2021, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))


@given(_SCHEDULES, _MOMENTS)
def test_no_moment_is_covered_twice_or_by_nobody(schedule: Schedule, at: datetime) -> None:
    """Each moment lies in its shift, and the next shift begins where that one ends."""
    shift = who(schedule, at)
    if not any(schedule.weeks):
        assert shift is None
        return
    assert shift is not None
    assert shift.start <= at < shift.end
    assert who(schedule, shift.start) == shift
    assert who(schedule, shift.end - timedelta(microseconds=1)) == shift
    following = who(schedule, shift.end)
    assert following is not None and following.start == shift.end


@pytest.mark.parametrize("zone", ZONES)
def test_a_year_of_handoffs_keeps_its_wall_clock(zone: str) -> None:
    """Over all changes of a year the guide's week hands off at nine o'clock local time."""
    at = datetime(2025, 1, 1, tzinfo=UTC)
    while at < datetime(2026, 1, 5, tzinfo=UTC):
        shift = who(_guide(zone), at)
        assert shift is not None
        local = shift.end.astimezone(ZoneInfo(zone))
        assert local.time() == time(9)
        assert local.strftime("%a").lower() in GUIDE_WEEK
        at = shift.end
