"""The one screen that is open all day: five panes drawn from a snapshot, and a cursor in each."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Size
from textual.screen import Screen

from opsdash.domain.alert import Alert
from opsdash.domain.climb import owner
from opsdash.domain.indicator import Reading
from opsdash.domain.ticket import Ticket
from opsdash.snapshot import Snapshot
from opsdash.ui.chosen import own_names
from opsdash.ui.keys import first_key
from opsdash.ui.layout import LIST_PANE, TICKET_PANE, Content, Form, Layout, arrange, problem_room
from opsdash.ui.lines import EMPTY, Line, line, plain
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alert_columns import alert_columns, rooms
from opsdash.ui.panes.alerts import alert_row, empty_words, incident_row
from opsdash.ui.panes.header import tiny
from opsdash.ui.panes.tickets import TICKET_COLUMNS, ticket_row
from opsdash.ui.screens.listing import Listing
from opsdash.ui.screens.parts import Parts, View
from opsdash.ui.widgets.entry import EntryLine
from opsdash.ui.widgets.lines import Lines
from opsdash.ui.widgets.roster import Roster
from opsdash.ui.widgets.table import LineTable, Row

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp


AROUND_WITHIN = 0.05
"""Seconds after which the parts around the list follow the cursor without the row's detail."""


class Tiles(Lines, can_focus=True):
    """The upper lines, which have the keys while a metric pane is the one in use."""


