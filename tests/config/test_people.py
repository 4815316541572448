"""People, schedules and policies: references that hold, levels that climb."""

from datetime import UTC, datetime, time, timedelta

import pytest

from opsdash.domain.alert import Severity
from opsdash.domain.escalation import DEFAULT_POLICY, Condition
from opsdash.domain.schedule import Window, who
from tests.config.conftest import MINIMAL, Read, Refuse

PEOPLE = """
[[person]]
id = "john"
name = "John"
[[person]]
id = "sarah"
name = "Sarah"
"""
SCHEDULE = """
[[schedule]]
id = "primary"
timezone = "Europe/London"
handoff = "09:00"
weeks = [ { mon = "john", wed = "sarah" } ]
"""


def policy(*levels: str) -> str:
    listed = ",\n".join(levels)
    return f'[[escalation_policy]]\nid = "payments"\nlevels = [\n{listed}\n]\n'


def test_a_schedule_says_who_is_on_call(read: Read) -> None:
    """The rotation that was written is the one that is followed."""
    setup = read(MINIMAL + PEOPLE + SCHEDULE).setup()
    schedule = setup.schedules[0]
    assert schedule.handoff == time(9)
    shift = who(schedule, datetime(2025, 12, 24, 12, tzinfo=UTC))
    assert shift is not None
    assert shift.person == "sarah"


def test_a_schedule_may_be_a_calendar_and_nothing_else(read: Read) -> None:
    """Whose rota is an iCalendar file writes no weeks under it; with weeks it still needs their time."""
    text = PEOPLE + '[[schedule]]\nid = "primary"\nlayers = [ { calendar = "oncall.ics" } ]\n'
    (schedule,) = read(MINIMAL + text).setup().schedules
    assert schedule.weeks == ()
    assert schedule.layers[0].calendar.endswith("oncall.ics")


def test_times_and_dates_may_be_tomls_own(read: Read) -> None:
    """A local time and a local date are taken as well as text."""
    text = SCHEDULE.replace('"09:00"', "09:00:00\nanchor = 2024-01-08")
    schedule = read(MINIMAL + PEOPLE + text).setup().schedules[0]
    assert (schedule.handoff, schedule.anchor.isoformat()) == (time(9), "2024-01-08")


def test_a_level_without_a_time_is_due_five_minutes_after_the_one_before(read: Read) -> None:
    """The first at once; all at once only where that is written."""

    def due(*after: str) -> list[float]:
        levels = [
            f'{{ name = "L{n}", notify = ["person:john"]{written} }}'
            for n, written in enumerate(after)
        ]
        found = read(MINIMAL + PEOPLE + policy(*levels)).setup().policy.levels
        return [level.after / timedelta(minutes=1) for level in found]

    assert due("", "", "") == [0, 5, 10]
    assert due("", ', after = "15m"', "", ', after = "30m"') == [0, 15, 20, 30]
    assert due("", ', after = "0s"', ', after = "0s"') == [0, 0, 0]
    assert due(', after = "2m"', "") == [2, 7]


def test_a_policy_has_its_levels_in_order(read: Read) -> None:
    """Whom each level reaches, when, and for which severities."""
    levels = (
        '{ name = "On call", notify = ["schedule:primary"] }',
        '{ name = "CEO", notify = ["person:john"], after = "30m", severity = ["critical"] }',
    )
    setup = read(MINIMAL + PEOPLE + SCHEDULE + policy(*levels)).setup()
    assert setup.policy.id == "payments"
    assert setup.policy.levels[1].after == timedelta(minutes=30)
    assert setup.policy.levels[1].severity == (Severity.CRITICAL,)
    assert setup.policies == (setup.policy,)


def test_without_a_policy_the_guides_four_levels_hold(read: Read) -> None:
    """A default is there before anybody writes one."""
    assert read(MINIMAL).setup().policy == DEFAULT_POLICY


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            SCHEDULE.replace("john", "jhon"),
            "weeks[0].mon: no [[person]] has the id 'jhon'; did you",
        ),
        (SCHEDULE.replace('mon = "john", wed = "sarah"', ""), "weeks: nobody is ever on call"),
        (SCHEDULE.replace('{ mon = "john", wed = "sarah" }', ""), "write at least one"),
        (SCHEDULE.replace("Europe", "Erope"), 'did you mean "Europe/London"?'),
        (SCHEDULE.replace("09:00", "24:00"), "write a time of day"),
        (SCHEDULE.replace('"09:00"', "2024-01-01"), "write a time of day"),
        (SCHEDULE + "anchor = 2024-01-02\n", "write the Monday on which the first week began"),
        (SCHEDULE + 'anchor = "monday"\n', 'write a date as "2024-01-01"'),
        (SCHEDULE + "anchor = 2024-01-01T00:00:00Z\n", 'write a date as "2024-01-01"'),
        (SCHEDULE.replace("mon =", "monday ="), 'monday: unknown key; did you mean "mon"?'),
        (SCHEDULE + SCHEDULE, "schedule[1].id: 'primary' is the id of schedule[0] already"),
        (
            PEOPLE.partition('[[person]]\nid = "sarah"')[0],
            "person[2].id: 'john' is the id of person[0] already",
        ),
        ('[[person]]\nid = "x"\nname = "X"\nexpertise = "backend"\n', "write a list in [ ]"),
        (policy(), "escalation_policy[0].levels: found an empty list; write at least one"),
        (policy('{ name = "A" }'), "levels[0].notify: missing; add it: Whom it reaches"),
        (policy('{ name = "A", notify = [] }'), "levels[0].notify: found an empty list"),
        (
            policy('{ name = "A", notify = ["john"] }'),
            'notify[0]: found \'john\'; write "schedule:ID", "person:ID" or "notifier:ID"',
        ),
        (
            policy('{ name = "A", notify = ["person:jhon"] }'),
            "no [[person]] has the id 'jhon'; did you mean \"person:john\"?",
        ),
        (
            policy('{ name = "A", notify = ["person:john", "person:john"] }'),
            "levels[0].notify[1]: 'person:john' twice; take one out",
        ),
        (
            policy(
                '{ name = "A", notify = ["person:john"], after = "5m" }',
                '{ name = "B", notify = ["person:sarah"], after = "4m" }',
            ),
            "levels[1].after: due before the level above it; write a longer time",
        ),
        (
            policy(
                '{ name = "A", notify = ["person:john"] }',
                '{ name = "B", notify = ["person:sarah"] }',
                '{ name = "C", notify = ["person:sarah"], after = "4m" }',
            ),
            "levels[2].after: due before the level above it; write a longer time",
        ),
        (
            policy('{ name = "A", notify = ["person:john"], severity = ["sev1"] }'),
            "severity[0]: found 'sev1'; write one of critical, warning, info",
        ),
        (
            policy('{ name = "A", notify = ["person:john"], after = "8d" }'),
            "after: found '8d'; write a duration from 0s to 7d",
        ),
    ],
)
def test_what_does_not_hold_is_refused(refuse: Refuse, text: str, problem: str) -> None:
    """A name that nobody has, a gap in a rotation, levels out of order: each with its cure."""
    found = refuse(MINIMAL + PEOPLE + text)
    assert any(problem in line for line in found), found
    assert len(found) == 1, found


