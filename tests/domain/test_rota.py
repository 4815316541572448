"""What the rota said in the past stays what it said, and what is temporary lies over everything."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.rota import Rota, bare, said
from opsdash.domain.schedule import Schedule, Shift, on_call, shifts
from tests.domain.test_shifts import GUIDE, at

EDITED = replace(GUIDE, weeks=({"mon": "maria", "wed": "john", "fri": "alex"},))
WEDNESDAY = at("24 12:00")
"""When the rota was edited: John's and Sarah's days are Maria's and John's from then on."""

VERSIONS = (Rota(at("01 00:00"), GUIDE), Rota(WEDNESDAY, EDITED))


def turns(found: tuple[Shift, ...]) -> list[tuple[str, str, str]]:
    return [(s.person, f"{s.start:%d %H:%M}", f"{s.end:%d %H:%M}") for s in found]


def temporary(person: str, start: str, end: str, id: int = 1) -> Override:
    return Override("primary", OverrideKind.TEMPORARY, at(start), at(end), person, id=id)


def test_an_edited_rota_says_of_the_past_what_it_said_then() -> None:
    """Edited on Wednesday noon: until then John and Sarah were on call, from then on the new one is."""
    found = said(EDITED, VERSIONS, (), at("22 10:00"), at("27 10:00"), at("25 10:00"))
    assert turns(found) == [
        ("john", "22 09:00", "24 09:00"),
        ("sarah", "24 09:00", "24 12:00"),
        ("john", "24 12:00", "26 09:00"),
        ("alex", "26 09:00", "29 09:00"),
    ]


def test_what_an_edit_did_not_touch_stays_whole() -> None:
    """The shift that runs now and in which the edit fell, with the same person before and after it."""
    renamed = replace(GUIDE, weeks=({"mon": "john", "wed": "sarah", "fri": "maria"},))
    versions = (VERSIONS[0], Rota(WEDNESDAY, renamed))
    found = said(renamed, versions, (), at("24 10:00"), at("26 10:00"), at("25 10:00"))
    assert turns(found) == [("sarah", "24 09:00", "26 09:00"), ("maria", "26 09:00", "29 09:00")]


def test_who_is_on_call_at_this_very_moment_is_so_until_their_shift_ends() -> None:
    """Asked a moment later than meant: the shift runs from its start, before the edit, to its usual end."""
    now = at("25 10:00")
    for versions in ((), VERSIONS[:1], (*VERSIONS[:1], Rota(WEDNESDAY, replace(GUIDE, notify=())))):
        asked = now - timedelta(milliseconds=3)
        found = said(GUIDE, versions, (), asked, asked + timedelta.resolution, now)
        assert turns(found) == [("sarah", "24 09:00", "26 09:00")]


def test_before_the_first_version_the_oldest_counts() -> None:
    """And without any version the schedule itself."""
    window = (at("22 10:00"), at("23 10:00"), at("25 10:00"))
    late = (Rota(at("24 00:00"), GUIDE),)
    assert said(EDITED, late, (), *window) == shifts(GUIDE, *window[:2])
    assert said(EDITED, (), (), *window) == shifts(EDITED, *window[:2])


def test_while_it_was_no_schedule_nobody_was_on_call() -> None:
    """Taken out of the configuration on Wednesday noon and put back on Thursday noon."""
    versions = (VERSIONS[0], Rota(WEDNESDAY, None), Rota(at("25 12:00"), GUIDE))
    found = said(GUIDE, versions, (), at("24 10:00"), at("26 08:00"), at("27 10:00"))
    assert turns(found) == [("sarah", "24 09:00", "24 12:00"), ("sarah", "25 12:00", "26 09:00")]


def test_what_a_service_says_of_its_own_past_is_kept_by_it() -> None:
    """Turns that are kept elsewhere are no part of a version, and are read as they are now."""
    assert bare(replace(GUIDE, overrides=(temporary("maria", "22 10:00", "22 12:00"),))) == GUIDE


@given(st.integers(0, 14 * 24 * 60), st.integers(0, 14 * 24 * 60))
def test_an_edit_changes_no_moment_before_it_and_every_one_after_is_as_computed(
    edited: int, asked: int
) -> None:
    """Whenever the edit and whenever the question: who was on call is who the version of then says."""
    start, now = at("15 00:00"), at("29 00:00")
    edit, moment = start + timedelta(minutes=edited), start + timedelta(minutes=asked)
    versions = (Rota(start - timedelta(days=30), GUIDE), Rota(edit, EDITED))
    found = said(EDITED, versions, (), moment, moment + timedelta(minutes=1), now)
    then = GUIDE if moment < edit else EDITED
    assert [s.person for s in found if s.covers(moment)] == [
        s.person for s in on_call(then, moment)
    ]


def test_a_temporary_schedule_lies_over_overrides_that_are_made_later_too() -> None:
    """Maria alone from ten to noon: neither John, nor who replaces him, nor who is added beside."""
    over = Override(
        "primary", OverrideKind.REPLACE, at("22 09:00"), at("22 18:00"), "sarah", "john", id=2
    )
    beside = Override("primary", OverrideKind.ADD, at("22 09:00"), at("22 18:00"), "alex", id=3)
    made: tuple[Override, ...] = (temporary("maria", "22 10:00", "22 12:00"), over, beside)
    crew = replace(GUIDE, overrides=made)
    who = {hour: [s.person for s in on_call(crew, at(f"22 {hour}"))] for hour in
           ("09:30", "10:00", "11:59", "12:00", "18:00")}  # fmt: skip
    assert who == {
        "09:30": ["sarah", "alex"],
        "10:00": ["maria"],
        "11:59": ["maria"],
        "12:00": ["sarah", "alex"],
        "18:00": ["john"],
    }


def test_of_two_temporary_schedules_the_newer_counts() -> None:
    """The older one shows where the newer one does not cover it, and fills a gap on purpose."""
    gappy: Schedule = replace(GUIDE, weeks=({"mon": "nobody"},))
    made = (
        temporary("maria", "22 10:00", "22 14:00"),
        temporary("john", "22 11:00", "22 12:00", 2),
    )
    found = shifts(replace(gappy, overrides=made), at("22 09:00"), at("22 18:00"))
    assert turns(found) == [
        ("maria", "22 10:00", "22 11:00"),
        ("john", "22 11:00", "22 12:00"),
        ("maria", "22 12:00", "22 14:00"),
    ]
