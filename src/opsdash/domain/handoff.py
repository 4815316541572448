"""The digest of a shift for whoever takes over: what is open, what ends soon, what flaps, what it cost."""

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from opsdash.domain.alert import Alert
from opsdash.domain.burden import Burden
from opsdash.domain.climb import Climb, owner
from opsdash.domain.duty import OWING_NAMED, unreported_words
from opsdash.domain.failures import BatchState, FailureBatch, failures
from opsdash.domain.frozen import dataclass
from opsdash.domain.incident import Incident
from opsdash.domain.maintenance import Maintenance
from opsdash.domain.reach import person_name
from opsdash.domain.schedule import Shift, on_call
from opsdash.domain.setup import Setup
from opsdash.domain.shift_change import ShiftChange
from opsdash.domain.silence import Silence
from opsdash.domain.span import format_span
from opsdash.domain.text import SafeText, clean

ENDS_SOON = timedelta(hours=12)
"""How long before its end a silence is named to whoever takes over."""


@dataclass(frozen=True, slots=True)
class Handoff:
    """What the one who goes tells the one who comes. `paged` are the figures of the shift so far.

    `unreported` are all incidents that owe a report, also those left over from before `since`;
    `failures` the batches that nobody has investigated yet, each with the title of its figure.
    """

    schedule: str
    timezone: str
    at: datetime
    shift: Shift | None
    name: SafeText
    next_name: SafeText
    next_at: datetime | None
    incidents: tuple[Incident, ...] = ()
    alerts: tuple[tuple[Alert, SafeText], ...] = ()
    silences: tuple[Silence, ...] = ()
    flapping: tuple[tuple[SafeText, int], ...] = ()
    maintenance: tuple[Maintenance, ...] = ()
    gaps: SafeText = SafeText("")
    paged: Burden | None = None
    unreported: tuple[Incident, ...] = ()
    since: datetime | None = None
    failures: tuple[tuple[SafeText, FailureBatch], ...] = ()

    @property
    def summary(self) -> SafeText:
        """The digest in one line, for receivers that show no more."""
        return clean(
            f"{_count(len(self.incidents), 'open incident')},"
            f" {_count(len(self.alerts), 'firing alert')},"
            f" {_count(len(self.silences), 'silence')} about to end"
        )


