"""One week of every schedule as it is told to the team: who is on call each day, gaps, covers.

It is a function of the week and the schedules, not of the moment: what is told changes when they do.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import date, datetime
from zoneinfo import ZoneInfo

from opsdash.domain.coverage import Gap, gap_words, gaps
from opsdash.domain.duty import Day, calendar
from opsdash.domain.frozen import dataclass
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.reach import person_name
from opsdash.domain.schedule import Schedule
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText, clean
from opsdash.domain.week import Week

_GAPS_NAMED = 5


@dataclass(frozen=True, slots=True)
class DayLine:
    """One day of a schedule in words: `Wed 24 Dec` and `John until 09:00, Sarah from 09:00`."""

    date: date
    day: SafeText
    who: SafeText


@dataclass(frozen=True, slots=True)
class ScheduleWeek:
    """A schedule's week in its own zone; `gaps` is empty where nobody is missing, or may be."""

    schedule: str
    timezone: str
    days: tuple[DayLine, ...]
    gaps: SafeText
    overrides: tuple[SafeText, ...]


@dataclass(frozen=True, slots=True)
class WeekRota:
    """The week of every schedule."""

    week: Week
    heading: SafeText
    schedules: tuple[ScheduleWeek, ...]

    @property
    def digest(self) -> str:
        """What differs whenever any word of it does."""
        words = [
            (s.schedule, s.timezone, [(d.day, d.who) for d in s.days], s.gaps, list(s.overrides))
            for s in self.schedules
        ]
        text = json.dumps([self.heading, words], ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()


def week_rota(setup: Setup, week: Week) -> WeekRota:
    """Return the week as the schedules of `setup` and their overrides have it."""
    first, last = week.monday, week.sunday
    heading = (
        f"{setup.title}: on call in week {week.number}, {first:%a %d %b} to {last:%a %d %b %Y}"
    )
    schedules = tuple(_schedule_week(setup, schedule, week) for schedule in setup.schedules)
    return WeekRota(week, clean(heading), schedules)


def rota_lines(rota: WeekRota) -> Iterator[SafeText]:
    """Yield the week line by line, for a terminal."""
    yield rota.heading
    for schedule in rota.schedules:
        yield SafeText("")
        yield clean(f"{schedule.schedule} ({schedule.timezone})")
        for line in schedule.days:
            yield clean(f"  {line.day}  {line.who}")
        for remark in remarks(schedule):
            yield clean(f"  ! {remark}")


def remarks(schedule: ScheduleWeek) -> tuple[SafeText, ...]:
    """Return what must not be overlooked: when nobody is on call, and who covers for whom."""
    missing = (schedule.gaps,) if schedule.gaps else ()
    return (*missing, *schedule.overrides)


def _schedule_week(setup: Setup, schedule: Schedule, week: Week) -> ScheduleWeek:
    zone = schedule.timezone
    start, end = week.span(zone)
    lines = tuple(
        DayLine(day.date, clean(f"{day.date:%a %d %b}"), _who(day, zone, schedule.gaps_allowed))
        for day in calendar(setup, schedule, start, zone, 7)
    )
    missing = () if schedule.gaps_allowed else gaps(schedule, start, end)
    covers = (o for o in schedule.overrides if o.start < end and start < o.end)
    return ScheduleWeek(
        schedule.id,
        zone,
        lines,
        _gaps(missing, zone),
        tuple(_cover(setup, override, zone) for override in covers),
    )


def _gaps(missing: tuple[Gap, ...], zone: str) -> SafeText:
    words = gap_words(missing, zone, _GAPS_NAMED)
    return clean(words.partition(": ")[2])


def _who(day: Day, zone: str, gaps_allowed: bool) -> SafeText:
    """Who is on call in a day, in order; the same person's shifts, one after another, are one."""
    parts: list[tuple[datetime, datetime, str]] = []
    for cell in day.cells:
        name = f"{cell.name} (cover)" if cell.overridden else str(cell.name)
        if parts and parts[-1][2] == name and parts[-1][1] == cell.start:
            parts[-1] = (parts[-1][0], cell.end, name)
        else:
            parts.append((cell.start, cell.end, name))
    if not parts:
        return SafeText("nobody")
    if not gaps_allowed:
        parts += [(gap.start, gap.end, "nobody") for gap in day.gaps]
    clock = ZoneInfo(zone)
    said = []
    for start, end, name in sorted(parts):
        span = _span(start.astimezone(clock), end.astimezone(clock), day.date)
        said.append(f"{name} {span}".strip())
    return clean(", ".join(said))


def _span(start: datetime, end: datetime, day: date) -> str:
    whole_start = start.hour == start.minute == 0
    whole_end = end.date() > day
    if whole_start and whole_end:
        return ""
    if whole_start:
        return f"until {end:%H:%M}"
    if whole_end:
        return f"from {start:%H:%M}"
    return f"{start:%H:%M} to {end:%H:%M}"


def _cover(setup: Setup, override: Override, zone: str) -> SafeText:
    who, off = person_name(setup, override.person), person_name(setup, override.replaces)
    if override.kind is OverrideKind.ADD:
        words = f"{who} beside whoever is on call"
    elif override.kind is OverrideKind.REMOVE:
        words = f"{off} is off call"
    elif override.kind is OverrideKind.TEMPORARY:
        words = f"{who} alone, whatever the rotation says"
    else:
        words = f"{who} in place of {off or 'whoever is on call'}"
    clock = ZoneInfo(zone)
    start, end = override.start.astimezone(clock), override.end.astimezone(clock)
    shown = f"{end:%H:%M}" if end.date() == start.date() else f"{end:%a %d %b %H:%M}"
    by = f", by {override.by}" if override.by else ""
    return clean(f"cover: {words}, {start:%a %d %b %H:%M} to {shown}: {override.reason}{by}")
