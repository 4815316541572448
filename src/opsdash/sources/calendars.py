"""Schedules whose layers are iCalendar files: the files read, their events turned into shifts.

A file that cannot be read is a problem in words and a layer without anybody: what lies below it counts.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from opsdash.domain.ical import LONGEST_TEXT, CalendarError, read_calendar
from opsdash.domain.rotation import Layer, Turn
from opsdash.domain.schedule import Person, Schedule
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean

PAST_READ = timedelta(days=35)
AHEAD_READ = timedelta(days=100)
"""How far before and after now events are read: for digests and figures, and for what is shown."""


def has_calendars(setup: Setup) -> bool:
    """Whether any layer of a schedule is a calendar."""
    return any(layer.calendar for schedule in setup.schedules for layer in schedule.layers)


def with_calendars(setup: Setup, now: datetime) -> tuple[Setup, tuple[SafeText, ...]]:
    """Return `setup` with the turns of its calendars in their layers, and what is wrong with them."""
    if not has_calendars(setup):
        return setup, ()
    problems: list[SafeText] = []
    schedules = tuple(_schedule(s, setup.people, now, problems) for s in setup.schedules)
    return replace(setup, schedules=schedules), tuple(problems)


def _schedule(
    schedule: Schedule, people: Iterable[Person], now: datetime, problems: list[SafeText]
) -> Schedule:
    known = {person.id: person.id for person in people}
    known |= {str(person.name).casefold(): person.id for person in people}
    layers = []
    for layer in schedule.layers:
        if not layer.calendar:
            layers.append(layer)
            continue
        turns = _turns(layer, schedule, now, problems)
        named = tuple(
            replace(turn, person=known.get(turn.person.casefold(), turn.person)) for turn in turns
        )
        strangers = {turn.person for turn in named} - set(known.values())
        if strangers:
            names = ", ".join(sorted(strangers)[:5])
            problems.append(clean(f"{layer.calendar}: no [[person]] is called {names}"))
        layers.append(replace(layer, turns=named))
    return replace(schedule, layers=tuple(layers))


def _turns(
    layer: Layer, schedule: Schedule, now: datetime, problems: list[SafeText]
) -> tuple[Turn, ...]:
    try:
        with Path(layer.calendar).open(encoding="utf-8", errors="replace") as file:
            text = file.read(LONGEST_TEXT + 1)
        return read_calendar(text, schedule.timezone, now - PAST_READ, now + AHEAD_READ)
    except OSError as error:
        why = error.strerror or "it cannot be read"
        problems.append(clean(f"{layer.calendar}: {why}: the rotation below it counts"))
    except CalendarError as error:
        problems.append(clean(f"{layer.calendar}: {error}: the rotation below it counts"))
    return ()
