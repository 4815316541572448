"""The parts of the dashboard as lines, each drawn anew only when it would read otherwise."""

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from functools import partial
from typing import Any, NamedTuple, TypeVar

from opsdash.domain.alert import Alert
from opsdash.domain.failures import FailureBatch
from opsdash.domain.indicator import Pane
from opsdash.snapshot import Snapshot
from opsdash.ui.glyphs import Glyphs
from opsdash.ui.layout import LIST_PANE, TICKET_PANE, Form, Layout
from opsdash.ui.lines import EMPTY, Line, beside, frame_bottom, frame_top, framed, line
from opsdash.ui.moment import Moment
from opsdash.ui.panes.footer import Keys, footer_line, message_line
from opsdash.ui.panes.header import header
from opsdash.ui.panes.list_state import alerts_aside
from opsdash.ui.panes.metrics import pane_block, pane_line, pane_zoomed
from opsdash.ui.panes.problems import problem_lines
from opsdash.ui.panes.suggestion import is_late
from opsdash.ui.panes.tickets import tickets_aside
from opsdash.ui.ports import Detail

T = TypeVar("T")

_KEPT = 400
"""Drawn parts that are remembered: a few screens full of rows."""


class View(NamedTuple):
    """What the person has done to the screen: the pane in use, its tile, filter, marks, message.

    `zoomed` gives that pane the whole screen; `typing` gives the last line to the filter.
    """

    width: int
    pane: int
    tile: str | None = None
    filter: str = ""
    marked: int = 0
    paused: bool = False
    message: tuple[str, str] | None = None
    zoomed: bool = False
    typing: bool = False


class _Kept(NamedTuple):
    inputs: tuple[Any, ...]
    moves_at: datetime
    stale_at: datetime
    drawn: Any


