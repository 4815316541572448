"""Hand-made schedules: the guide's week with overrides, a schedule with gaps, and maintenance."""

from dataclasses import replace
from datetime import time, timedelta

from opsdash.domain.maintenance import Maintenance
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.text import SafeText, clean
from opsdash.roster import Roster
from opsdash.snapshot import Snapshot
from tests.ui.pictures import SETUP, alerts, busy, climbs

MONDAY = busy().taken_at.replace(hour=14, minute=0, second=0)
"""Monday, 22 December 2025, 14:00 UTC: John's shift."""

DENTIST = Override(
    "primary",
    OverrideKind.REPLACE,
    MONDAY - timedelta(hours=1),
    MONDAY + timedelta(hours=7),
    "sarah",
    "john",
    SafeText("sarah"),
    SafeText("dentist"),
    MONDAY - timedelta(hours=2),
    3,
)
"""Sarah for John, from 13:00 to 21:00."""

ILL = Override(
    "primary",
    OverrideKind.REMOVE,
    MONDAY + timedelta(days=5),
    MONDAY + timedelta(days=6),
    "",
    "alex",
    SafeText("alex"),
    SafeText("ill"),
    MONDAY - timedelta(hours=2),
    4,
)
"""Alex off, from Saturday 14:00 to Sunday 14:00: a gap."""

WEEK = Schedule("primary", "UTC", time(9), ({"mon": "john", "wed": "sarah", "fri": "alex"},))
"""The guide's week."""

WEEKDAYS_ONLY = Schedule("database", "UTC", time(9), ({"mon": "alex", "sat": "nobody"},))
"""Nobody from Saturday to Monday."""

MIGRATION = Maintenance(
    2,
    MONDAY - timedelta(minutes=5),
    MONDAY + timedelta(hours=1),
    SafeText("john"),
    SafeText("schema change"),
    SafeText("payments-db"),
)
"""An hour of maintenance of payments-db."""


def staffed(*overrides: Override, maintenance: tuple[Maintenance, ...] = ()) -> Snapshot:
    """Return the evening of the incident with two schedules and these changes of theirs."""
    people = (*SETUP.people, Person("sarah", SafeText("Sarah")), Person("alex", SafeText("Alex")))
    primary = replace(WEEK, overrides=overrides)
    setup = replace(SETUP, people=people, schedules=(primary, WEEKDAYS_ONLY))
    return replace(busy(), setup=setup, roster=Roster(climbs(alerts()), overrides, maintenance))


def renamed(raw: str) -> Snapshot:
    """Return the evening with `raw` wherever outside text stands in schedules and what changes them."""
    text = clean(raw)
    found = staffed(
        replace(DENTIST, by=text, reason=text),
        maintenance=(replace(MIGRATION, by=text, reason=text, service=text),),
    )
    people = tuple(replace(person, name=text or person.name) for person in found.setup.people)
    return replace(found, setup=replace(found.setup, people=people))
