"""Calendars: written so that every reader takes them, read into the turns that they mean."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.ical import CalendarError, read_calendar, write_calendar
from opsdash.domain.rotation import Turn
from opsdash.domain.shift import Shift

NOW = datetime(2025, 12, 22, 14, tzinfo=UTC)
START, END = datetime(2025, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def calendar(*lines: str) -> str:
    """Return a calendar of one event."""
    return "\r\n".join(["BEGIN:VCALENDAR", "BEGIN:VEVENT", *lines, "END:VEVENT", "END:VCALENDAR"])


def starts(text: str, zone: str = "UTC") -> list[str]:
    """Return when the turns of a calendar begin, on the clock of `zone`."""
    clock = ZoneInfo(zone)
    return [
        f"{t.start.astimezone(clock):%a %d %b %H:%M}" for t in read_calendar(text, zone, START, END)
    ]


def test_a_shift_is_an_event_with_its_person() -> None:
    """UTC times, a stable UID, lines that end in CRLF and are never longer than 75 bytes."""
    shift = Shift("primary", "john", NOW, NOW + timedelta(hours=48))
    text = write_calendar("Payments", [(shift, "John, the Ünlucky; \\one" * 5)], NOW)
    assert text.endswith("END:VCALENDAR\r\n")
    assert "DTSTART:20251222T140000Z\r\nDTEND:20251224T140000Z\r\n" in text
    assert "UID:primary-20251222T140000Z-john@opsdash\r\n" in text
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    (turn,) = read_calendar(text, "UTC", START, END)
    assert turn.person == "John, the Ünlucky; \\one" * 5


_NAMES = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=40)


@given(st.lists(st.tuples(_NAMES, st.integers(0, 500), st.integers(1, 100)), max_size=5))
def test_what_is_written_is_read(listed: list[tuple[str, int, int]]) -> None:
    """Whatever a person is called, their turn comes back as it was."""
    from opsdash.domain.text import clean

    pairs = []
    for name, begin, hours in listed:
        start = START + timedelta(hours=begin)
        pairs.append((Shift("s", "p", start, start + timedelta(hours=hours)), name))
    read = read_calendar(write_calendar("t", pairs, NOW), "UTC", START, END)
    meant = {Turn(clean(name), s.start, s.end) for s, name in pairs}
    assert set(read) == meant


def test_a_weekly_rule_keeps_its_wall_clock() -> None:
    """Every Monday at nine in Berlin, over the change to summer time."""
    text = calendar(
        "DTSTART;TZID=Europe/Berlin:20260323T090000",
        "DTEND;TZID=Europe/Berlin:20260324T090000",
        "RRULE:FREQ=WEEKLY;COUNT=3",
        "SUMMARY:John",
    )
    assert starts(text, "Europe/Berlin") == [
        "Mon 23 Mar 09:00", "Mon 30 Mar 09:00", "Mon 06 Apr 09:00",
    ]  # fmt: skip


def test_rules_with_interval_days_and_until() -> None:
    """Every second week on Monday and Wednesday, until a day that counts."""
    text = calendar(
        "DTSTART:20251201T090000Z",
        "DURATION:P1D",
        "RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,WE;UNTIL=20251217",
        "SUMMARY:John",
    )
    assert starts(text) == [
        "Mon 01 Dec 09:00", "Wed 03 Dec 09:00", "Mon 15 Dec 09:00", "Wed 17 Dec 09:00",
    ]  # fmt: skip


def test_whole_days_and_events_that_were_called_off() -> None:
    """An event of dates is a day of the schedule's zone; a cancelled one is none."""
    text = calendar("DTSTART;VALUE=DATE:20251224", "SUMMARY:Sarah")
    (turn,) = read_calendar(text, "America/New_York", START, END)
    assert turn.start == datetime(2025, 12, 24, 5, tzinfo=UTC)
    assert turn.end - turn.start == timedelta(days=1)
    assert (
        read_calendar(text.replace("SUMMARY", "STATUS:CANCELLED\nSUMMARY"), "UTC", START, END) == ()
    )


