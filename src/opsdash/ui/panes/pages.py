"""All that is known of an incident or a ticket: the bodies of their detail screens."""

from opsdash.domain.incident import Incident
from opsdash.domain.ticket import Ticket
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.facts import field_lines, section, wrapped
from opsdash.ui.panes.timeline import entries_of, timeline_lines
from opsdash.ui.ports import Detail


def incident_page(
    incident: Incident,
    detail: Detail | None,
    width: int,
    moment: Moment,
    glyphs: Glyphs,
) -> list[Line]:
    """Return all that is known of an incident."""
    lines = [
        line((f"{incident.id} ", "accent bold"), (incident.title, "bold")),
        EMPTY,
        *field_lines("severity", incident.severity.value, width),
        *field_lines("state", f"{incident.state.value}, {incident.response.value}", width),
        *field_lines(
            "opened", f"{moment.date_clock(incident.opened_at)} by {incident.opened_by}", width
        ),
        *field_lines("impact since", moment.date_clock(incident.impact_at), width),
        *field_lines("alerts", str(len(incident.alerts)), width),
        *field_lines("report", report_words(incident, moment), width),
        *section("timeline"),
    ]
    entries = entries_of(incident, detail)
    return [*lines, *timeline_lines(entries, width, len(entries or ()) + 1, moment, glyphs)]


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
