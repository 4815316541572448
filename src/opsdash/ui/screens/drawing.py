"""The dashboard as it is drawn: its widgets, who has which lines, and what stands in them."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from textual.geometry import Size

from opsdash.snapshot import Snapshot
from opsdash.ui.layout import Content, Form, Layout, arrange, heights, problem_room
from opsdash.ui.lines import EMPTY, Line, line, plain
from opsdash.ui.moment import Moment
from opsdash.ui.panes.header import tiny
from opsdash.ui.screens.lists import Lists
from opsdash.ui.screens.parts import Parts, View
from opsdash.ui.screens.tiles import Tiles
from opsdash.ui.widgets.lines import Lines

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp


class Drawing:
    """Draws what the app holds, as a `View` asks for it; lines that stay the same cost nothing.

    `moment` is that of the last drawing and `size` its size, both None before the first.
    """

    def __init__(self, app: "OpsdashApp") -> None:
        self.parts = Parts(app.glyphs, app.keys, app.zone)
        self.lists = Lists(app, self.parts)
        self.upper = Tiles(id="upper")
        self.middle = Lines(id="middle")
        self.lower = Lines(id="lower")
        self.moment: Moment | None = None
        self.size: Size | None = None
        self._app = app
        self._layout = Layout(Form.TINY)
        self._applied: tuple[Layout, Size, bool] | None = None

    def due(self, now: datetime) -> bool:
        """Return whether something drawn reads otherwise by now."""
        return self.moment is None or now >= self.moment.changes_at

    def draw(self, view: View) -> None:
        """Draw everything for this moment."""
        snapshot, size = self._app.snapshot, self._app.size
        if not size.width or not size.height:
            return
        self.size = size
        self.moment = moment = self._app.moment()
        troubles = self._app.trouble_lines(size.width)
        if snapshot is None:
            self._apply(Layout(Form.TINY), view.typing)
            waiting = [line((" opsdash: reading the store", "muted"))]
            self._put(self.upper, troubles or waiting)
            return
        self.lists.hold(snapshot)
        room = max(problem_room(*size) - len(troubles), 1)
        problems = [*troubles, *self.parts.problems(snapshot, size.width, room, moment)]
        self._apply(self._arranged(snapshot, len(problems), view), view.typing)
        self.lists.draw_sides(self._layout, view.pane)
        if self._layout.form is Form.TINY:
            drawn = tiny(snapshot, size.width, moment, self._app.glyphs, view.paused)
            self._put(self.upper, [EMPTY] * ((size.height - 1) // 2) + [drawn])
            return
        self._put(self.upper, self.parts.upper(snapshot, self._layout, view, problems, moment))
        self.lists.draw(snapshot, self._layout, view.pane, moment)
        self.draw_around(view)

    def draw_around(self, view: View) -> None:
        """Draw what depends on the cursor: the detail beneath the list, and the last line."""
        snapshot, moment, layout = self._app.snapshot, self.moment, self._layout
        if snapshot is None or moment is None or layout.form is Form.TINY:
            return
        alert = self.lists.alert
        if layout.form is Form.FULL:
            # The first frame does not wait for the detail: its words are a moment behind anyway.
            shown = alert if self._app.begun else None
            detail = self._app.details.get(shown.id) if shown else None
            lines = self.parts.middle(snapshot, layout, view, shown, detail, moment)
            self._put(self.middle, lines)
        self._put(self.lower, self.parts.lower(snapshot, layout, view, alert, moment))

    def _arranged(self, snapshot: Snapshot, problems: int, view: View) -> Layout:
        content = Content(
            problems=problems,
            panes=min(len(snapshot.panes), 3),
            tiles=max((len(p.readings) for p in snapshot.panes), default=0),
            alerts=self.lists.length,
            tickets=len(snapshot.tickets),
        )
        return arrange(*self._app.size, content, view.pane, view.zoomed)

    def _apply(self, layout: Layout, typing: bool) -> None:
        """Give each part its lines, if that changed since the last drawing."""
        key = (layout, self._app.size, typing)
        if key == self._applied:
            return
        self._applied = key
        self._layout = layout
        parts = (self.upper, self.lists.alerts, self.middle, self.lists.tickets, self.lower)
        for part, lines in zip(parts, heights(layout, self._app.size.height, typing), strict=True):
            part.styles.height = lines
            part.display = lines > 0
        self.lists.alerts.headed = layout.alerts >= 5
        self.lists.tickets.headed = layout.tickets >= 4

    def _put(self, widget: Lines, lines: Sequence[Line]) -> None:
        widget.update([plain(one) for one in lines] if self._app.ascii_only else lines)
