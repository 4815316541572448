"""The two lists of the dashboard: their tables, filled and narrowed as the person asked."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from opsdash.domain.alert import Alert
from opsdash.domain.climb import owner
from opsdash.domain.ticket import Ticket
from opsdash.snapshot import Snapshot
from opsdash.ui.chosen import own_names
from opsdash.ui.layout import LIST_PANE, TICKET_PANE, Form, Layout
from opsdash.ui.lines import Line, line, plain
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_columns import alert_columns, rooms
from opsdash.ui.panes.alerts import alert_row, incident_row
from opsdash.ui.panes.list_state import empty_words
from opsdash.ui.panes.tickets import TICKET_COLUMNS, ticket_row
from opsdash.ui.screens.listing import Listing
from opsdash.ui.screens.parts import Parts
from opsdash.ui.widgets.roster import Roster
from opsdash.ui.widgets.table import Row

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp


class Lists:
    """The table of alerts and incidents, and that of tickets, with what narrows them.

    `filter` is what was typed, in lower case; with `mine` only the person's own alerts are listed.
    """

    def __init__(self, app: "OpsdashApp", parts: Parts) -> None:
        self.alerts = Roster(id="alerts")
        self.tickets = Roster(TICKET_COLUMNS, id="tickets")
        self.filter = ""
        self.mine = False
        self._app = app
        self._parts = parts
        self._listing = Listing()

    @property
    def length(self) -> int:
        """How many alerts and incidents there are, those that are filtered away included."""
        return len(self._listing.ids)

    @property
    def alert(self) -> Alert | None:
        """The alert under the cursor."""
        return self.alert_of(self.alerts.cursor_key or "")

    @property
    def ticket(self) -> Ticket | None:
        """The ticket under the cursor."""
        return self._listing.tickets.get(self.tickets.cursor_key or "")

    def alert_of(self, id: str) -> Alert | None:
        """Return the alert `id` as it is drawn."""
        return self._listing.alerts.get(id)

    def table(self, pane: int) -> Roster:
        """Return the table of a list's pane."""
        return self.alerts if pane == LIST_PANE else self.tickets

    @property
    def narrowing(self) -> str:
        """What narrows the lists, as the footer says it; empty where nothing does."""
        return " ".join(filter(None, ("mine" if self.mine else "", self.filter)))

    def clear_marks(self) -> bool:
        """Unmark every row of both lists; return whether one was marked."""
        marked = bool(self.alerts.marks or self.tickets.marks)
        if marked:
            self.alerts.clear_marks()
            self.tickets.clear_marks()
        return marked

    def widen(self) -> bool:
        """List everything again; return whether anything had been left out."""
        narrowed = bool(self.narrowing)
        self.filter, self.mine = "", False
        return narrowed

    def hold(self, snapshot: Snapshot) -> None:
        """Hold what `snapshot` lists, to be drawn."""
        self._listing.hold(snapshot)

    def draw_sides(self, layout: Layout, pane: int) -> None:
        """Draw the borders beside the lists, that of the pane in use in its own colour."""
        framed = layout.form is Form.FULL
        for number in (LIST_PANE, TICKET_PANE):
            colour = self._app.palette.side(pane == number)
            self.table(number).draw_sides(framed, colour, self._app.ascii_only)

    def draw(self, snapshot: Snapshot, layout: Layout, pane: int, moment: Moment) -> None:
        """Fill the tables that the layout shows; the filter is for the list of the pane in use."""
        words = self.filter.split()
        if layout.alerts:
            self._draw_alerts(snapshot, [] if pane == TICKET_PANE else words, moment)
        if layout.tickets:
            numbers = self._listing.narrowed_tickets(words if pane == TICKET_PANE else [])
            self.tickets.set_empty(self._paper(line(("no tickets", "muted"))))
            self.tickets.set_keys(TICKET_COLUMNS, numbers, lambda id: self._ticket_row(id, moment))

    def _draw_alerts(self, snapshot: Snapshot, words: Sequence[str], moment: Moment) -> None:
        width = self._app.size.width
        ids = self._listing.narrowed(words)
        if self.mine:
            ids = self._own(ids, snapshot)
        said = empty_words(snapshot, moment, self._app.glyphs)
        if self._listing.ids and not ids:
            said = line(("no alert matches the filter", "muted"))
            if self.mine:
                said = line(("nothing here is yours", "muted"))
        self.alerts.set_empty(self._paper(said))
        self.alerts.set_keys(
            alert_columns(width), ids, lambda id: self._alert_row(id, snapshot, width, moment)
        )

    def _own(self, ids: Sequence[str], snapshot: Snapshot) -> list[str]:
        """Return those of the ids whose alert belongs to the person at this terminal."""
        called, climbs = own_names(self._app), snapshot.roster.climbs
        alerts = ((id, self.alert_of(id)) for id in ids)
        return [
            id
            for id, alert in alerts
            if alert is not None and owner(alert, climbs.get(id)).casefold() in called
        ]

    def _alert_row(self, id: str, snapshot: Snapshot, width: int, moment: Moment) -> Row:
        given, glyphs = rooms(width), self._app.glyphs
        alert = self.alert_of(id)
        incident = self._listing.incidents.get(id)

        def drawn(own: Moment) -> Row:
            if alert is not None:
                return self._plain_row(alert_row(alert, snapshot, given, own, glyphs))
            if incident is not None:
                return self._plain_row(incident_row(incident, given, own, glyphs))
            return Row(id, ())

        climb = snapshot.roster.climbs.get(id)
        windows = snapshot.roster.maintenance
        inputs = (alert, incident, climb, windows, given, snapshot.on_call, snapshot.setup)
        return self._parts.part(f"row {id}", inputs, moment, drawn)

    def _ticket_row(self, id: str, moment: Moment) -> Row:
        ticket = self._listing.tickets[id]
        return self._parts.part(
            f"ticket {id}",
            (ticket,),
            moment,
            lambda own: self._plain_row(ticket_row(ticket, own, self._app.glyphs)),
        )

    def _plain_row(self, row: Row) -> Row:
        if not self._app.ascii_only:
            return row
        return row._replace(cells=tuple(plain(cell) for cell in row.cells))

    def _paper(self, drawn: Line) -> Line:
        return plain(drawn) if self._app.ascii_only else drawn
