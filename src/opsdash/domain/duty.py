"""What the on-call screen shows: each schedule now and next, its days, and what a shift still owes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from opsdash.domain.alert import Alert, AlertState, Severity
from opsdash.domain.coverage import Gap, gaps, gaps_ahead, known_until
from opsdash.domain.frozen import dataclass
from opsdash.domain.incident import Incident
from opsdash.domain.override import Override
from opsdash.domain.reach import person_name
from opsdash.domain.rotation import instant
from opsdash.domain.schedule import Schedule, Shift, on_call, shifts
from opsdash.domain.setup import Setup
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean

ACKNOWLEDGE_WITHIN = timedelta(minutes=5)
"""How long a page may wait for an acknowledgement (S51): at five minutes it is breached."""

AT_RISK = 0.75
"""The share of that time after which it is at risk."""

UPDATE_WITHIN = timedelta(minutes=20)
"""How long an open incident may be without an update."""

OWING_NAMED = 5
"""Incidents that owe a report which are named before the rest is counted."""

DAYS_SHOWN = 14
"""The days of the calendar."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One shift's part of one day of the calendar: who, from when until when, by an override or not."""

    person: str
    name: SafeText
    start: datetime
    end: datetime
    overridden: bool = False


@dataclass(frozen=True, slots=True)
class Day:
    """One day in the viewer's zone: who is on call in it, in order, and when nobody is."""

    date: date
    cells: tuple[Cell, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class OnCallView:
    """One schedule as the screen shows it: who is on call now, who next, its days, overrides and gaps."""

    schedule: str
    timezone: str
    now: tuple[Shift, ...]
    names: tuple[SafeText, ...]
    next: Shift | None
    next_name: SafeText
    days: tuple[Day, ...]
    overrides: tuple[Override, ...]
    gaps: tuple[Gap, ...]
    known_until: datetime | None = None


def on_call_view(
    setup: Setup, schedule: Schedule, now: datetime, zone: str, days: int = DAYS_SHOWN
) -> OnCallView:
    """Return a schedule as it is shown at `now` to somebody in `zone`."""
    current = on_call(schedule, now)
    until = min((shift.end for shift in current), default=now)
    ahead = shifts(schedule, until, until + max(schedule.cycle, timedelta(days=days)))
    following = next((s for s in ahead if s not in current and s.start >= until), None)
    name = person_name(setup, following.person) if following is not None else ""
    return OnCallView(
        schedule=schedule.id,
        timezone=schedule.timezone,
        now=current,
        names=tuple(clean(person_name(setup, shift.person)) for shift in current),
        next=following,
        next_name=clean(name),
        days=calendar(setup, schedule, now, zone, days),
        overrides=tuple(o for o in schedule.overrides if o.end > now),
        gaps=gaps_ahead(schedule, now),
        known_until=known_until(schedule),
    )


def calendar(
    setup: Setup, schedule: Schedule, now: datetime, zone: str, days: int = DAYS_SHOWN
) -> tuple[Day, ...]:
    """Return the days from that of `now` on, as wall-clock days of `zone`: 23 to 25 hours long."""
    from zoneinfo import ZoneInfo

    clock = ZoneInfo(zone)
    first = now.astimezone(clock).date()
    found = []
    for number in range(days):
        day = first + timedelta(days=number)
        start, end = instant(day, time(), clock), instant(day + timedelta(days=1), time(), clock)
        cells = tuple(
            Cell(
                shift.person,
                clean(person_name(setup, shift.person)),
                max(shift.start, start),
                min(shift.end, end),
                shift.override is not None,
            )
            for shift in shifts(schedule, start, end)
        )
        found.append(Day(day, cells, gaps(schedule, start, end)))
    return tuple(found)


class ClockState(StrEnum):
    """How an acknowledgement's five minutes stand."""

    RUNNING = "running"
    AT_RISK = "at_risk"
    BREACHED = "breached"
    MET = "met"


@dataclass(frozen=True, slots=True)
class AckClock:
    """How long a page has waited for its acknowledgement, or did."""

    state: ClockState
    elapsed: timedelta
    left: timedelta


def ack_clock(alert: Alert, now: datetime, paged_at: datetime | None = None) -> AckClock | None:
    """Return how an alert's page stands against five minutes, None for one that nobody is paged for.

    It runs from when the alert fired, or from `paged_at` where that was later: what had fired before
    anybody could be paged is not late. At exactly five minutes it is breached.
    """
    begun = alert.fired_at
    if begun is not None and paged_at is not None:
        begun = max(begun, paged_at)
    if begun is None or alert.muted or alert.severity is Severity.INFO or alert.level == 0:
        return None
    taken = alert.acknowledgement
    ended = taken.at if taken is not None else alert.resolved_at
    elapsed = max((ended or now) - begun, timedelta())
    left = ACKNOWLEDGE_WITHIN - elapsed
    if left <= timedelta():
        return AckClock(ClockState.BREACHED, elapsed, timedelta())
    if ended is not None:
        return AckClock(ClockState.MET, elapsed, left)
    late = elapsed >= ACKNOWLEDGE_WITHIN * AT_RISK
    return AckClock(ClockState.AT_RISK if late else ClockState.RUNNING, elapsed, left)


@dataclass(frozen=True, slots=True)
class Duty:
    """One thing that a shift owes (S50 to S55), whether it is done, and what is missing."""

    id: str
    text: SafeText
    done: bool
    missing: tuple[SafeText, ...] = ()


def duties(
    alerts: Iterable[Alert],
    incidents: Sequence[Incident],
    updated_at: Mapping[str, datetime],
    blind: bool,
    now: datetime,
    unreported: Sequence[Incident] = (),
    since: datetime | None = None,
    paged_at: Mapping[str, datetime] | None = None,
) -> tuple[Duty, ...]:
    """Return a shift's responsibilities as they stand.

    `updated_at` is when each incident's timeline was last written to by a person, `blind` that nobody
    can know what production is like now, `unreported` every incident that owes a report, those left
    over from before `since`, when the shift began, included. `paged_at` is when an alert was first
    paged, by its id: what had fired before is no older for whoever was paged.
    """
    waiting = [a for a in alerts if a.needs_person and a.level and a.severity is not Severity.INFO]
    firing = [a for a in waiting if a.state is AlertState.FIRING]
    silent = []
    for incident in incidents:
        quiet = now - updated_at.get(incident.id, incident.opened_at)
        if incident.open and quiet >= UPDATE_WITHIN:
            silent.append(clean(f"{incident.id} without an update for {format_span(quiet)}"))
    late = tuple(_waiting(alert, now, (paged_at or {}).get(alert.id)) for alert in firing)
    high = tuple(clean(f"{a.name} at level {a.level}") for a in waiting if a.level > 1)
    blind_words = (SafeText("sources do not answer: see the problems"),) if blind else ()
    return (
        _duty("monitor", "Production is watched", blind_words),
        _duty("respond", "Every page is acknowledged within five minutes", late),
        _duty(
            "communicate", "Every open incident was updated within twenty minutes", tuple(silent)
        ),
        _duty("escalate", "Nothing waits above the first level", high),
        _duty("document", "Every incident has a report", _owing(unreported, now, since)),
    )


def _owing(
    unreported: Sequence[Incident], now: datetime, since: datetime | None
) -> tuple[SafeText, ...]:
    """Name the incidents that owe a report, the newest first, and say which are left over."""
    named = [unreported_words(i, now, since) for i in unreported[:OWING_NAMED]]
    more = len(unreported) - len(named)
    if more:
        named.append(clean(f"and {more} more: `opsdash incident list --unreported`"))
    return tuple(named)


def unreported_words(incident: Incident, now: datetime, since: datetime | None) -> SafeText:
    """Say which incident owes a report, for how long it is over, and whether it is left over."""
    ended = incident.resolved_at or now
    left = ", left over" if since is not None and ended < since else ""
    span = format_span(max(now - ended, timedelta()))
    return clean(f"{incident.id} {incident.title}, over for {span}{left}")


def _waiting(alert: Alert, now: datetime, paged_at: datetime | None) -> SafeText:
    """Say how long a page waits, and how much of its five minutes is left."""
    waited = now - max(alert.fired_at or now, paged_at or alert.fired_at or now)
    left = ACKNOWLEDGE_WITHIN - waited
    more = f", {format_span(left)} left" if left > timedelta() else ""
    return clean(f"{alert.name} for {format_span(waited)}{more}")


def _duty(id: str, text: str, missing: tuple[SafeText, ...]) -> Duty:
    return Duty(id, SafeText(text), not missing, missing)
