"""Layers, restrictions and overrides: who has each minute, over every change of the clock."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdash.domain.coverage import gap_words, gaps, gaps_ahead
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.rotation import is_within
from opsdash.domain.schedule import (
    NOBODY,
    WEEKDAYS,
    Layer,
    Schedule,
    Shift,
    Turn,
    Window,
    on_call,
    shifts,
    who,
)

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
GUIDE = Schedule(
    "primary", "UTC", time(9), ({"mon": "john", "wed": "sarah", "fri": "alex"},), date(2025, 12, 22)
)
ADD, REPLACE, REMOVE = OverrideKind.ADD, OverrideKind.REPLACE, OverrideKind.REMOVE


def at(text: str) -> datetime:
    """Return a moment of December 2025 in UTC, written `22 14:05`."""
    return datetime.fromisoformat(f"2025-12-{text}").replace(tzinfo=UTC)


def told(found: tuple[Shift, ...]) -> list[str]:
    """Return shifts as `john 22 09:00-24 09:00`."""
    return [f"{s.person} {s.start:%d %H:%M}-{s.end:%d %H:%M}" for s in found]


def test_somebody_added_until_their_own_shift_is_on_call_once() -> None:
    """Sarah helps John in the night before her own shift: what she was added for ends as that begins."""
    helps = change(ADD, "23 20:00", "24 20:00", person="sarah", id=1)
    whole = ["john 22 09:00-24 09:00", "sarah 23 20:00-24 09:00"]
    assert told(on_call(GUIDE, at("23 21:00"), (helps,))) == whole
    assert told(shifts(GUIDE, at("23 12:00"), at("24 08:00"), (helps,))) == whole
    assert told(on_call(GUIDE, at("24 10:00"), (helps,))) == ["sarah 24 09:00-26 09:00"]


def change(kind: OverrideKind, start: str, end: str, **more: object) -> Override:
    """Return an override of the guide's schedule."""
    return Override("primary", kind, at(start), at(end), **more)  # type: ignore[arg-type]


def test_the_guides_week_is_three_shifts() -> None:
    """Mon-Tue John, Wed-Thu Sarah, Fri-Sun Alex, each shift whole."""
    assert told(shifts(GUIDE, at("22 12:00"), at("28 12:00"))) == [
        "john 22 09:00-24 09:00",
        "sarah 24 09:00-26 09:00",
        "alex 26 09:00-29 09:00",
    ]


def test_a_later_layer_overrides_an_earlier_one() -> None:
    """Nights are Ann's, cut out of whoever has the day; by day the layer below shows through."""
    nights = Layer(({"mon": "ann"},), time(9), within=(Window(time(20), time(8)),))
    schedule = Schedule("primary", "UTC", time(9), GUIDE.weeks, layers=(nights,))
    assert told(shifts(schedule, at("22 10:00"), at("23 10:00"))) == [
        "john 22 09:00-22 20:00",
        "ann 22 20:00-23 08:00",
        "john 23 08:00-23 20:00",
    ]


def test_restricted_hours_leave_the_rest_to_nobody_and_that_is_told() -> None:
    """Office hours only: the nights and the weekend are gaps, each with its length."""
    office = Window(time(9), time(17), ("mon", "tue", "wed", "thu", "fri"))
    schedule = Schedule("office", "Europe/Berlin", time(9), GUIDE.weeks, within=(office,))
    found = gaps(schedule, at("22 12:00"), at("24 12:00"))
    assert [(g.start, g.end) for g in found] == [
        (at("22 16:00"), at("23 08:00")),
        (at("23 16:00"), at("24 08:00")),
    ]
    assert gap_words(found, "Europe/Berlin") == (
        "schedule office: nobody is on call Mon 22 Dec 17:00 to Tue 23 Dec 09:00 Europe/Berlin"
        " (16h00m), Tue 23 Dec 17:00 to Wed 24 Dec 09:00 Europe/Berlin (16h00m)"
    )
    assert who(schedule, at("27 12:00")) is None


