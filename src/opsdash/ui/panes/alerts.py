"""Incidents and alerts in one list: what needs a person first, whose it is, and what happens next."""

import re

from opsdash.domain.alert import Alert, AlertState, Severity
from opsdash.domain.climb import owner
from opsdash.domain.escalation import EscalationPolicy
from opsdash.domain.incident import Incident
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, Span, cut, cut_words, line, text_of, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_columns import Rooms
from opsdash.ui.panes.alert_words import where, why
from opsdash.ui.panes.upcoming import nobody_cell, step_cell
from opsdash.ui.widgets.table import Row

_TIME = re.compile(r"\b\d+[dhms](?:\d\d[hms])?\b")

_BRIEF = 160
"""Characters of a text that a cell of the list can ever show."""

_SIGNS = {
    Severity.CRITICAL: ("crit", "CRIT", "crit bold"),
    Severity.WARNING: ("warn", "WARN", "warn bold"),
    Severity.INFO: ("dot", "INFO", "accent"),
}


def alert_row(
    alert: Alert, snapshot: Snapshot, given: Rooms, moment: Moment, glyphs: Glyphs
) -> Row:
    """Return the row of an alert, one cell a column of `alert_columns()`."""
    narrow = given.narrow
    quiet = not alert.open or alert.muted
    style = "muted" if quiet else ""
    name_style = "bold" if alert.needs_person else style
    dash = line((glyphs.dash, "muted"))
    cells = (
        state_cell(alert, given.brief, glyphs),
        line((_back(alert, glyphs), "warn bold"), (alert.name[:_BRIEF], name_style)),
        line((where(alert.labels, given.where)[:_BRIEF], style)),
        line((cut_words(why(alert)[:_BRIEF], given.why, glyphs.ellipsis), style)),
        line((_how_long(alert, moment), style)),
        owner_cell(alert, snapshot, narrow, moment, glyphs),
        level_cell(alert, snapshot) or dash,
        next_cell(alert, snapshot, narrow, moment, glyphs, given.next, given.brief) or dash,
        line((alert.incident or "", "accent")),
    )
    return Row(alert.id, cells)


def _back(alert: Alert, glyphs: Glyphs) -> str:
    """The mark of an alert that a silence had hidden, until somebody has it."""
    return f"{glyphs.back} " if alert.unsilenced_at and alert.needs_person else ""


def state_cell(alert: Alert, narrow: bool, glyphs: Glyphs) -> Line:
    """Return an alert's state by sign, word and colour; a tick is one that somebody has."""
    sign, word, style = _SIGNS[alert.severity]
    if not alert.open:
        return line((f"{glyphs.resolved} {'done' if narrow else 'resolved'}", "muted"))
    if alert.silenced_by:
        return line((f"{glyphs.silenced} {'mute' if narrow else 'silenced'}", "muted"))
    if alert.inhibited_by:
        return line((f"{glyphs.silenced} {'inh' if narrow else 'inhibited'}", "muted"))
    if alert.state is AlertState.PENDING:
        pending = line((f"{glyphs.pending} PEND", "accent"))
        return pending if narrow else line(pending, " ", _would_be(alert))
    if alert.acknowledgement is not None:
        return line((f"{glyphs.ok} ", "ok"), (word, style.removesuffix(" bold")))
    return line((f"{getattr(glyphs, sign)} {word}", style))


def _would_be(alert: Alert) -> Span:
    """How severe a pending alert would be, in small letters: it is not yet."""
    _, word, style = _SIGNS[alert.severity]
    return word.lower(), style.removesuffix(" bold")


def _how_long(alert: Alert, moment: Moment) -> str:
    if alert.resolved_at is not None:
        return moment.age(alert.resolved_at)
    return moment.age(alert.fired_at or alert.active_at)


def owner_cell(
    alert: Alert, snapshot: Snapshot, narrow: bool, moment: Moment, glyphs: Glyphs
) -> Line:
    """Return whose an alert is: `nobody` loudly where a person is needed, with their clock."""
    taken = alert.acknowledgement
    climb = snapshot.roster.climbs.get(alert.id)
    whose = owner(alert, climb)
    if taken is not None:
        ago = moment.short_age(taken.at)
        style = "ok" if alert.open else "muted"
        return line((whose, style), (f" {ago}" if narrow else f" {ago} ago", "muted"))
    if whose and alert.open:
        return line((f"{glyphs.arrow}{whose}", "warn bold"))
    if alert.needs_person:
        return nobody_cell(alert, snapshot, narrow, moment, glyphs)
    return line((glyphs.dash, "muted"))


