"""The one screen that is open all day: five panes drawn from a snapshot, and a cursor in each."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from opsdash.domain.alert import Alert
from opsdash.domain.indicator import Pane, Reading
from opsdash.domain.ticket import Ticket
from opsdash.ui.keys import first_key
from opsdash.ui.layout import LIST_PANE, TICKET_PANE
from opsdash.ui.moment import Moment
from opsdash.ui.screens.drawing import Drawing
from opsdash.ui.screens.parts import View
from opsdash.ui.screens.tiles import TileCursor
from opsdash.ui.widgets.entry import EntryLine
from opsdash.ui.widgets.roster import Roster
from opsdash.ui.widgets.table import LineTable

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp


AROUND_WITHIN = 0.05
"""Seconds after which the parts around the list follow the cursor without the row's detail."""


class Dashboard(Screen[None], inherit_css=False):
    """Draws what the app holds; keeps only what is the person's own: pane, cursors, filter, zoom."""

    BINDINGS: ClassVar[list[BindingType]] = []
    AUTO_FOCUS = ""

    app: "OpsdashApp"

    def __init__(self) -> None:
        super().__init__()
        self.pane = LIST_PANE
        self.zoomed = False
        self._ready = False
        self._tiles = TileCursor()
        self._behind = False

    def compose(self) -> ComposeResult:
        """Put up the parts; which of them are seen is the layout's affair."""
        self._drawing = drawing = Drawing(self.app)
        self._lists = drawing.lists
        self.alerts = self._lists.alerts
        self.tickets = self._lists.tickets
        self.entry = EntryLine(self, id="entry")
        yield from (drawing.upper, self.alerts, drawing.middle, self.tickets, drawing.lower)
        yield self.entry

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
        if self.app.size != self._drawing.size:
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
        return self._lists.alert

    @property
    def ticket(self) -> Ticket | None:
        """The ticket under the cursor."""
        return self._lists.ticket

    @property
    def reading(self) -> Reading | None:
        """The tile under the cursor of the metric pane in use."""
        return self._tiles.reading(self._metric_pane())

    def alert_of(self, id: str) -> Alert | None:
        """Return the alert `id` as it is drawn."""
        return self._lists.alert_of(id)

    def tile_of(self, id: str) -> Reading | None:
        """Return the tile of the indicator `id`; an alert's id has a stroke in it, and names none."""
        panes = self.app.snapshot.panes if self.app.snapshot and "/" not in id else ()
        return next((r for pane in panes for r in pane.readings if r.indicator.id == id), None)

    def _metric_pane(self) -> Pane | None:
        """Return the metric pane in use, none while a list is."""
        panes = self.app.snapshot.panes if self.app.snapshot else ()
        return panes[self.pane - 1] if self.pane <= len(panes[: LIST_PANE - 1]) else None

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
        if self._tiles.move(self._metric_pane(), where):
            self.draw()

    def _table(self) -> Roster:
        return self._lists.table(self.pane)

    def _focus_pane(self) -> None:
        if self.pane == LIST_PANE:
            self.alerts.focus(scroll_visible=False)
        elif self.pane == TICKET_PANE:
            self.tickets.focus(scroll_visible=False)
        else:
            self._drawing.upper.focus(scroll_visible=False)

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
        from opsdash.ui.doing import open_detail

        open_detail(self.app)

    def on_line_table_marks_changed(self, event: LineTable.MarksChanged) -> None:
        """Say in the last line how many are marked."""
        self.draw_around()

    def ask_filter(self) -> None:
        """Let the person type a filter into the last line."""
        if self.pane != TICKET_PANE:
            self.show_pane(LIST_PANE)
        self.entry.show("filter: ", self._lists.filter)
        self.entry.display = True
        self.draw()

    def typed(self, text: str) -> None:
        """Narrow the list with every key."""
        self._lists.filter = text.strip().lower()
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
        self._lists.filter = ""
        self._end_filter()

    def moved(self, rows: int) -> None:
        """Move in the list while typing."""
        self.move(rows)

    def toggle_mine(self) -> None:
        """Show only the alerts that are the person's own, or all again."""
        self._lists.mine = not self._lists.mine
        if self._lists.mine:
            self.show_pane(LIST_PANE)
        self.draw()

    def _end_filter(self) -> None:
        self.entry.display = False
        self._focus_pane()
        self.draw()

    def go_back(self) -> None:
        """Clear the nearest thing: the marks, else the filter, else the zoom."""
        if not self._lists.clear_marks() and not self._lists.widen():
            self.zoomed = False
        self.draw()

    def view(self) -> View:
        """Return what the person has done to the screen."""
        here = self.reading
        return View(
            self.app.size.width,
            self.pane,
            here.indicator.id if here else None,
            self._lists.narrowing,
            len(self._table().marks) if self.pane >= LIST_PANE else 0,
            self.app.paused,
            self.app.message,
            self.zoomed,
            self.entry.display,
        )

    @property
    def moment(self) -> Moment | None:
        """The moment of the last drawing."""
        return self._drawing.moment

    def draw(self) -> None:
        """Draw everything for this moment."""
        if self._ready:
            self._behind = False
            self._drawing.draw(self.view())

    def draw_around(self) -> None:
        """Draw what depends on the cursor: the detail beneath the list, and the last line."""
        self._behind = False
        self._drawing.draw_around(self.view())

    def due(self, now: datetime) -> bool:
        """Return whether something drawn reads otherwise by now."""
        return self._drawing.due(now)
