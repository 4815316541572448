"""Who is on call: weekly rotations with a handoff at a wall-clock time in an IANA zone."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from opsdash.domain.frozen import dataclass
from opsdash.domain.text import SafeText

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Person:
    """Someone who can be on call. `notify` are the destinations that reach them: `NOTIFIER[:ADDRESS]`."""

    id: str
    name: SafeText
    expertise: tuple[SafeText, ...] = ()
    notify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Schedule:
    """A rotation of one or more weeks, each naming who takes over on which day.

    `weeks` maps a weekday (`mon` … `sun`) to the id of the person whose shift begins then at
    `handoff` in `timezone`; a day not named continues the shift before it. `anchor` is the Monday
    on which the first week of the cycle began. `notify` are destinations that are told beside
    whoever is on call: a service's pager, a channel.
    """

    id: str
    timezone: str
    handoff: time
    weeks: tuple[Mapping[str, str], ...]
    anchor: date = date(2024, 1, 1)
    notify: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's turn, half open: from `start` until just before `end`."""

    schedule: str
    person: str
    start: datetime
    end: datetime


def who(schedule: Schedule, at: datetime) -> Shift | None:
    """Return the shift that covers `at`, or None where the schedule names nobody at all.

    Shift boundaries are wall-clock times: computed date by date in the schedule's zone, so days
    of 23 or 25 hours are right. The boundary belongs to the person who takes over.
    """
    days = 7 * len(schedule.weeks)
    today = at.astimezone(ZoneInfo(schedule.timezone)).date()
    begun = next(
        (
            (day, person)
            for back in range(-1, days + 2)
            if (person := _person_from(schedule, day := today - timedelta(days=back)))
            and _handoff(schedule, day) <= at
        ),
        None,
    )
    if begun is None:
        return None
    day, person = begun
    end = next(
        _handoff(schedule, day + timedelta(days=ahead))
        for ahead in range(1, days + 1)
        if _person_from(schedule, day + timedelta(days=ahead))
    )
    return Shift(schedule.id, person, _handoff(schedule, day), end)


def _person_from(schedule: Schedule, day: date) -> str | None:
    if not schedule.weeks:
        return None
    week = (day - schedule.anchor).days // 7 % len(schedule.weeks)
    return schedule.weeks[week].get(WEEKDAYS[day.weekday()])


def _handoff(schedule: Schedule, day: date) -> datetime:
    """The instant of the handoff on `day`: a time that the clock skips moves on by the gap."""
    zone = ZoneInfo(schedule.timezone)
    local = datetime.combine(day, schedule.handoff, tzinfo=zone)
    return local.astimezone(UTC)