class Dashboard(Screen[None], inherit_css=False):
    """Draws what the app holds; keeps only what is the person's own: pane, cursors, filter, zoom."""

    BINDINGS: ClassVar[list[BindingType]] = []
    AUTO_FOCUS = ""

    app: "OpsdashApp"

    def __init__(self) -> None:
        super().__init__()
        self.pane = LIST_PANE
        self.zoomed = False
        self.filter = ""
        self.mine = False
        self.layout_now = Layout(Form.TINY)
        self._applied: tuple[Layout, Size, bool] | None = None
        self.moment: Moment | None = None
        self._ready = False
        self._size_drawn: Size | None = None
        self._tile_at: dict[str, str] = {}
        self._listing = Listing()
        self._behind = False

    def compose(self) -> ComposeResult:
        """Put up the parts; which of them are seen is the layout's affair."""
        self.upper = Tiles(id="upper")
        self.alerts = Roster(id="alerts")
        self.middle = Lines(id="middle")
        self.tickets = Roster(TICKET_COLUMNS, id="tickets")
        self.lower = Lines(id="lower")
        self.entry = EntryLine(self, id="entry")
        yield from (self.upper, self.alerts, self.middle, self.tickets, self.lower, self.entry)

    def on_mount(self) -> None:
        """Draw the first frame from whatever is known already."""
        self.entry.display = False
        self._parts = Parts(self.app.glyphs, self.app.keys, self.app.zone)
        self.app.dress(self)
        self._ready = True
        self.draw()
        self._focus_pane()

    def take(self, event: events.Key | events.Paste) -> None:
        """Type what is typed into the filter; else do what the registry has for the key."""
        if self.entry.display:
            self.entry.take(event)
        elif isinstance(event, events.Paste):
            return
        elif event.key == "ctrl+c":
            self.app.say(f"press {first_key('quit', self.app.keys)} to quit")
        else:
            # A key is about the rows that were drawn when it was pressed.
            self.alerts.on_key(event)
            self.tickets.on_key(event)
            if action := self.app.action_of(event):
                self.app.do(action)

    def on_resize(self, event: events.Resize) -> None:
        """Divide the new size anew."""
        if self.app.size != self._size_drawn:
            self.draw()

    def on_screen_resume(self) -> None:
        """Ask again for what belongs to the row: the sheet that lay on top was about something else."""
        if self.app.begun:
            self.app.look_at(self.alerts.cursor_key)

    @property
    def list_id(self) -> str | None:
        """The id of the alert or incident drawn under the cursor when the last key was pressed."""
        return self.alerts.key_drawn()

    @property
    def alert(self) -> Alert | None:
        """The alert under the cursor."""
        return self._listing.alerts.get(self.alerts.cursor_key or "")

    @property
    def ticket(self) -> Ticket | None:
        """The ticket under the cursor."""
        return self._listing.tickets.get(self.tickets.cursor_key or "")

    @property
    def reading(self) -> Reading | None:
        """The tile under the cursor of the metric pane in use."""
        readings = self._readings()
        wanted = self._tile_at.get(self._pane_id())
        found = (r for r in readings if r.indicator.id == wanted)
        return next(found, readings[0] if readings else None)

    def alert_of(self, id: str) -> Alert | None:
        """Return the alert `id` as it is drawn."""
        return self._listing.alerts.get(id)

    def tile_of(self, id: str) -> Reading | None:
        """Return the tile of the indicator `id`; an alert's id has a stroke in it, and names none."""
        panes = self.app.snapshot.panes if self.app.snapshot and "/" not in id else ()
        return next((r for pane in panes for r in pane.readings if r.indicator.id == id), None)

    def _readings(self) -> Sequence[Reading]:
        panes = self.app.snapshot.panes if self.app.snapshot else ()
        return panes[self.pane - 1].readings if self.pane <= len(panes) else ()

    def _pane_id(self) -> str:
        panes = self.app.snapshot.panes if self.app.snapshot else ()
        return panes[self.pane - 1].id if self.pane <= len(panes) else ""

    def chosen(self) -> tuple[str, ...]:
        """Return the ids an act is about: the marked rows, else the row drawn when the key was
        pressed, or the tile under the cursor; none in the list of tickets.
        """
        if self.pane < LIST_PANE:
            return (self.reading.indicator.id,) if self.reading else ()
        return self.alerts.keys_chosen() if self.pane == LIST_PANE else ()

    def mark(self) -> None:
        """Mark or unmark the row under the cursor."""
        if self.pane == LIST_PANE:
            self.alerts.action_mark()

    def forget_marks(self, ids: Sequence[str]) -> None:
        """Unmark everything once an act was done to any of the marked rows."""
        if self.alerts.marks & set(ids):
            self.alerts.clear_marks()

    def zoom(self) -> None:
        """Give the pane in use the whole screen, or share it again."""
        self.zoomed = not self.zoomed
        self.draw()

    def show_pane(self, number: int) -> None:
        """Give the keys to pane `number`; one that is not there leaves all as it is."""
        panes = len(self.app.snapshot.panes) if self.app.snapshot else 0
        if number < LIST_PANE and number > panes:
            return
        self.pane = number
        self._focus_pane()
        self.draw()

    def turn_pane(self, by: int) -> None:
        """Give the keys to the next pane, or the one before."""
        panes = len(self.app.snapshot.panes) if self.app.snapshot else 0
        order = [*range(1, min(panes, 3) + 1), LIST_PANE, TICKET_PANE]
        at = order.index(self.pane) if self.pane in order else 0
        self.show_pane(order[(at + by) % len(order)])

    def move(self, by: int) -> None:
        """Move the cursor of the pane in use by so many rows."""
        if self.pane >= LIST_PANE:
            self._table().action_move(by)
            return
        self._move_tile(lambda at, count: min(max(at + by, 0), count - 1))

    def move_to(self, index: int) -> None:
        """Move the cursor of the pane in use to a row; -1 is the last."""
        if self.pane >= LIST_PANE:
            self._table().action_move_to(index)
            return
        self._move_tile(lambda _at, count: index % count)

    def turn_page(self, by: int) -> None:
        """Move the cursor of a list by so many pages; among tiles, which are one page, to an end."""
        if self.pane >= LIST_PANE:
            self._table().action_page(by)
        else:
            self.move_to(-1 if by > 0 else 0)

    def _move_tile(self, where: Callable[[int, int], int]) -> None:
        readings = self._readings()
        if readings:
            ids = [r.indicator.id for r in readings]
            here = self.reading
            at = ids.index(here.indicator.id) if here else 0
            self._tile_at[self._pane_id()] = ids[where(at, len(ids))]
            self.draw()

    def _table(self) -> Roster:
        return self.alerts if self.pane == LIST_PANE else self.tickets

    def _focus_pane(self) -> None:
        if self.pane == LIST_PANE:
            self.alerts.focus(scroll_visible=False)
        elif self.pane == TICKET_PANE:
            self.tickets.focus(scroll_visible=False)
        else:
            self.upper.focus(scroll_visible=False)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Follow a click into another pane."""
        clicked = {self.alerts: LIST_PANE, self.tickets: TICKET_PANE}
        pane = next((n for table, n in clicked.items() if table is event.widget), self.pane)
        if pane != self.pane:
            self.pane = pane
            self.draw()

    def on_line_table_row_highlighted(self, event: LineTable.RowHighlighted) -> None:
        """Draw what is known of the row to which the cursor moved."""
        here = self.alerts.cursor_key
        # Reading what belongs to the row would take turns with painting it.
        self.call_after_refresh(self.app.look_at, here)
        if here is None or here in self.app.details or not self.app.begun:
            self.draw_around()
        elif not self._behind:
            # The row is painted first; what belongs to it is drawn once, when it has been read.
            self._behind = True
            asyncio.get_running_loop().call_later(AROUND_WITHIN, self._catch_up)

    def _catch_up(self) -> None:
        """Draw what is known of the row, where its detail was not to be had in time."""
        if self._behind and self.is_running:
            self.draw_around()

    def on_line_table_row_selected(self, event: LineTable.RowSelected) -> None:
        """Open the row that was clicked twice."""
        self.app.open_detail()

    def on_line_table_marks_changed(self, event: LineTable.MarksChanged) -> None:
        """Say in the last line how many are marked."""
        self.draw_around()

    def ask_filter(self) -> None:
        """Let the person type a filter into the last line."""
        if self.pane != TICKET_PANE:
            self.show_pane(LIST_PANE)
        self.entry.show("filter: ", self.filter)
        self.entry.display = True
        self.draw()

    def typed(self, text: str) -> None:
        """Narrow the list with every key."""
        self.filter = text.strip().lower()
        table = self._table()
        here = table.cursor_key
        self.draw()
        if table.cursor_key != here:
            # The person narrowed the list: the first match is theirs, not a row pushed there.
            table.action_move_to(0)

    def submitted(self, text: str) -> None:
        """Keep the filter and give the keys back to the list."""
        self._end_filter()

    def cancelled(self) -> None:
        """Drop the filter."""
        self.filter = ""
        self._end_filter()

    def moved(self, rows: int) -> None:
        """Move in the list while typing."""
        self.move(rows)

    def toggle_mine(self) -> None:
        """Show only the alerts that are the person's own, or all again."""
        self.mine = not self.mine
        if self.mine:
            self.show_pane(LIST_PANE)
        self.draw()

    def _own(self, ids: Sequence[str], snapshot: Snapshot) -> list[str]:
        """Return those of the ids whose alert belongs to the person at this terminal."""
        called, climbs = own_names(self.app), snapshot.roster.climbs
        alerts = ((id, self._listing.alerts.get(id)) for id in ids)
        return [
            id
            for id, alert in alerts
            if alert is not None and owner(alert, climbs.get(id)).casefold() in called
        ]

    def _end_filter(self) -> None:
        self.entry.display = False
        self._focus_pane()
        self.draw()

    def go_back(self) -> None:
        """Clear the nearest thing: the marks, else the filter, else the zoom."""
        if self.alerts.marks or self.tickets.marks:
            self.alerts.clear_marks()
            self.tickets.clear_marks()
        elif self.filter or self.mine:
            self.filter, self.mine = "", False
        elif self.zoomed:
            self.zoomed = False
        self.draw()

    def view(self) -> View:
        """Return what the person has done to the screen."""
        here = self.reading
        return View(
            self.app.size.width,
            self.pane,
            here.indicator.id if here else None,
            " ".join(filter(None, ("mine" if self.mine else "", self.filter))),
            len(self._table().marks) if self.pane >= LIST_PANE else 0,
            self.app.paused,
            self.app.message,
        )

    def draw(self) -> None:
        """Draw everything for this moment; lines that stay the same cost nothing."""
        snapshot, size = self.app.snapshot, self.app.size
        if not self._ready or not size.width or not size.height:
            return
        self._size_drawn = size
        self.moment = moment = self.app.moment()
        if snapshot is None:
            self._draw_waiting()
            return
        self._listing.hold(snapshot)
        troubles = self.app.trouble_lines(size.width)
        room = max(problem_room(*size) - len(troubles), 1)
        problems = [*troubles, *self._parts.problems(snapshot, size.width, room, moment)]
        self._apply(
            arrange(
                size.width,
                size.height,
                Content(
                    problems=len(problems),
                    panes=min(len(snapshot.panes), 3),
                    tiles=max((len(p.readings) for p in snapshot.panes), default=0),
                    alerts=len(self._listing.ids),
                    tickets=len(snapshot.tickets),
                ),
                self.pane,
                self.zoomed,
            )
        )
        self.draw_sides()
        if self.layout_now.form is Form.TINY:
            drawn = tiny(snapshot, size.width, moment, self.app.glyphs)
            self._put(self.upper, [EMPTY] * ((size.height - 1) // 2) + [drawn])
            return
        view = self.view()
        self._put(self.upper, self._parts.upper(snapshot, self.layout_now, view, problems, moment))
        self._draw_lists(snapshot, moment)
        self.draw_around()

    def _draw_waiting(self) -> None:
        self._apply(Layout(Form.TINY))
        words = self.app.trouble_lines(self.app.size.width)
        self._put(self.upper, words or [line((" opsdash: reading the store", "muted"))])

    def _apply(self, layout: Layout) -> None:
        """Give each part its lines, if that changed since the last drawing."""
        key = (layout, self.app.size, self.entry.display)
        if key == self._applied:
            return
        self._applied = key
        self.layout_now = layout
        full = layout.form is Form.FULL
        middle = layout.detail + 1 + bool(layout.tickets) if full and layout.alerts else 0
        typed = int(self.entry.display)
        lower = 0
        if layout.form is not Form.TINY:
            lower = (1 if full and layout.tickets else 0) + 1 - typed
        below = layout.alerts + middle + layout.tickets + lower + typed
        for widget, lines in (
            (self.upper, self.app.size.height - below),
            (self.alerts, layout.alerts),
            (self.middle, middle),
            (self.tickets, layout.tickets),
            (self.lower, lower),
        ):
            widget.styles.height = lines
            widget.display = lines > 0
        self.alerts.headed = layout.alerts >= 5
        self.tickets.headed = layout.tickets >= 4

    def draw_sides(self) -> None:
        """Draw the borders beside the lists, that of the pane in use in its own colour."""
        framed = self.layout_now.form is Form.FULL
        for roster, number in ((self.alerts, LIST_PANE), (self.tickets, TICKET_PANE)):
            colour = self.app.side_colour(self.pane == number)
            roster.draw_sides(framed, colour, self.app.ascii_only)

    def _draw_lists(self, snapshot: Snapshot, moment: Moment) -> None:
        width, words = self.app.size.width, self.filter.split()
        in_tickets = self.pane == TICKET_PANE
        if self.layout_now.alerts:
            ids = self._listing.narrowed([] if in_tickets else words)
            if self.mine:
                ids = self._own(ids, snapshot)
            said = empty_words(snapshot, moment, self.app.glyphs)
            if self._listing.ids and not ids:
                said = line(("no alert matches the filter", "muted"))
                if self.mine:
                    said = line(("nothing here is yours", "muted"))
            self.alerts.set_empty(self._paper(said))
            self.alerts.set_keys(
                alert_columns(width), ids, lambda id: self._row(id, snapshot, width, moment)
            )
        if self.layout_now.tickets:
            numbers = self._listing.narrowed_tickets(words if in_tickets else [])
            self.tickets.set_empty(self._paper(line(("no tickets", "muted"))))
            self.tickets.set_keys(TICKET_COLUMNS, numbers, lambda id: self._ticket_row(id, moment))

    def _row(self, id: str, snapshot: Snapshot, width: int, moment: Moment) -> Row:
        given, glyphs = rooms(width), self.app.glyphs
        alert = self._listing.alerts.get(id)
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
            lambda own: self._plain_row(ticket_row(ticket, own, self.app.glyphs)),
        )

    def draw_around(self) -> None:
        """Draw what depends on the cursor: the detail beneath the list, and the last line."""
        self._behind = False
        snapshot, moment = self.app.snapshot, self.moment
        layout = self.layout_now
        if snapshot is None or moment is None or layout.form is Form.TINY:
            return
        view, alert = self.view(), self.alert
        if layout.form is Form.FULL:
            # The first frame does not wait for the detail: its words are a moment behind anyway.
            shown = alert if self.app.begun else None
            detail = self.app.details.get(shown.id) if shown else None
            lines = self._parts.middle(snapshot, layout, view, shown, detail, moment)
            self._put(self.middle, lines)
        self._put(self.lower, self._parts.lower(snapshot, layout, view, alert, moment))

    def _plain_row(self, row: Row) -> Row:
        if not self.app.ascii_only:
            return row
        return row._replace(cells=tuple(plain(cell) for cell in row.cells))

    def _put(self, widget: Lines, lines: Sequence[Line]) -> None:
        widget.update([self._paper(one) for one in lines])

    def _paper(self, drawn: Line) -> Line:
        return plain(drawn) if self.app.ascii_only else drawn

    def due(self, now: datetime) -> bool:
        """Return whether something drawn reads otherwise by now."""
        return self.moment is None or now >= self.moment.changes_at