def test_a_window_may_reach_over_days() -> None:
    """From Friday evening until Monday morning is one window."""
    weekend = (Window(time(18), time(8), ("fri",), "mon"),)
    inside = ("26 18:00", "27 12:00", "28 23:59", "29 07:59")
    assert all(is_within(weekend, "UTC", at(moment)) for moment in inside)
    assert not any(is_within(weekend, "UTC", at(m)) for m in ("26 17:59", "29 08:00", "24 12:00"))


def test_nobody_is_said_with_a_word() -> None:
    """A day given to nobody ends the shift before it, and is a gap unless gaps are meant."""
    schedule = Schedule("s", "UTC", time(9), ({"mon": "john", "sat": NOBODY},))
    assert who(schedule, at("27 12:00")) is None
    assert [g.length for g in gaps_ahead(schedule, at("22 09:00"))] == [timedelta(days=2)] * 2
    meant = Schedule("s", "UTC", time(9), schedule.weeks, gaps_allowed=True)
    assert gaps_ahead(meant, at("22 09:00")) == ()


def test_given_turns_count_in_place_of_a_rotation() -> None:
    """Turns read from a calendar are shifts as they are; where two overlap the later begun has it."""
    turns = (
        Turn("ann", at("22 00:00"), at("24 00:00")),
        Turn("ben", at("23 00:00"), at("23 12:00")),
    )
    schedule = Schedule("s", "UTC", time(9), (), layers=(Layer(turns=turns),))
    assert told(shifts(schedule, at("22 00:00"), at("25 00:00"))) == [
        "ann 22 00:00-23 00:00",
        "ben 23 00:00-23 12:00",
        "ann 23 12:00-24 00:00",
    ]
    assert who(schedule, at("24 00:00")) is None


def test_replacing_takes_over_shift_by_shift() -> None:
    """A cover over two people's shifts keeps the boundary between them (goalert#4362)."""
    cover = change(REPLACE, "23 12:00", "24 12:00", person="maria", id=7)
    assert told(shifts(GUIDE, at("22 12:00"), at("25 12:00"), (cover,))) == [
        "john 22 09:00-23 12:00",
        "maria 23 12:00-24 09:00",
        "maria 24 09:00-24 12:00",
        "sarah 24 12:00-26 09:00",
    ]
    shift = who(GUIDE, at("23 12:00"), (cover,))
    assert shift is not None
    assert (shift.person, shift.override) == ("maria", 7)


def test_replacing_hides_no_gap() -> None:
    """A cover over the weekend that nobody has leaves the weekend to nobody."""
    gappy = Schedule("primary", "UTC", time(9), ({"mon": "john", "sat": NOBODY},))
    cover = change(REPLACE, "26 00:00", "30 00:00", person="maria")
    before = gaps(gappy, at("22 09:00"), at("31 00:00"))
    assert gaps(gappy, at("22 09:00"), at("31 00:00"), (cover,)) == before
    assert [g.start for g in before] == [at("27 09:00")]


def test_adding_puts_a_second_one_beside_and_may_fill_a_gap() -> None:
    """Who is added is paged as well; the one of the rotation stays the one that is named first."""
    added = change(ADD, "22 08:00", "22 18:00", person="maria")
    assert [s.person for s in on_call(GUIDE, at("22 12:00"), (added,))] == ["john", "maria"]
    gappy = Schedule("primary", "UTC", time(9), ({"mon": "john", "sat": NOBODY},))
    fills = change(ADD, "27 09:00", "29 09:00", person="maria")
    assert gaps(gappy, at("22 09:00"), at("29 12:00"), (fills,)) == ()


def test_removing_takes_one_off_and_says_the_gap() -> None:
    """John is ill: his hours are nobody's, and are found as a gap."""
    off = change(REMOVE, "22 12:00", "22 18:00", replaces="john")
    assert who(GUIDE, at("22 12:00"), (off,)) is None
    (gap,) = gaps(GUIDE, at("22 09:00"), at("23 09:00"), (off,))
    assert (gap.start, gap.end) == (at("22 12:00"), at("22 18:00"))
    other = change(REMOVE, "22 12:00", "22 18:00", replaces="sarah")
    assert told(shifts(GUIDE, at("22 12:00"), at("22 13:00"), (other,))) == [
        "john 22 09:00-24 09:00"
    ]


