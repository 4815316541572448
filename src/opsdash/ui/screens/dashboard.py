"""The one screen that is open all day: five panes drawn from a snapshot, and a cursor in each."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.geometry import Size
from textual.screen import Screen

from opsdash.domain.alert import Alert
from opsdash.domain.incident import Incident
from opsdash.domain.indicator import Reading
from opsdash.domain.ticket import Ticket
from opsdash.snapshot import Snapshot
from opsdash.ui.keys import first_key
from opsdash.ui.layout import LIST_PANE, TICKET_PANE, Content, Form, Layout, arrange
from opsdash.ui.lines import EMPTY, Line, beside, frame_bottom, frame_top, framed, line, plain
from opsdash.ui.moment import Moment
from opsdash.ui.panes.alerts import (
    MIDDLE,
    alert_columns,
    alert_row,
    alerts_aside,
    empty_words,
    incident_row,
    listed,
    search_text,
)
from opsdash.ui.panes.detail import alert_area
from opsdash.ui.panes.footer import footer_line, message_line
from opsdash.ui.panes.header import header, problem_lines, tiny
from opsdash.ui.panes.metrics import pane_block, pane_line, pane_zoomed
from opsdash.ui.panes.tickets import TICKET_COLUMNS, ticket_row, tickets_aside
from opsdash.ui.widgets.entry import EntryLine
from opsdash.ui.widgets.lines import Lines
from opsdash.ui.widgets.roster import Roster
from opsdash.ui.widgets.table import LineTable, Row

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp


class Tiles(Lines, can_focus=True):
    """The upper lines, which have the keys while a metric pane is the one in use."""


class Dashboard(Screen[None]):
    """Draws what the app holds; keeps only what is the person's own: pane, cursors, filter, zoom."""

    BINDINGS: ClassVar[list[BindingType]] = []
    AUTO_FOCUS = ""

    app: "OpsdashApp"

    def __init__(self) -> None:
        super().__init__()
        self.pane = LIST_PANE
        self.zoomed = False
        self.filter = ""
        self.layout_now = Layout(Form.TINY)
        self._applied: tuple[Layout, Size, bool] | None = None
        self.moment: Moment | None = None
        self._ready = False
        self._size_drawn: Size | None = None
        self._tile_at: dict[str, str] = {}
        self._alerts: dict[str, Alert] = {}
        self._incidents: dict[str, Incident] = {}
        self._tickets: dict[str, Ticket] = {}
        self._ids: list[str] = []
        self._searched: dict[str, tuple[Alert, str]] = {}
        self._rows: dict[str, Row] = {}
        self._drawn: Snapshot | None = None

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

    # What the cursor stands on.

    @property
    def list_id(self) -> str | None:
        """The id of the alert or incident drawn under the cursor when the last key was pressed."""
        return self.alerts.key_drawn()

    @property
    def alert(self) -> Alert | None:
        """The alert under the cursor."""
        return self._alerts.get(self.alerts.cursor_key or "")

    @property
    def incident(self) -> Incident | None:
        """The incident under the cursor."""
        return self._incidents.get(self.alerts.cursor_key or "")

    @property
    def ticket(self) -> Ticket | None:
        """The ticket under the cursor."""
        return self._tickets.get(self.tickets.cursor_key or "")

    @property
    def reading(self) -> Reading | None:
        """The tile under the cursor of the metric pane in use."""
        readings = self._readings()
        wanted = self._tile_at.get(self._pane_id())
        found = (r for r in readings if r.indicator.id == wanted)
        return next(found, readings[0] if readings else None)

    def alert_of(self, id: str) -> Alert | None:
        """Return the alert `id` as it is drawn."""
        return self._alerts.get(id)

    def _readings(self) -> Sequence[Reading]:
        panes = self.app.snapshot.panes if self.app.snapshot else ()
        return panes[self.pane - 1].readings if self.pane <= len(panes) else ()

    def _pane_id(self) -> str:
        panes = self.app.snapshot.panes if self.app.snapshot else ()
        return panes[self.pane - 1].id if self.pane <= len(panes) else ""

    def chosen(self) -> tuple[str, ...]:
        """Return the ids an act is about: the marked rows, else the row drawn when the key was
        pressed; none where the pane in use is not the list of alerts.
        """
        return self.alerts.keys_chosen() if self.pane == LIST_PANE else ()

    # What moves it.

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
        self.app.look_at(self.alerts.cursor_key)
        self.draw_around()

    def on_line_table_row_selected(self, event: LineTable.RowSelected) -> None:
        """Open the row that was clicked twice."""
        self.app.open_detail()

    def on_line_table_marks_changed(self, event: LineTable.MarksChanged) -> None:
        """Say in the last line how many are marked."""
        self.draw_around()

    # The filter.

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

    def _end_filter(self) -> None:
        self.entry.display = False
        self._focus_pane()
        self.draw()

    def go_back(self) -> None:
        """Clear the nearest thing: the marks, else the filter, else the zoom."""
        if self.alerts.marks or self.tickets.marks:
            self.alerts.clear_marks()
            self.tickets.clear_marks()
        elif self.filter:
            self.filter = ""
        elif self.zoomed:
            self.zoomed = False
        self.draw()

    # Drawing.

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
        if snapshot is not self._drawn:
            self._index(snapshot)
        self._rows = {}
        problems = problem_lines(snapshot, size.width, 4, moment, self.app.glyphs)
        problems = [*self.app.trouble_lines(size.width), *problems]
        content = Content(
            problems=len(problems),
            panes=min(len(snapshot.panes), 3),
            tiles=max((len(p.readings) for p in snapshot.panes), default=0),
            alerts=len(self._ids),
            tickets=len(snapshot.tickets),
        )
        self._apply(arrange(size.width, size.height, content, self.pane, self.zoomed))
        self.draw_sides()
        if self.layout_now.form is Form.TINY:
            drawn = tiny(snapshot, size.width, moment, self.app.glyphs)
            self._put(self.upper, [EMPTY] * ((size.height - 1) // 2) + [drawn])
            return
        self._draw_upper(snapshot, moment, problems)
        self._draw_lists(snapshot, moment)
        self.draw_around()

    def _draw_waiting(self) -> None:
        self._apply(Layout(Form.TINY))
        words = self.app.trouble_lines(self.app.size.width)
        self._put(self.upper, words or [line((" opsdash: reading the store", "muted"))])

    def _index(self, snapshot: Snapshot) -> None:
        if self._drawn is None or snapshot.alerts is not self._drawn.alerts:
            self._alerts = {alert.id: alert for alert in snapshot.alerts}
        self._incidents = {incident.id: incident for incident in snapshot.incidents}
        self._tickets = {str(ticket.number): ticket for ticket in snapshot.tickets}
        self._ids = listed(snapshot)
        self._drawn = snapshot

    def _apply(self, layout: Layout) -> None:
        key = (layout, self.app.size, self.entry.display)
        if key == self._applied:
            return
        self._applied = key
        self.layout_now = layout
        height = self.app.size.height
        alerts, tickets, middle = layout.alerts, layout.tickets, 0
        if layout.form is Form.FULL and alerts:
            middle = layout.detail + 1 + (1 if tickets else 0)
        lower = self._lower_height(layout)
        typed = 1 if self.entry.display else 0
        upper = height - alerts - tickets - middle - lower - typed
        for widget, lines in (
            (self.upper, upper),
            (self.alerts, alerts),
            (self.middle, middle),
            (self.tickets, tickets),
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

    def _lower_height(self, layout: Layout) -> int:
        if layout.form is Form.TINY:
            return 0
        bottom = 1 if layout.form is Form.FULL and layout.tickets else 0
        return bottom + (0 if self.entry.display else 1)

    def _draw_upper(self, snapshot: Snapshot, moment: Moment, problems: Sequence[Line]) -> None:
        layout, width, glyphs = self.layout_now, self.app.size.width, self.app.glyphs
        lines = [header(snapshot, width, moment, glyphs, self.app.paused)]
        lines += problems[: layout.problems]
        lines += self._metrics(snapshot, moment)
        if layout.form is Form.FULL and layout.alerts:
            title = self._title(LIST_PANE, "Incidents and alerts")
            aside = alerts_aside(snapshot, width, moment, glyphs)
            lines.append(frame_top(width, title, aside, glyphs, self.pane == LIST_PANE))
        elif layout.form is Form.FULL and layout.tickets:
            lines.append(self._tickets_top(snapshot))
        self._put(self.upper, lines)

    def _title(self, number: int, name: str) -> Line:
        return line((f"{number} ", "accent bold"), (name, "bold"))

    def _tickets_top(self, snapshot: Snapshot) -> Line:
        width, glyphs = self.app.size.width, self.app.glyphs
        aside = tickets_aside(snapshot, width, glyphs)
        title = self._title(TICKET_PANE, "Tickets")
        return frame_top(width, title, aside, glyphs, self.pane == TICKET_PANE)

    def _metrics(self, snapshot: Snapshot, moment: Moment) -> list[Line]:
        layout, width, glyphs = self.layout_now, self.app.size.width, self.app.glyphs
        refresh, here = snapshot.setup.refresh, self.reading
        cursor = here.indicator.id if here else None
        if 0 < layout.pane < LIST_PANE:
            pane = snapshot.panes[layout.pane - 1]
            drawn = pane_zoomed if layout.form is Form.FULL else pane_block
            if drawn is pane_zoomed:
                return pane_zoomed(
                    pane, layout.pane, width, layout.metrics, refresh, moment, glyphs, cursor
                )
            return pane_block(
                pane, layout.pane, width, layout.metrics, refresh, moment, glyphs, cursor, True
            )
        panes = snapshot.panes[:3] if layout.metrics else ()
        if layout.one_line:
            return [
                pane_line(p, n, width, refresh, moment, glyphs, cursor, self.pane == n)
                for n, p in enumerate(panes, 1)
            ]
        widths = [
            width // len(panes) + (1 if n < width % len(panes) else 0) for n in range(len(panes))
        ]
        blocks = [
            pane_block(p, n, w, layout.metrics, refresh, moment, glyphs, cursor, self.pane == n)
            for n, (p, w) in enumerate(zip(panes, widths, strict=True), 1)
        ]
        return beside(blocks) if blocks else []

    def _draw_lists(self, snapshot: Snapshot, moment: Moment) -> None:
        width = self.app.size.width
        if self.layout_now.alerts:
            narrow = width < MIDDLE
            ids = self._filtered() if self.filter and self.pane != TICKET_PANE else self._ids
            words = empty_words(snapshot, moment, self.app.glyphs)
            if self._ids and not ids:
                words = line(("no alert matches the filter", "muted"))
            self.alerts.set_empty(self._paper(words))
            self.alerts.set_keys(
                alert_columns(width), ids, lambda id: self._row(id, snapshot, narrow, moment)
            )
        if self.layout_now.tickets:
            self.tickets.set_empty(self._paper(line(("no tickets", "muted"))))
            self.tickets.set_keys(
                TICKET_COLUMNS, self._shown_tickets(), lambda id: self._ticket_row(id, moment)
            )

    def _row(self, id: str, snapshot: Snapshot, narrow: bool, moment: Moment) -> Row:
        row = self._rows.get(id)
        if row is None:
            glyphs = self.app.glyphs
            alert = self._alerts.get(id)
            if alert is not None:
                row = alert_row(alert, snapshot, narrow, moment, glyphs)
            else:
                row = incident_row(self._incidents[id], narrow, moment, glyphs)
            row = self._rows[id] = self._plain_row(row)
        return row

    def _ticket_row(self, id: str, moment: Moment) -> Row:
        return self._plain_row(ticket_row(self._tickets[id], moment, self.app.glyphs))

    def _plain_row(self, row: Row) -> Row:
        if not self.app.ascii_only:
            return row
        return row._replace(cells=tuple(plain(cell) for cell in row.cells))

    def _filtered(self) -> list[str]:
        words = self.filter.split()
        kept: dict[str, tuple[Alert, str]] = {}
        found = []
        for id in self._ids:
            alert = self._alerts.get(id)
            if alert is None:
                text = f"{id} {self._incidents[id].title}".lower()
            else:
                known = self._searched.get(id)
                if known is None or known[0] is not alert:
                    known = (alert, search_text(alert))
                kept[id] = known
                text = known[1]
            if all(word in text for word in words):
                found.append(id)
        self._searched = kept
        return found

    def _shown_tickets(self) -> list[str]:
        if not self.filter or self.pane != TICKET_PANE:
            return list(self._tickets)
        words = self.filter.split()
        return [
            id
            for id, t in self._tickets.items()
            if all(
                word in f"#{id} {t.subject} {t.customer} {t.status} {t.priority}".lower()
                for word in words
            )
        ]

    def draw_around(self) -> None:
        """Draw what depends on the cursor: the detail beneath the list, and the last line."""
        snapshot, moment = self.app.snapshot, self.moment
        layout = self.layout_now
        if snapshot is None or moment is None or layout.form is Form.TINY:
            return
        width, glyphs = self.app.size.width, self.app.glyphs
        if layout.form is Form.FULL:
            lines: list[Line] = []
            if layout.alerts:
                focused = self.pane == LIST_PANE
                inside = self._detail_lines(snapshot, moment, width - 4)
                lines += [framed(one, width, glyphs, focused) for one in inside]
                lines.append(frame_bottom(width, glyphs, focused))
                if layout.tickets:
                    lines.append(self._tickets_top(snapshot))
            self._put(self.middle, lines)
        self._put(self.lower, self._lower_lines(snapshot, width))

    def _detail_lines(self, snapshot: Snapshot, moment: Moment, width: int) -> list[Line]:
        room = self.layout_now.detail
        alert = self.alert
        if not room or alert is None:
            return [EMPTY] * room
        detail = self.app.details.get(alert.id)
        area = alert_area(alert, detail, snapshot, width, room - 1, moment, self.app.glyphs)
        return [line((self.app.glyphs.horizontal * width, "border")), *area]

    def _lower_lines(self, snapshot: Snapshot, width: int) -> list[Line]:
        glyphs = self.app.glyphs
        lines: list[Line] = []
        if self.layout_now.form is Form.FULL and self.layout_now.tickets:
            lines.append(frame_bottom(width, glyphs, self.pane == TICKET_PANE))
        if self.app.message:
            text, style = self.app.message
            return [*lines, message_line(text, style, width, glyphs)]
        marks = self._table().marks if self.pane >= LIST_PANE else ()
        alert = self.alert if self.pane == LIST_PANE else None
        hints = footer_line(
            snapshot, alert, self.pane, len(marks), self.filter, self.app.keys, width, glyphs
        )
        return [*lines, hints]

    def _put(self, widget: Lines, lines: Sequence[Line]) -> None:
        widget.update([self._paper(one) for one in lines])

    def _paper(self, drawn: Line) -> Line:
        return plain(drawn) if self.app.ascii_only else drawn

    def due(self, now: datetime) -> bool:
        """Return whether something drawn reads otherwise by now."""
        return self.moment is None or now >= self.moment.changes_at