def _count(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"


def ending_soon(silences: tuple[Silence, ...], now: datetime) -> tuple[Silence, ...]:
    """Return the silences that end within twelve hours, the next one first."""
    soon = (s for s in silences if now < s.until <= now + ENDS_SOON)
    return tuple(sorted(soon, key=lambda silence: silence.until))


def to_look_into(
    batches: Iterable[FailureBatch], setup: Setup
) -> tuple[tuple[SafeText, FailureBatch], ...]:
    """Return the batches that nobody has investigated, of figures that are watched, oldest first."""
    titles = {i.id: i.title for i in setup.indicators if i.investigate}
    found = (b for b in batches if b.state is not BatchState.INVESTIGATED and b.indicator in titles)
    return tuple((titles[b.indicator], b) for b in sorted(found, key=lambda b: b.number))


def owned(
    alerts: tuple[Alert, ...], climbs: dict[str, Climb]
) -> tuple[tuple[Alert, SafeText], ...]:
    """Return the firing alerts, each with whose it is."""
    return tuple((alert, owner(alert, climbs.get(alert.id))) for alert in alerts)


def changed_words(setup: Setup, change: ShiftChange, person: str = "") -> SafeText:
    """Say a change of shift to one of those whom it concerns, or without a person to everybody."""
    names = ", ".join(person_name(setup, one) for one in change.after)
    gone = ", ".join(person_name(setup, one) for one in change.outgoing)
    if not person:
        if not names:
            return clean(f"NOBODY is on call on {change.schedule} after {gone}")
        came = ", ".join(person_name(setup, one) for one in change.incoming)
        after = f" after {gone}" if gone else ""
        return clean(f"{came or names} on call on {change.schedule} now{after}")
    if person in change.outgoing:
        then = f"{names} is on call" if names else "NOBODY is on call"
        return clean(f"Your shift on {change.schedule} is over: {then} now")
    schedule = next((s for s in setup.schedules if s.id == change.schedule), None)
    ends = [s.end for s in on_call(schedule, change.at) if s.person == person] if schedule else []
    until = ""
    if schedule is not None and ends:
        local = max(ends).astimezone(ZoneInfo(schedule.timezone))
        until = f", until {local:%a %d %b %H:%M} {schedule.timezone}"
    return clean(f"You are on call on {change.schedule} now{until}")


def handoff_lines(handoff: Handoff) -> tuple[SafeText, ...]:
    """Return the digest as lines of plain text, to be copied anywhere."""
    return tuple(clean(line) if line else SafeText("") for line in _lines(handoff))


def _lines(one: Handoff) -> Iterator[str]:
    zone = ZoneInfo(one.timezone)

    def clock(at: datetime) -> str:
        return f"{at.astimezone(zone):%a %d %b %H:%M}"

    yield f"Handoff {one.schedule}, {clock(one.at)} {one.timezone}"
    until = f", until {clock(one.shift.end)}" if one.shift else ""
    yield f"On call: {one.name or 'NOBODY'}{until}"
    if one.next_name and one.next_at is not None:
        yield f"Then: {one.next_name}, from {clock(one.next_at)}"
    yield ""
    yield f"Open incidents: {len(one.incidents) or 'none'}"
    for incident in one.incidents:
        age = format_span(one.at - incident.opened_at)
        yield f"- {incident.id} {incident.severity} {incident.response}, {age}: {incident.title}"
    yield f"Incidents without a report: {len(one.unreported) or 'none'}"
    for incident in one.unreported[:OWING_NAMED]:
        yield f"- {unreported_words(incident, one.at, one.since)}"
    if len(one.unreported) > OWING_NAMED:
        yield f"- and {len(one.unreported) - OWING_NAMED} more"
    yield f"Failures to look into: {len(one.failures) or 'none'}"
    for title, batch in one.failures:
        who = f"{batch.state} ({batch.by})" if batch.by else str(batch.state)
        yield f"- {batch.id} {title}: {failures(batch.count)} since {clock(batch.opened_at)}, {who}"
    yield f"Firing alerts: {len(one.alerts) or 'none'}"
    for alert, whose in one.alerts:
        age = format_span(one.at - (alert.fired_at or alert.active_at))
        yield f"- {alert.name} {alert.severity}, {age}, {whose or 'nobody has it'}"
    yield f"Silences that end soon: {len(one.silences) or 'none'}"
    for silence in one.silences:
        left = format_span(silence.until - one.at)
        yield f"- in {left}: {silence.text} ({silence.author}: {silence.comment})"
    yield f"Flapping: {len(one.flapping) or 'none'}"
    for name, count in one.flapping:
        yield f"- {name}: fired {count} times"
    if one.maintenance:
        yield f"Maintenance: {len(one.maintenance)}"
    for window in one.maintenance:
        what = window.service or ", ".join(window.matching) or "everything"
        yield f"- {what} until {clock(window.until)}: {window.reason} ({window.by})"
    if one.gaps:
        yield f"Gaps: {one.gaps}"
    yield from _cost(one.paged)


def _cost(paged: Burden | None) -> Iterator[str]:
    if paged is None:
        return
    yield f"Pages: {paged.pages} for {paged.occurrences} alerts, {paged.out_of_hours} out of hours"
    yield f"Sleep: {paged.at_night} pages in the night"
    if paged.median is not None and paged.p90 is not None:
        median, p90 = format_span(paged.median), format_span(paged.p90)
        yield f"Acknowledged: {paged.acknowledged}, median {median}, 90% within {p90}"
