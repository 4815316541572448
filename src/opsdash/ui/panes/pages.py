"""All that is known of an incident or a ticket: the bodies of their detail screens."""

from collections.abc import Sequence
from dataclasses import replace

from opsdash.domain.alert import Alert
from opsdash.domain.incident import Incident
from opsdash.domain.text import SafeText
from opsdash.domain.ticket import Ticket
from opsdash.domain.timeline import Entry, EntryKind
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, line, spaced
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alerts import next_cell, owner_cell, state_cell
from opsdash.ui.panes.facts import field_lines, section, wrapped
from opsdash.ui.panes.timeline import entries_of, timeline_lines
from opsdash.ui.ports import Detail
from opsdash.ui.widgets.columns import Column, fit_columns
from opsdash.ui.widgets.spans import fit_line

_OF_ONE = {
    *(EntryKind.FIRING, EntryKind.RESOLVED, EntryKind.ACKNOWLEDGE, EntryKind.UNACKNOWLEDGE),
    *(EntryKind.ESCALATE, EntryKind.DEESCALATE, EntryKind.EXHAUSTED, EntryKind.REASSIGN),
    *(EntryKind.SNOOZE, EntryKind.UNSNOOZE, EntryKind.SILENCED, EntryKind.UNSILENCED),
}
"""Kinds of entry that are about one alert, not about the incident."""


def incident_page(
    incident: Incident,
    detail: Detail | None,
    snapshot: Snapshot,
    width: int,
    moment: Moment,
    glyphs: Glyphs,
) -> list[Line]:
    """Return all that is known of an incident: what it is made of and whose that is come first."""
    alerts = [one for one in snapshot.alerts if one.id in incident.alerts]
    lines = [
        line((f"{incident.id} ", "accent bold"), (incident.title, "bold")),
        EMPTY,
        *field_lines("severity", incident.severity.value, width),
        *field_lines("state", f"{incident.state.value}, {incident.response.value}", width),
        *field_lines(
            "opened", f"{moment.date_clock(incident.opened_at)} by {incident.opened_by}", width
        ),
        *field_lines("impact since", moment.date_clock(incident.impact_at), width),
        *field_lines("report", report_words(incident, moment), width),
        *section("alerts"),
        *_alert_lines(incident, alerts, snapshot, width, moment, glyphs),
        *section("timeline"),
    ]
    entries = _named(entries_of(incident, detail), alerts)
    return [*lines, *timeline_lines(entries, width, len(entries or ()) + 1, moment, glyphs)]


def _alert_lines(
    incident: Incident,
    alerts: Sequence[Alert],
    snapshot: Snapshot,
    width: int,
    moment: Moment,
    glyphs: Glyphs,
) -> list[Line]:
    """The incident's alerts, a line each: state, name, since when, whose, and what comes next."""
    if not incident.alerts:
        return [line(("none: it was declared by hand", "muted"))]
    columns = (
        Column("state", "", 11),
        Column("alert", "", 28, least=16),
        Column("for", "", 6, align="right"),
        Column("owner", "", 15),
        Column("next", "", 20, flex=1, most=44, keep=-1),
    )
    places = fit_columns(columns, width, 2)
    lines = []
    for alert in alerts:
        cells = (
            state_cell(alert, False, glyphs),
            line((alert.name, "bold" if alert.needs_person else "")),
            line(moment.age(alert.resolved_at or alert.fired_at or alert.active_at)),
            owner_cell(alert, snapshot, False, moment, glyphs),
            next_cell(alert, snapshot, False, moment, glyphs, places[-1].width),
        )
        fitted = [
            fit_line(cells[p.index], p.width, columns[p.index].align, glyphs.ellipsis)
            for p in places
        ]
        lines.append(spaced(fitted))
    gone = len(incident.alerts) - len(alerts)
    return [*lines, *([line((f"{gone} that resolved over an hour ago", "muted"))] if gone else [])]


def _named(entries: Sequence[Entry] | None, alerts: Sequence[Alert]) -> Sequence[Entry] | None:
    """The timeline with its alert's name where an entry is of one among several and does not say which."""
    names = {one.id: one.name for one in alerts}
    if entries is None or len(names) < 2:
        return entries
    return [
        replace(entry, text=SafeText(f"{names[entry.alert]}: {entry.text}"))
        if entry.kind in _OF_ONE and entry.alert in names and names[entry.alert] not in entry.text
        else entry
        for entry in entries
    ]


def report_words(incident: Incident, moment: Moment) -> str:
    """Say who wrote an incident's report, when and where it is, or that none is written."""
    if incident.reported is None:
        if incident.open:
            return "due when it is over"
        return "not written" if incident.owes_report else "none: it was closed without one"
    said = incident.reported
    where = ", ".join(filter(None, (said.url, said.note)))
    stale = "; it was open again since" if incident.open or incident.owes_report else ""
    return f"written, says {said.by} {moment.date_clock(said.at)}: {where}{stale}"


def ticket_page(ticket: Ticket, width: int, moment: Moment, glyphs: Glyphs) -> list[Line]:
    """Return all that is known of a ticket."""
    reason = f" ({ticket.priority_reason})" if ticket.priority_reason else ""
    lines = [
        line((f"#{ticket.number} ", "accent bold"), (ticket.subject, "bold")),
        EMPTY,
        *field_lines("customer", ticket.customer, width),
        *field_lines("priority", f"{ticket.priority.value}{reason}", width),
        *field_lines("status", ticket.status.value, width),
        *field_lines("category", ticket.category or glyphs.dash, width),
        *field_lines("created", moment.date_clock(ticket.created_at), width),
    ]
    for name, text, at in (
        ("description", ticket.description, None),
        ("response", ticket.response, ticket.responded_at),
        ("resolution", ticket.resolution, ticket.resolved_at),
        ("confirmation", ticket.confirmation, None),
    ):
        if text or at:
            lines += section(f"{name}{f' {moment.date_clock(at)}' if at else ''}")
            lines += [line(piece) for piece in wrapped(text, width)]
    return lines