class Parts:
    """Draws parts and remembers them with their inputs, until the moment at which they change."""

    def __init__(self, glyphs: Glyphs, keys: Keys, zone: tzinfo) -> None:
        self.glyphs = glyphs
        self.keys = keys
        self._zone = zone
        self._kept: dict[str, _Kept] = {}

    def part(
        self, name: str, inputs: tuple[Any, ...], moment: Moment, draw: Callable[[Moment], T]
    ) -> T:
        """Return what `draw` drew of the same inputs before, while it still reads the same."""
        kept = self._kept.get(name)
        passed = kept is None or moment.now >= min(kept.moves_at, kept.stale_at)
        if kept is None or passed or kept.inputs != inputs:
            own = Moment(moment.now, self._zone)
            drawn = draw(own)
            if len(self._kept) > _KEPT:
                self._kept.clear()
            kept = self._kept[name] = _Kept(inputs, own.moves_at, own.stale_at, drawn)
        moment.expect(kept.moves_at)
        moment.expect_stale(kept.stale_at)
        result: T = kept.drawn
        return result

    def problems(self, snapshot: Snapshot, width: int, room: int, moment: Moment) -> list[Line]:
        """Return what keeps the picture from being whole, and what else everybody must know."""
        roster = (snapshot.roster.maintenance, snapshot.roster.changes)
        inputs = (snapshot.engine, snapshot.sources, snapshot.problems, roster, width, room)
        return self.part(
            "problems",
            inputs,
            moment,
            lambda m: problem_lines(snapshot, width, room, m, self.glyphs),
        )

    def upper(
        self,
        snapshot: Snapshot,
        layout: Layout,
        view: View,
        problems: Sequence[Line],
        moment: Moment,
    ) -> list[Line]:
        """Return header, problems, metric panes, and the first line of the list's border."""
        head = header(snapshot, view.width, moment, self.glyphs, view.paused)
        lines = [head, *problems[: layout.problems], *self._metrics(snapshot, layout, view, moment)]
        if layout.form is Form.FULL and layout.alerts:
            lines.append(self._alerts_top(snapshot, view, moment))
        elif layout.form is Form.FULL and layout.tickets:
            lines.append(self._tickets_top(snapshot, view, moment))
        return lines

    def _alerts_top(self, snapshot: Snapshot, view: View, moment: Moment) -> Line:
        inputs = (snapshot.alerts, snapshot.sources, snapshot.engine, view.width)
        aside = self.part(
            "aside", inputs, moment, lambda m: alerts_aside(snapshot, view.width, m, self.glyphs)
        )
        title = _title(LIST_PANE, "Incidents and alerts")
        return frame_top(view.width, title, aside, self.glyphs, view.pane == LIST_PANE)

    def _tickets_top(self, snapshot: Snapshot, view: View, moment: Moment) -> Line:
        inputs = (snapshot.tickets, view.width)
        aside = self.part(
            "tickets", inputs, moment, lambda _: tickets_aside(snapshot, view.width, self.glyphs)
        )
        title = _title(TICKET_PANE, "Tickets")
        return frame_top(view.width, title, aside, self.glyphs, view.pane == TICKET_PANE)

    def _metrics(
        self, snapshot: Snapshot, layout: Layout, view: View, moment: Moment
    ) -> list[Line]:
        panes = list(enumerate(snapshot.panes[:3], 1)) if layout.metrics else []
        if 0 < layout.pane < LIST_PANE:
            panes = [panes[layout.pane - 1]]
        share, rest = divmod(view.width, max(1, len(panes)))
        blocks = []
        for place, (number, pane) in enumerate(panes):
            width = view.width if layout.one_line else share + (1 if place < rest else 0)
            tile = view.tile if view.pane == number else None
            inputs = (pane, width, layout, tile, view.pane == number, snapshot.setup.refresh)
            draw = partial(self._metric_pane, pane, number, width, tile, layout, view, snapshot)
            blocks.append(self.part(f"pane {number}", inputs, moment, draw))
        if layout.one_line:
            return [one for block in blocks for one in block]
        return self.part("metrics", tuple(blocks), moment, lambda _: beside(blocks))

    def _metric_pane(
        self,
        pane: Pane,
        number: int,
        width: int,
        tile: str | None,
        layout: Layout,
        view: View,
        snapshot: Snapshot,
        moment: Moment,
    ) -> list[Line]:
        refresh, focused = snapshot.setup.refresh, view.pane == number
        if layout.one_line:
            drawn = pane_line(pane, number, width, refresh, moment, self.glyphs, tile, focused)
            return [drawn]
        if layout.pane == number and layout.form is Form.FULL:
            return pane_zoomed(
                pane, number, width, layout.metrics, refresh, moment, self.glyphs, tile
            )
        return pane_block(
            pane, number, width, layout.metrics, refresh, moment, self.glyphs, tile, focused
        )

    def middle(
        self,
        snapshot: Snapshot,
        layout: Layout,
        view: View,
        alert: Alert | None,
        detail: Detail | None,
        moment: Moment,
    ) -> list[Line]:
        """Return the detail beneath the list, the list's last line, and the tickets' first."""
        if not layout.alerts:
            return []
        focused = view.pane == LIST_PANE
        inside = self._detail(snapshot, layout, view, alert, detail, moment)

        def frame(_: Moment) -> list[Line]:
            sides = [framed(one, view.width, self.glyphs, focused) for one in inside]
            return [*sides, frame_bottom(view.width, self.glyphs, focused)]

        lines = self.part("middle", (tuple(inside), view.width, focused), moment, frame)
        if layout.tickets:
            return [*lines, self._tickets_top(snapshot, view, moment)]
        return lines

    def _detail(
        self,
        snapshot: Snapshot,
        layout: Layout,
        view: View,
        alert: Alert | None,
        detail: Detail | None,
        moment: Moment,
    ) -> list[Line]:
        room, width = layout.detail, view.width - 4
        if not room or alert is None:
            return [EMPTY] * room
        from opsdash.ui.panes.alert_room import alert_area

        roster = snapshot.roster
        step = (roster.climbs.get(alert.id), roster.maintenance)
        inputs = (alert, detail, width, room, step, snapshot.setup, snapshot.on_call)
        area = self.part(
            "detail",
            inputs,
            moment,
            lambda m: alert_area(alert, detail, snapshot, width, room - 1, m, self.glyphs),
        )
        return [line((self.glyphs.horizontal * width, "border")), *area]

    def lower(
        self,
        snapshot: Snapshot,
        layout: Layout,
        view: View,
        alert: Alert | None,
        moment: Moment,
    ) -> list[Line]:
        """Return the tickets' last line, and the message or the keys that make sense here."""
        lines: list[Line] = []
        if layout.form is Form.FULL and layout.tickets:
            lines.append(frame_bottom(view.width, self.glyphs, view.pane == TICKET_PANE))
        if view.message is not None:
            text, style = view.message
            return [*lines, message_line(text, style, view.width, self.glyphs)]
        there = alert if view.pane == LIST_PANE else None
        hints = footer_line(
            snapshot,
            there,
            view.pane,
            view.marked,
            view.filter,
            self.keys,
            view.width,
            self.glyphs,
            _batch(snapshot, view),
            there is not None and is_late(there, snapshot, moment),
        )
        return [*lines, hints]


def _batch(snapshot: Snapshot, view: View) -> FailureBatch | None:
    """Return the failures of the tile under the cursor."""
    pane = snapshot.panes[view.pane - 1] if view.pane <= len(snapshot.panes) else None
    found = (r.batch for r in (pane.readings if pane else ()) if r.indicator.id == view.tile)
    return next(found, None) if view.pane < LIST_PANE else None


def _title(number: int, name: str) -> Line:
    return line((f"{number} ", "accent bold"), (name, "bold"))
