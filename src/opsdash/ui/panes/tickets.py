"""Support tickets from local state: priority, subject, customer, status and age."""

from collections import Counter

from opsdash.domain.ticket import Priority, Ticket
from opsdash.snapshot import Snapshot
from opsdash.ui.format import age
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.lines import EMPTY, Line, line
from opsdash.ui.moment import Moment
from opsdash.ui.widgets.columns import Column
from opsdash.ui.widgets.table import Row

_STYLES = {
    Priority.P1: "crit bold",
    Priority.P2: "warn bold",
    Priority.P3: "accent",
    Priority.P4: "muted",
}

TICKET_COLUMNS = (
    Column("number", "#", 6, keep=9),
    Column("priority", "P", 2, keep=9),
    Column("subject", "SUBJECT", 34, least=28, flex=4, keep=8),
    Column("customer", "CUSTOMER", 24, least=16, flex=1, most=36, keep=3),
    Column("category", "CATEGORY", 16, least=10, keep=1),
    Column("status", "STATUS", 8, keep=7),
    Column("response", "FIRST RESPONSE", 15, least=14, keep=4),
    Column("age", "AGE", 6, keep=6, align="right"),
)
"""The columns of the list; narrow screens drop those of the lowest `keep`."""


def ticket_row(ticket: Ticket, moment: Moment, glyphs: Glyphs) -> Row:
    """Return the row of a ticket, one cell a column."""
    style = "" if ticket.open else "muted"
    cells = (
        line((f"#{ticket.number}", style)),
        line((ticket.priority.value, _STYLES[ticket.priority] if ticket.open else "muted")),
        line((ticket.subject, style)),
        line((ticket.customer, "muted")),
        line((ticket.category or glyphs.dash, "muted")),
        line((ticket.status.value, style)),
        _response(ticket, moment, glyphs),
        line((moment.age(ticket.created_at), style)),
    )
    return Row(str(ticket.number), cells)


def _response(ticket: Ticket, moment: Moment, glyphs: Glyphs) -> Line:
    """How soon it was answered; what is still to be answered says how long it has waited."""
    if ticket.responded_at is not None:
        return line((f"{glyphs.ok} ", "ok"), age(ticket.responded_at - ticket.created_at))
    if not ticket.open:
        return line((glyphs.dash, "muted"))
    return line((f"waits {moment.age(ticket.created_at)}", "warn"))


def tickets_aside(snapshot: Snapshot, width: int, glyphs: Glyphs) -> Line:
    """Return what the border of the list says: how many are open, by priority."""
    counts = Counter(ticket.priority for ticket in snapshot.tickets if ticket.open)
    total = line((f"{counts.total()} open", "muted"))
    shown: Line = EMPTY
    for priority in Priority:
        if count := counts[priority]:
            gap = (f" {glyphs.dot} ", "muted") if shown else ("", "")
            shown = line(shown, gap, (f"{count} {priority.value}", _STYLES[priority]))
    return line(total, (": ", "muted"), shown) if shown and width >= 60 else total