def test_the_override_that_was_made_last_wins() -> None:
    """Two covers of one time: the newer; and somebody can be taken off whom an override put on."""
    first = change(REPLACE, "22 10:00", "22 20:00", person="maria", id=1)
    second = change(REPLACE, "22 12:00", "22 14:00", person="priya", id=2)
    for order in ((first, second), (second, first)):
        assert told(shifts(GUIDE, at("22 10:00"), at("22 20:00"), order)) == [
            "maria 22 10:00-22 12:00",
            "priya 22 12:00-22 14:00",
            "maria 22 14:00-22 20:00",
        ]
    off = change(REMOVE, "22 15:00", "22 16:00", replaces="maria", id=3)
    assert who(GUIDE, at("22 15:30"), (first, second, off)) is None


def test_a_replacement_names_whom_it_replaces() -> None:
    """Only that person's shifts are taken; the other's stay theirs."""
    cover = change(REPLACE, "23 00:00", "25 00:00", person="maria", replaces="sarah")
    assert told(shifts(GUIDE, at("23 12:00"), at("25 12:00"), (cover,))) == [
        "john 22 09:00-24 09:00",
        "maria 24 09:00-25 00:00",
        "sarah 25 00:00-26 09:00",
    ]


def test_overrides_of_another_schedule_do_not_count() -> None:
    """An override is of one schedule."""
    other = Override("database", REPLACE, at("22 00:00"), at("30 00:00"), person="maria")
    assert shifts(GUIDE, at("22 12:00"), at("28 12:00"), (other,)) == shifts(
        GUIDE, at("22 12:00"), at("28 12:00")
    )


_WEEK = st.dictionaries(
    st.sampled_from(WEEKDAYS), st.sampled_from(["a", "b", "c", NOBODY]), max_size=7
)
_WEEKS = st.lists(_WEEK, min_size=1, max_size=3).map(tuple)
_WINDOWS = st.lists(
    st.builds(
        Window,
        st.times(),
        st.times(),
        st.lists(st.sampled_from(WEEKDAYS), max_size=3, unique=True).map(tuple),
        st.sampled_from(["", *WEEKDAYS]),
    ),
    max_size=2,
).map(tuple)
_LAYERS = st.lists(
    st.builds(Layer, _WEEKS, st.times(), st.just(date(2024, 1, 1)), _WINDOWS), max_size=2
).map(tuple)
_SCHEDULES = st.builds(
    Schedule,
    id=st.just("primary"),
    timezone=st.sampled_from(ZONES),
    handoff=st.times(),
    weeks=_WEEKS,
    within=_WINDOWS,
    layers=_LAYERS,
)
# Around every change of the clock in these zones, so that they are met often.
_CHANGES = [
    datetime(2025, month, day, hour, tzinfo=UTC)
    for month, day, hour in (
        (3, 30, 1),
        (10, 26, 1),
        (3, 9, 7),
        (11, 2, 6),
        (10, 4, 15),
        (4, 5, 15),
    )
]
_MOMENTS = st.builds(
    lambda near, minutes: near + timedelta(minutes=minutes),
    st.sampled_from(_CHANGES),
    st.integers(-3 * 1440, 3 * 1440),
)
_OVERRIDES = st.lists(
    st.builds(
        lambda kind, start, hours, person, off, id: Override(
            "primary", kind, start, start + timedelta(hours=hours), person, off, id=id
        ),
        st.sampled_from(OverrideKind),
        _MOMENTS,
        st.integers(-1, 60),
        st.sampled_from("abx"),
        st.sampled_from(["", "a", "b", "x"]),
        st.integers(1, 9),
    ),
    max_size=3,
    unique_by=lambda one: one.id,
).map(tuple)