def test_layers_hours_and_policies_are_followed_as_written(read: Read) -> None:
    """Nights over the rotation, hours of a level, conditions, repeats and how long it is anybody's."""
    text = """
[[schedule]]
id = "primary"
timezone = "Europe/Berlin"
handoff = "09:00"
gaps_allowed = true
weeks = [ { mon = "john", sat = "nobody" } ]
within = [ { days = ["mon", "fri"], start = "08:00", end = "20:00" } ]
layers = [ { weeks = [ { mon = "sarah" } ], within = [ { start = "22:00", end = "06:00" } ] } ]
[[escalation_policy]]
id = "database"
matching = ['team="db"']
repeats = 2
patience = "20m"
timezone = "Europe/Berlin"
auto_acknowledge = ["warning"]
acknowledged_for = { critical = "2h", warning = "0s" }
levels = [
  { name = "On call", notify = ["schedule:primary"], hours = [ { start = "08:00", end = "18:00", end_day = "fri" } ] },
  { name = "Lead", notify = ["person:sarah"], after = "5m", condition = "not_resolved", matching = ['region=~"eu|us"'] },
]
"""
    setup = read(MINIMAL + PEOPLE + text).setup()
    schedule, policy = setup.schedules[0], setup.policy
    assert schedule.gaps_allowed
    assert schedule.within == (Window(time(8), time(20), ("mon", "fri")),)
    assert schedule.layers[0].handoff == time(9)
    night = who(schedule, datetime(2025, 12, 22, 23, tzinfo=UTC))
    assert night is not None
    assert night.person == "sarah"
    assert who(schedule, datetime(2025, 12, 27, 12, tzinfo=UTC)) is None
    assert (policy.matching, policy.repeats, policy.patience) == (
        ('team="db"',), 2, timedelta(minutes=20),
    )  # fmt: skip
    assert policy.acknowledged_for == {"critical": timedelta(hours=2), "warning": timedelta()}
    assert policy.auto_acknowledge == (Severity.WARNING,)
    assert policy.levels[0].hours == (Window(time(8), time(18), (), "fri"),)
    assert policy.levels[1].condition is Condition.NOT_RESOLVED
    assert policy.levels[1].matching == ('region=~"eu|us"',)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (
            SCHEDULE + 'layers = [ { weeks = [ { mon = "jhon" } ] } ]\n',
            "layers[0].weeks[0].mon: no [[person]] has the id 'jhon'",
        ),
        (SCHEDULE + "layers = [ { } ]\n", "layers[0]: it needs either weeks or a calendar"),
        (
            SCHEDULE + 'layers = [ { weeks = [ { mon = "john" } ], calendar = "x.ics" } ]\n',
            "layers[0]: it needs either weeks or a calendar",
        ),
        (
            SCHEDULE.replace('mon = "john", wed = "sarah"', 'mon = "nobody"'),
            "weeks: nobody is ever on call",
        ),
        (
            SCHEDULE + 'within = [ { days = ["monday"], start = "08:00", end = "20:00" } ]\n',
            "write one of mon, tue, wed, thu, fri, sat, sun",
        ),
        (
            policy('{ name = "A", notify = ["person:john"], condition = "acked" }'),
            "condition: found 'acked'; write one of not_acknowledged, not_resolved",
        ),
        (
            policy('{ name = "A", notify = ["person:john"], matching = ["a=~("] }'),
            "matching[0]: found 'a=~('; no matcher",
        ),
        (
            policy('{ name = "A", notify = ["person:john"] }') + "repeats = 10\n",
            "repeats: found 10",
        ),
    ],
)
def test_what_does_not_hold_of_layers_and_conditions_is_refused(
    refuse: Refuse, text: str, problem: str
) -> None:
    """Each with its key and cure."""
    found = refuse(MINIMAL + PEOPLE + text)
    assert any(problem in line for line in found), found
