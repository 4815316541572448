"""The figures of pages: every one computed by hand beside what the functions say."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from opsdash.domain.burden import (
    Paged,
    burden,
    by_person,
    by_service,
    is_at_night,
    is_out_of_hours,
    of_shift,
)
from opsdash.domain.shift import Shift
from opsdash.domain.text import SafeText

NOON = datetime(2025, 12, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def page(
    alert: str,
    person: str,
    after: float = 0,
    answered: float | None = None,
    *,
    step: int = 0,
    service: str = "pay",
    schedule: str = "",
    first: bool = True,
    opening: bool = True,
) -> Paged:
    """Return a page so many minutes after noon that was answered so many minutes after noon."""
    at = NOON + after * MINUTE
    return Paged(
        alert=alert,
        service=SafeText(service),
        person=SafeText(person),
        page=f"{alert}/{step}",
        at=at,
        made_at=at,
        schedule=schedule,
        first=first,
        opening=opening,
        answered_at=None if answered is None else NOON + answered * MINUTE,
    )


CLIMBED = (
    page("a/1", "John", 0, 6),
    page("a/1", "Maria", 5, 6, step=1, opening=False),
)
"""John at noon, Maria five minutes later, taken at six minutes past."""


def test_the_figures_are_over_what_was_acknowledged() -> None:
    """Of 60, 120 and 600 s: mean 780 / 3, the middle one, and 120 + 0.8 * 480; one more is open."""
    waits = [page("a/1", "J", 0, 1), page("b/1", "J", 0, 2), page("c/1", "J", 0, 10)]
    figures = burden([*waits, page("d/1", "J")], "UTC")
    assert (figures.occurrences, figures.acknowledged, figures.unacknowledged) == (4, 3, 1)
    assert (figures.mean, figures.median, figures.p90) == (
        timedelta(seconds=260), timedelta(seconds=120), timedelta(seconds=504),
    )  # fmt: skip
    none = burden([page("a/1", "J")], "UTC")
    assert (none.mean, none.median, none.p90) == (None, None, None)
    assert burden([], "UTC").pages_per_shift is None


def test_a_person_waits_from_their_own_page_on() -> None:
    """Maria was paged at five past and it was taken at six past: one minute of hers, six of John's."""
    people = by_person(CLIMBED, "UTC")
    assert {name: one.mean for name, one in people.items()} == {
        "John": 6 * MINUTE,
        "Maria": MINUTE,
    }
    whole = burden(CLIMBED, "UTC")
    assert (whole.acknowledged, whole.mean, whole.pages) == (1, 6 * MINUTE, 2)


def test_a_page_once_more_is_a_page_and_no_second_wait() -> None:
    """Paged at noon and at half past, taken at 12:31: two pages, one wait of 31 minutes."""
    again = page("a/1", "John", 30, 31, step=1, first=False, opening=False)
    figures = by_person([page("a/1", "John", 0, 31), again], "UTC")[SafeText("John")]
    assert (figures.pages, figures.occurrences, figures.acknowledged) == (2, 1, 1)
    assert figures.mean == 31 * MINUTE


def test_a_window_that_begins_after_the_first_page_has_no_wait_of_it() -> None:
    """Only the page once more lies in the window: it is counted, and is not taken for a quick answer."""
    again = page("a/1", "John", 30, 31, step=1, first=False, opening=False)
    figures = burden([again], "UTC")
    assert (figures.pages, figures.acknowledged, figures.unacknowledged) == (1, 0, 0)
    assert figures.mean is None


def test_a_storm_is_one_page_for_each_who_got_it_and_one_of_each_service() -> None:
    """Two occurrences told to John at once: one page, two alerts; each service was behind a page."""
    first, other = page("a/1", "John", 0, 2), page("b/1", "John", 0, 4, service="db")
    storm = [replace(one, page="storm/1") for one in (first, other)]
    figures = burden(storm, "UTC")
    assert (figures.pages, figures.occurrences, figures.mean) == (1, 2, 3 * MINUTE)
    assert {name: one.pages for name, one in by_service(storm, "UTC").items()} == {
        "db": 1,
        "pay": 1,
    }


def test_out_of_hours_are_pages_and_not_alerts() -> None:
    """One alert paged at 17:58 to John and at 18:03 to Maria: one page of the two is out of hours."""
    late = [
        replace(page("a/1", "John"), at=NOON + timedelta(hours=5, minutes=58)),
        replace(page("a/1", "Maria", step=1), at=NOON + timedelta(hours=6, minutes=3)),
    ]
    figures = burden(late, "UTC")
    assert (figures.pages, figures.out_of_hours, figures.at_night) == (2, 1, 0)
    people = by_person(late, "UTC")
    assert {name: one.out_of_hours for name, one in people.items()} == {"John": 0, "Maria": 1}
    assert burden(late, "Asia/Tokyo").at_night == 2


def test_pages_of_a_shift_are_those_that_it_brought() -> None:
    """Two of John's three pages came by the schedule, in his shift: he has one shift, two pages of it."""
    shift = Shift("primary", "john", NOON - timedelta(hours=3), NOON + timedelta(hours=3))
    john, maria = SafeText("John"), SafeText("Maria")
    known = [
        page("a/1", "John", 0, schedule="primary"),
        page("b/1", "John", 1, schedule="primary"),
        page("c/1", "John", 2),
        page("d/1", "Maria", 3, schedule="database"),
        page("e/1", "John", 300, schedule="primary"),
    ]
    assert of_shift(known, shift, john, "UTC").pages == 2
    assert of_shift(known, replace(shift, schedule="database"), john, "UTC").pages == 0
    turns = [(shift, john), (shift, john), (shift, maria)]
    people = by_person(known, "UTC", turns)
    assert {n: (one.shifts, one.pages_per_shift) for n, one in people.items()} == {
        "John": (2, 1.5),
        "Maria": (1, 1.0),
    }
    quiet = by_person([], "UTC", [(shift, john)])
    assert (quiet[john].pages, quiet[john].pages_per_shift) == (0, 0.0)


def test_whoever_has_most_pages_comes_first() -> None:
    """Counted in pages, then by name."""
    known = [page("a/1", "John"), page("b/1", "Maria"), page("c/1", "Maria", service="db")]
    assert list(by_person(known, "UTC")) == ["Maria", "John"]
    assert list(by_service(known, "UTC")) == ["pay", "db"]


@pytest.mark.parametrize(
    ("moment", "out", "night"),
    [
        ("2025-12-22T08:00", False, False),
        ("2025-12-22T18:00", True, False),
        ("2025-12-22T22:00", True, True),
        ("2025-12-23T06:59", True, True),
        ("2025-12-23T07:00", True, False),
        ("2025-12-27T12:00", True, False),
    ],
)
def test_hours_are_those_of_the_teams_clock(moment: str, out: bool, night: bool) -> None:
    """Working hours are eight to six on weekdays, the night ten to seven, in the team's zone."""
    for zone in ("UTC", "America/New_York"):
        local = datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        assert (is_out_of_hours(local, ZoneInfo(zone)), is_at_night(local, ZoneInfo(zone))) == (
            out,
            night,
        )