_WEEKLY = (
    "UID:weekly@team",
    "DTSTART;TZID=Europe/Berlin:20251201T090000",
    "DTEND;TZID=Europe/Berlin:20251202T090000",
    "RRULE:FREQ=WEEKLY;COUNT=4",
    "SUMMARY:John",
)


def test_dates_that_a_rule_leaves_out() -> None:
    """Deleted from a series, on one line or on several, John is not on call; the count still counts them."""
    text = calendar(
        *_WEEKLY, "EXDATE;TZID=Europe/Berlin:20251208T090000", "EXDATE:20251215T080000Z"
    )
    assert starts(text) == ["Mon 01 Dec 08:00", "Mon 22 Dec 08:00"]
    assert starts(calendar(*_WEEKLY, "EXDATE:20251208T080000Z,20251222T080000Z")) == [
        "Mon 01 Dec 08:00",
        "Mon 15 Dec 08:00",
    ]


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        (("SUMMARY:Sarah", "DTSTART:20251208T080000Z", "DURATION:P1D"), "Sarah Mon 08"),
        (("SUMMARY:John", "DTSTART:20251210T080000Z", "DURATION:P1D"), "John Wed 10"),
        (("SUMMARY:John", "DTSTART:20251208T080000Z", "STATUS:CANCELLED"), ""),
    ],
)
def test_one_of_a_series_that_was_changed(lines: tuple[str, ...], found: str) -> None:
    """Swapped, moved or called off by itself: the series has nobody at its old time beside it."""
    one = calendar("UID:weekly@team", "RECURRENCE-ID;TZID=Europe/Berlin:20251208T090000", *lines)
    for first, second in ((calendar(*_WEEKLY), one), (one, calendar(*_WEEKLY))):
        turns = read_calendar(f"{first}\r\n{second}", "UTC", START, END)
        told = [f"{turn.person} {turn.start:%a %d}" for turn in turns]
        between = [found] if found else []
        assert told == ["John Mon 01", *between, "John Mon 15", "John Mon 22"]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("SUMMARY:x",), "line 2: an event without DTSTART"),
        (("DTSTART:tomorrow",), "line 2: cannot read the time 'tomorrow'"),
        (("DTSTART;TZID=Mars/Olympus:20251224T090000",), "line 2: cannot read the time"),
        (("DTSTART:20251224T090000Z", "DTEND:20251224T090000Z"), "ends before it begins"),
        (("DTSTART:20251224T090000Z", "DURATION:-PT1H"), "cannot read the duration '-PT1H'"),
        (
            ("DTSTART:20251224T090000Z", "RRULE:FREQ=MONTHLY"),
            "cannot follow the rule 'FREQ=MONTHLY'",
        ),
        (
            ("DTSTART:20251224T090000Z", "RRULE:FREQ=WEEKLY;BYSETPOS=1"),
            "cannot follow the rule 'FREQ=WEEKLY;BYSETPOS=1'",
        ),
        (("DTSTART:20251224T090000Z", "RDATE:20251226T090000Z"), "cannot follow RDATE or RANGE"),
        (
            ("DTSTART:20251224T090000Z", "RECURRENCE-ID;RANGE=THISANDFUTURE:20251224T090000Z"),
            "cannot follow RDATE or RANGE",
        ),
        (("DTSTART:20251224T090000Z", "EXDATE:soon"), "cannot read the time 'soon'"),
        (
            ("DTSTART:20251224T090000Z", "EXDATE;TZID=Asia/Tokyo:00010101T000000"),
            "before the year 1",
        ),
        (("DTSTART;VALUE=DATE:99991231",), "after 9999"),
    ],
)
def test_what_cannot_be_read_is_said_with_its_line(lines: tuple[str, ...], reason: str) -> None:
    """Nothing is guessed: somebody would be thought on call who is not."""
    with pytest.raises(CalendarError) as caught:
        read_calendar(calendar(*lines), "UTC", START, END)
    assert reason in str(caught.value)