@settings(deadline=None, max_examples=150)
@given(_SCHEDULES, _MOMENTS, st.integers(1, 6 * 24))
def test_each_minute_is_one_persons_or_said_to_be_nobodys(
    schedule: Schedule, start: datetime, hours: int
) -> None:
    """Without overrides shifts never overlap, and with the gaps they make up the whole time."""
    end = start + timedelta(hours=hours)
    parts = [(s.start, s.end) for s in shifts(schedule, start, end)]
    parts += [(g.start, g.end) for g in gaps(schedule, start, end)]
    reached = start
    for begins, ends in sorted(parts):
        assert max(begins, start) == reached
        reached = min(ends, end)
    assert reached == end


@settings(deadline=None, max_examples=150)
@given(_SCHEDULES, _MOMENTS, _OVERRIDES)
def test_who_and_shifts_agree(
    schedule: Schedule, moment: datetime, overrides: tuple[Override, ...]
) -> None:
    """Whoever is on call at a moment has a shift over it in every list, and nobody else has."""
    there = on_call(schedule, moment, overrides)
    listed = shifts(schedule, moment - timedelta(hours=5), moment + timedelta(hours=5), overrides)
    assert set(there) == {shift for shift in listed if shift.covers(moment)}
    assert len({shift.person for shift in there}) == len(there)
    for shift in there:
        assert shift in on_call(schedule, shift.start, overrides)
        assert shift in on_call(schedule, shift.end - timedelta(microseconds=1), overrides)
        assert shift not in on_call(schedule, shift.end, overrides)


@settings(deadline=None, max_examples=150)
@given(_SCHEDULES, _MOMENTS, st.integers(1, 60), st.sampled_from(["", "a", "b"]))
def test_a_replacement_moves_no_boundary_and_no_gap(
    schedule: Schedule, start: datetime, hours: int, replaced: str
) -> None:
    """A cover changes who has which shift, and adds boundaries only at its own start and end."""
    end = start + timedelta(hours=hours)
    cover = Override("primary", REPLACE, start, end, "x", replaced, id=1)
    around = (start - timedelta(hours=30), end + timedelta(hours=30))
    assert gaps(schedule, *around, (cover,)) == gaps(schedule, *around)

    def edges(overrides: tuple[Override, ...]) -> set[datetime]:
        found = shifts(schedule, *around, overrides)
        return {edge for shift in found for edge in (shift.start, shift.end)}

    assert edges(()) <= edges((cover,)) <= edges(()) | {start, end}


@pytest.mark.parametrize("zone", ZONES)
def test_the_days_of_a_year_have_their_lengths(zone: str) -> None:
    """Daily shifts over a year last 23 to 25 hours, begin at the handoff, and add up to the year."""
    daily = Schedule("d", zone, time(9), ({day: day for day in WEEKDAYS},))
    begin = datetime(2025, 1, 1, 9, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    end = datetime(2026, 1, 1, 9, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    found = shifts(daily, begin, end)
    assert len(found) == 365
    assert sum((s.end - s.start for s in found), timedelta()) == end - begin
    lengths = {(s.end - s.start) / timedelta(hours=1) for s in found}
    assert lengths == {
        "UTC": {24.0},
        "Australia/Lord_Howe": {23.5, 24.0, 24.5},
    }.get(zone, {23.0, 24.0, 25.0})
    assert all(s.start.astimezone(ZoneInfo(zone)).time() == time(9) for s in found)


def test_a_zone_that_leaves_out_a_day_has_no_empty_shift() -> None:
    """Samoa had no 30 December 2011: that day's shift is nobody's, and no shift is empty."""
    daily = Schedule("d", "Pacific/Apia", time(9), ({day: day for day in WEEKDAYS},))
    found = shifts(daily, datetime(2011, 12, 29, tzinfo=UTC), datetime(2012, 1, 2, tzinfo=UTC))
    assert all(s.start < s.end for s in found)
    assert [a.end for a in found[:-1]] == [b.start for b in found[1:]]
    assert "fri" not in {s.person for s in found}