def level_cell(alert: Alert, snapshot: Snapshot) -> Line:
    """Return the level that an alert has reached and who stands there; nothing at level 0."""
    if not alert.level:
        return EMPTY
    style = "muted" if not alert.open else ""
    policy = snapshot.roster.policy_of(alert, snapshot.setup)
    who = who_stands(alert.level, policy, snapshot)
    climb = snapshot.roster.climbs.get(alert.id)
    again = f" round {climb.round}" if climb is not None and climb.round > 1 else ""
    return line((f"{alert.level} ", "accent"), (who, style), (again, "warn"))


def who_stands(level: int, policy: EscalationPolicy, snapshot: Snapshot) -> str:
    """Return who is reached at a level: the person's name, else the name of the level."""
    found = policy.level(level)
    if found is None:
        return f"level {level}"
    people = {person.id: person.name for person in snapshot.setup.people}
    duty = {shift.schedule: shift.name for shift in snapshot.on_call}
    for target in found.notify:
        kind, _, name = target.partition(":")
        known = duty.get(name) if kind == "schedule" else people.get(name)
        if known:
            return known
    return found.name


def next_cell(
    alert: Alert,
    snapshot: Snapshot,
    narrow: bool,
    moment: Moment,
    glyphs: Glyphs,
    room: int = 0,
    brief: bool = False,
) -> Line:
    """Return what happens next to an alert, to whom, and when: in words that fit into `room` cells.

    `brief` says that the state beside it has no room for how severe a pending alert would be.
    The longest time is made room for, so that no word comes or goes while it is counted down.
    """
    drawn = _next(alert, snapshot, narrow, moment, glyphs, brief)
    if not room or _widest(drawn) <= room:
        return drawn
    what, *rest = drawn if narrow else _next(alert, snapshot, True, moment, glyphs, brief)
    if rest and (over := _widest((what, rest[0])) - room) > 0:
        # A long name gives way, never the time.
        what = (cut(what[0], width_of((what,)) - over, glyphs.ellipsis), what[1])
    return (what, *rest)


def _widest(drawn: Line) -> int:
    return width_of(((_TIME.sub("59m59s", text_of(drawn)), ""),))


def _next(
    alert: Alert, snapshot: Snapshot, narrow: bool, moment: Moment, glyphs: Glyphs, brief: bool
) -> Line:
    if alert.resolved_at is not None:
        start = moment.clock(alert.fired_at or alert.active_at)
        return line((f"{start}{glyphs.dash}{moment.clock(alert.resolved_at)}", "muted"))
    if alert.muted:
        return line((_mute(alert, snapshot, narrow, moment), "muted"))
    if alert.state is AlertState.PENDING:
        return _fires(alert, narrow, moment, brief)
    return step_cell(alert, snapshot, narrow, moment, glyphs)


def _mute(alert: Alert, snapshot: Snapshot, narrow: bool, moment: Moment) -> str:
    """Who hides an alert and until when; where that is not known, what does."""
    if not alert.silenced_by:
        return f"inhibited by {alert.inhibited_by[0][: 8 if narrow else 12]}"
    named = alert.silenced_by[0]
    known = [s for s in snapshot.silences if s.id in alert.silenced_by and s.until > moment.now]
    if not known:
        return f"silenced by {named[: 8 if narrow else 12]}"
    last = max(known, key=lambda silence: silence.until)
    by = last.author or last.id[:8]
    word = "by" if narrow else "silenced by"
    return f"{word} {by[:12]} {moment.left(last.until)}{' left' if not narrow else ''}"


def _fires(alert: Alert, narrow: bool, moment: Moment, brief: bool) -> Line:
    if alert.fires_at is None:
        return line(("fires unless it recovers", "muted"))
    if alert.fires_at <= moment.now:
        return line(("fires at the next evaluation", "warn"))
    left = f"fires in {moment.left(alert.fires_at)}"
    if brief:
        return line(left, ", ", _would_be(alert))
    if narrow:
        return line(left)
    return line(left, (" unless it recovers", "muted"))


def incident_row(incident: Incident, given: Rooms, moment: Moment, glyphs: Glyphs) -> Row:
    """Return the row of an incident that no open alert shows."""
    sign, word, style = _SIGNS[incident.severity]
    alerts = len(incident.alerts)
    cells = (
        line((f"{getattr(glyphs, sign)} {word}", style)),
        line((f"{incident.id} " if given.narrow else "", "accent bold"), (incident.title, "bold")),
        EMPTY,
        line(f"{alerts} alerts, all resolved" if alerts else "declared by hand"),
        line(moment.age(incident.opened_at)),
        line(incident.opened_by),
        line((glyphs.dash, "muted")),
        line(incident.response.value),
        line((incident.id, "accent")),
    )
    return Row(incident.id, cells)
