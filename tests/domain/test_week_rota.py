"""The week as it is told: who is on call each day, covers and gaps named, the same words at any moment."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.rotation import Window
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.domain.week import Week
from opsdash.domain.week_rota import remarks, rota_lines, week_rota

WEEK = Week(2025, 52)
DRAWN = Schedule(
    "primary", "Europe/London", time(9), ({"mon": "john", "wed": "sarah", "fri": "alex"},)
)
SETUP = Setup(
    people=(
        Person("john", clean("John")),
        Person("sarah", clean("Sarah")),
        Person("alex", clean("Alex")),
    ),
    schedules=(DRAWN,),
)


def days(setup: Setup) -> dict[str, str]:
    """Who is on call, by day."""
    (schedule,) = week_rota(setup, WEEK).schedules
    return {str(line.day): str(line.who) for line in schedule.days}


def covered(*overrides: Override) -> Setup:
    """The setup with overrides in its schedule."""
    return replace(SETUP, schedules=(replace(DRAWN, overrides=overrides),))


def cover(start: datetime, hours: int, kind: OverrideKind = OverrideKind.REPLACE) -> Override:
    """A cover by Sarah, or in which John goes off."""
    off = kind is OverrideKind.REMOVE
    return Override(
        "primary",
        kind,
        start,
        start + timedelta(hours=hours),
        "" if off else "sarah",
        "john" if off else "",
        SafeText("maria"),
        SafeText("dentist"),
        id=1,
    )


def test_the_guides_drawing_is_told_day_by_day() -> None:
    """John from Monday, Sarah from Wednesday, Alex from Friday; a handoff's day names both."""
    assert days(SETUP) == {
        "Mon 22 Dec": "Alex until 09:00, John from 09:00",
        "Tue 23 Dec": "John",
        "Wed 24 Dec": "John until 09:00, Sarah from 09:00",
        "Thu 25 Dec": "Sarah",
        "Fri 26 Dec": "Sarah until 09:00, Alex from 09:00",
        "Sat 27 Dec": "Alex",
        "Sun 28 Dec": "Alex",
    }
    rota = week_rota(SETUP, WEEK)
    assert rota.heading == (
        "Payment App Production: on call in week 52, Mon 22 Dec to Sun 28 Dec 2025"
    )
    assert remarks(rota.schedules[0]) == ()
    assert list(rota_lines(rota))[2:4] == [
        "primary (Europe/London)",
        "  Mon 22 Dec  Alex until 09:00, John from 09:00",
    ]


def test_the_same_persons_shifts_one_after_another_are_one() -> None:
    """A rotation of one person is told as a name."""
    alone = replace(DRAWN, weeks=({"mon": "john"},))
    assert set(days(replace(SETUP, schedules=(alone,))).values()) == {"John"}


def test_a_cover_is_in_its_day_and_named_with_its_reason() -> None:
    """Who covers for whom, when, why, and who said so, on the schedule's clock."""
    setup = covered(cover(datetime(2025, 12, 23, 12, tzinfo=UTC), 4))
    assert (
        days(setup)["Tue 23 Dec"]
        == "John until 12:00, Sarah (cover) 12:00 to 16:00, John from 16:00"
    )
    (schedule,) = week_rota(setup, WEEK).schedules
    assert schedule.overrides == (
        "cover: Sarah in place of whoever is on call, Tue 23 Dec 12:00 to 16:00: dentist, by maria",
    )
    assert not schedule.gaps


def test_somebody_beside_the_others_is_told_beside_them() -> None:
    """Two on call at once are both named."""
    setup = covered(cover(datetime(2025, 12, 23, 12, tzinfo=UTC), 4, OverrideKind.ADD))
    assert days(setup)["Tue 23 Dec"] == "John, Sarah (cover) 12:00 to 16:00"


def test_a_gap_is_named_unless_it_is_meant() -> None:
    """Somebody taken off leaves a gap, in its day and below; `gaps_allowed` says nothing of it."""
    setup = covered(cover(datetime(2025, 12, 23, 20, tzinfo=UTC), 8, OverrideKind.REMOVE))
    assert days(setup)["Tue 23 Dec"] == "John until 20:00, nobody from 20:00"
    (schedule,) = week_rota(setup, WEEK).schedules
    assert schedule.gaps == (
        "nobody is on call Tue 23 Dec 20:00 to Wed 24 Dec 04:00 Europe/London (8h00m)"
    )
    hours = replace(
        DRAWN, weeks=({"mon": "john"},), within=(Window(time(9), time(17)),), gaps_allowed=True
    )
    assert set(days(replace(SETUP, schedules=(hours,))).values()) == {"John 09:00 to 17:00"}
    (schedule,) = week_rota(replace(SETUP, schedules=(hours,)), WEEK).schedules
    assert schedule.gaps == ""


def test_a_day_with_nobody_says_so() -> None:
    """An empty line would look like an error of ours."""
    setup = replace(SETUP, schedules=(replace(DRAWN, weeks=()),))
    assert set(days(setup).values()) == {"nobody"}


def test_a_days_end_is_the_schedules_own() -> None:
    """A cover until midnight in Tokyo ends with its day there."""
    tokyo = replace(DRAWN, timezone="Asia/Tokyo", weeks=({"mon": "john"},))
    one = cover(datetime(2025, 12, 23, 9, tzinfo=UTC), 6)
    setup = replace(SETUP, schedules=(replace(tokyo, overrides=(one,)),))
    assert days(setup)["Tue 23 Dec"] == "John until 18:00, Sarah (cover) from 18:00"
    assert days(setup)["Wed 24 Dec"] == "John"


def test_the_digest_moves_with_every_word_and_with_nothing_else() -> None:
    """A cover, a reason, another rotation or name moves it; a cover of another week does not."""
    cover_now = cover(datetime(2025, 12, 23, 12, tzinfo=UTC), 4)
    other_week = cover(datetime(2026, 1, 14, 12, tzinfo=UTC), 4)
    renamed = replace(SETUP, people=(Person("john", clean("Johnny")), *SETUP.people[1:]))
    told = {
        week_rota(setup, WEEK).digest
        for setup in (
            SETUP,
            covered(cover_now),
            covered(replace(cover_now, reason=SafeText("ill"))),
            renamed,
            replace(SETUP, schedules=(replace(DRAWN, handoff=time(10)),)),
        )
    }
    assert len(told) == 5
    assert week_rota(covered(other_week), WEEK).digest == week_rota(SETUP, WEEK).digest
