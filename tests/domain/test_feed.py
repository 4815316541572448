"""Whose the shifts are that are kept elsewhere: sure signs count, a name alone makes nobody a person."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from opsdash.domain.coverage import gaps, known_until, known_words
from opsdash.domain.feed import (
    Attendant,
    Feed,
    FeedState,
    fed,
    person_of,
    stranger_words,
    strangers,
)
from opsdash.domain.rotation import NOBODY, Layer, Turn
from opsdash.domain.schedule import Person, Schedule, on_call, who
from opsdash.domain.setup import Setup
from opsdash.domain.text import clean

AT = datetime(2025, 12, 22, 14, tzinfo=UTC)
PEOPLE = (
    Person("john", clean("John"), email="john@example.com"),
    Person("sarah", clean("Sarah"), pagerduty="PSARAH"),
    Person("alex", clean("Alex"), notify=("sms:+15550199", "email:alex@example.com")),
)


def there(name: str, id: str = "P1", email: str = "") -> Attendant:
    """Somebody as the other service has them."""
    return Attendant(clean(name), id, email)


@pytest.mark.parametrize(
    ("attendant", "person"),
    [
        (there("J. Doe", email="john@example.com"), "john"),
        (there("J. Doe", email="John@Example.COM"), "john"),
        (there("S.", "PSARAH"), "sarah"),
        (there("S.", "PSARAH", "john@example.com"), "john"),
        (there("A.", email="alex@example.com"), "alex"),
        (there("John", email="somebody@example.com"), None),
        (there("john"), None),
        (there("Sarah", "P9", ""), None),
        (there("x", email="+15550199"), None),
        (there("John", id=""), "john"),
        (there("JOHN", id=""), "john"),
        (there("Zoe", id=""), None),
        (there("nobody", id=""), NOBODY),
        (there("nobody"), None),
    ],
)
def test_whose_a_turn_is(attendant: Attendant, person: str | None) -> None:
    """By id or address where there is an id; by name only where a calendar has nothing else."""
    assert person_of(attendant, PEOPLE) == person


def test_a_configured_id_counts_in_place_of_an_address() -> None:
    """Somebody else with the address of old is not paged for."""
    one = Person("sarah", clean("Sarah"), email="old@example.com", pagerduty="PSARAH")
    assert person_of(there("x", "POTHER", "old@example.com"), (one,)) is None


def setup_with(*attendants: Attendant) -> tuple[Setup, dict[str, FeedState]]:
    """A schedule in which each has an hour, one after another from `AT` on."""
    turns = tuple(
        Turn(str(n), AT + timedelta(hours=n), AT + timedelta(hours=n + 1))
        for n in range(len(attendants))
    )
    feed = Feed(turns, {str(n): one for n, one in enumerate(attendants)})
    schedule = Schedule("primary", "UTC", AT.time(), (), layers=(Layer(feed="k"),))
    return Setup(people=PEOPLE, schedules=(schedule,)), {"k": FeedState(feed, AT)}


def test_what_comes_after_the_shifts_that_are_known_is_no_gap() -> None:
    """Up to the last moment that was asked for a gap is one; after it nobody knows, and that is said."""
    setup, states = setup_with(there("John", "PJOHN"))
    feed = replace(states["k"].feed, until=AT + timedelta(days=2))
    (schedule,) = fed(setup, {"k": FeedState(feed, AT)}).schedules
    assert known_until(schedule) == AT + timedelta(days=2)
    found = gaps(schedule, AT, AT + timedelta(days=9))
    assert [(g.start - AT, g.end - AT) for g in found] == [(timedelta(hours=1), timedelta(days=2))]
    assert gaps(schedule, AT + timedelta(days=3), AT + timedelta(days=9)) == ()
    (plain,) = fed(setup, states).schedules
    assert known_until(plain) is None
    assert gaps(plain, AT, AT + timedelta(days=9))[0].end == AT + timedelta(days=9)
    assert known_words(AT.replace(year=2026, month=1, day=3), "UTC").startswith(
        "its shifts are known until Sat 03 Jan 2026"
    )


def test_a_stranger_is_shown_by_name_and_is_nobody_here() -> None:
    """Also where they call themselves what somebody's id is here, or nobody."""
    setup, states = setup_with(there("Jane Doe"), there("john", "P2"), there("nobody", "P3"))
    (schedule,) = fed(setup, states).schedules
    found = []
    for hour in range(3):
        shift = who(schedule, AT + timedelta(hours=hour))
        assert shift is not None
        found.append(shift.person)
    assert found == ["Jane Doe", "john (not a [[person]])", "nobody (not a [[person]])"]


def test_strangers_are_named_with_what_would_make_them_people() -> None:
    """By schedule, with address and id as they are there."""
    setup, states = setup_with(there("Jane Doe", "PJANE", "jane@example.com"), there("S", "PSARAH"))
    ((schedule, unknown),) = strangers(setup, states)
    assert schedule == "primary"
    assert stranger_words(unknown) == (
        "no [[person]] is Jane Doe (jane@example.com PJANE): write their email, or their id there"
        " as pagerduty, in a [[person]]"
    )
    many = stranger_words(there(f"N{n}", f"P{n}") for n in range(8))
    assert "N4 (P4) and 3 more: write" in many
    assert stranger_words([there("Zoe", id="")]) == "no [[person]] is called Zoe"


def test_what_was_not_read_leaves_what_is_there() -> None:
    """A failed read empties no layer, and the rotation below an empty feed counts."""
    setup, states = setup_with(there("S", "PSARAH"))
    read = fed(setup, states)
    assert fed(read, {}) == read
    (schedule,) = setup.schedules
    below = Schedule("primary", "UTC", AT.time(), ({"mon": "john"},), layers=schedule.layers)
    (found,) = fed(Setup(people=PEOPLE, schedules=(below,)), states).schedules
    assert [shift.person for shift in on_call(found, AT)] == ["sarah"]
    assert [shift.person for shift in on_call(found, AT + timedelta(hours=2))] == ["john"]
