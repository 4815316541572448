"""A roll: a list over the whole screen with a cursor, and beneath it what is known of its row."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events

from opsdash.snapshot import Snapshot
from opsdash.ui.keys import first_key
from opsdash.ui.lines import EMPTY, Line, crop, line, on, spaced, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.header import problem_lines
from opsdash.ui.screens.sheet import Sheet
from opsdash.ui.widgets.columns import Column, Place, fit_columns
from opsdash.ui.widgets.rowcursor import RowCursor
from opsdash.ui.widgets.spans import fit_line
from opsdash.ui.widgets.table import Row

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp

_TALL = 20
"""Lines from which the row under the cursor is told beneath the list."""

_PROBLEMS = 2


class Roll(Sheet[None]):
    """A list of things that have a key each; the cursor stays on its key through every refresh.

    `hints` are the actions that the last line names, with the words for each.
    """

    app: "OpsdashApp"

    hints: tuple[tuple[str, str], ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self._cursor = RowCursor()
        self._keys: tuple[str, ...] = ()
        self._top = 0
        self._page = 1

    # What each roll says of itself.

    def columns(self, width: int) -> Sequence[Column]:
        """Return the columns that suit a list `width` cells wide."""
        raise NotImplementedError

    def keys(self, snapshot: Snapshot, moment: Moment) -> Sequence[str]:
        """Return the keys of the rows, sorted."""
        raise NotImplementedError

    def row(self, key: str, snapshot: Snapshot, moment: Moment) -> Row:
        """Return the row of a key."""
        raise NotImplementedError

    def about(self, key: str, width: int, snapshot: Snapshot, moment: Moment) -> Sequence[Line]:
        """Return what is known of a row, the most needed first."""
        return ()

    def empty(self, snapshot: Snapshot) -> Line:
        """Return what is said where there are no rows."""
        return line(("nothing here", "muted"))

    def do(self, action: str, key: str | None) -> None:
        """Do what an action means for the row `key`."""

    def opened(self, key: str) -> None:
        """Open everything about a row."""

    # The list.

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor."""
        return self._cursor.key

    def body(self, width: int, height: int, moment: Moment) -> Sequence[Line]:
        """Return problems, heading, rows, what is known of one of them, and keys or a message."""
        snapshot = self.app.snapshot
        if snapshot is None:
            return [line(("reading the store", "muted"))]
        glyphs = self.app.glyphs
        problems = [
            *self.app.trouble_lines(width),
            *problem_lines(snapshot, width, _PROBLEMS, moment, glyphs),
        ]
        if height < 6:
            problems = problems[:1]
        self._follow(tuple(self.keys(snapshot, moment)))
        room = height - len(problems) - 2
        told = self._told(width, height, room, snapshot, moment)
        rows = self._rows(width, max(1, room - len(told)), snapshot, moment)
        lines = [*problems, *rows, *told]
        lines += [EMPTY] * (height - 1 - len(lines))
        return [*lines[: height - 1], self._last(width)]

    def _told(
        self, width: int, height: int, room: int, snapshot: Snapshot, moment: Moment
    ) -> list[Line]:
        """Return what is known of the row under the cursor, in the room that the rows leave."""
        if height < _TALL or self.key is None:
            return []
        left = max(room - len(self._keys) - 1, height // 3)
        lines = [crop(one, width) for one in self.about(self.key, width, snapshot, moment)]
        rule = line((self.app.glyphs.horizontal * width, "border"))
        return [rule, *lines[:left], *[EMPTY] * (left - len(lines))]

    def _follow(self, keys: tuple[str, ...]) -> None:
        if keys != self._keys:
            self._cursor.follow(self._keys, keys)
            self._keys = keys

    def _rows(self, width: int, room: int, snapshot: Snapshot, moment: Moment) -> list[Line]:
        columns = self.columns(width)
        places = fit_columns(columns, width - 2)
        head = tuple(((column.title, "muted"),) for column in columns)
        lines = [self._cells(head, columns, places, " ")]
        if not self._keys:
            return [*lines, line("  ", self.empty(snapshot))]
        self._page = room
        index = self._cursor.index
        top = min(max(self._top, index - room + 1), index)
        self._top = max(0, min(top, len(self._keys) - room))
        for number in range(self._top, min(self._top + room, len(self._keys))):
            row = self.row(self._keys[number], snapshot, moment)
            here = number == index
            mark = self.app.glyphs.cursor if here else " "
            drawn = self._cells(row.cells, columns, places, mark)
            lines.append(on(crop(drawn, width), "on cursor") if here else drawn)
        return lines

    def _cells(
        self,
        cells: Sequence[Line],
        columns: Sequence[Column],
        places: Sequence[Place],
        mark: str,
    ) -> Line:
        parts: list[Line] = [((mark, "accent bold"), (" ", ""))]
        for at, place in enumerate(places):
            if at:
                parts.append(((" ", ""),))
            cell = cells[place.index] if place.index < len(cells) else EMPTY
            align = columns[place.index].align
            parts.append(fit_line(cell, place.width, align, self.app.glyphs.ellipsis))
        return tuple(span for part in parts for span in part)

    def _last(self, width: int) -> Line:
        if self.app.message:
            return crop(line(self.app.message), width)
        parts = []
        for action, words in (*self.hints, ("back", "back")):
            key = first_key(action, self.app.keys)
            if key:
                parts.append(line((key, "accent bold"), (f" {words}", "text")))
        while len(parts) > 1 and width_of(spaced(parts)) > width:
            parts.pop(-2)
        return crop(spaced(parts), width)

    # Keys.

    def press(self, event: events.Key) -> None:
        """Move, close, open, or do what the roll has a key for."""
        action = self.app.action_of(event) or ""
        if self.app.message:
            self.app.message = None
        moves = {
            "pagedown": self._cursor.index + self._page,
            "pageup": self._cursor.index - self._page,
        }
        steps = {"down": self._cursor.index + 1, "up": self._cursor.index - 1}
        ends = {"first": 0, "last": len(self._keys) - 1}
        if event.key in moves:
            self._move(moves[event.key])
        elif action in steps:
            self._move(steps[action])
        elif action in ends:
            self._move(ends[action])
        elif action == "detail":
            if self.key is not None:
                self.opened(self.key)
        elif action in ("back", "quit") or event.key == "ctrl+c":
            self.app.look_at(self.app.dashboard.alerts.cursor_key)
            self.dismiss(None)
            return
        elif action in ("help", "theme"):
            self.app.do(action)
        else:
            self.do(action, self.key)
        if self.is_current:
            self.redraw()

    def on_screen_resume(self) -> None:
        """Draw what has changed while something lay on top."""
        self.redraw()

    def on_mouse_scroll_down(self) -> None:
        """Move three rows down."""
        self._move(self._cursor.index + 3)
        self.redraw()

    def on_mouse_scroll_up(self) -> None:
        """Move three rows up."""
        self._move(self._cursor.index - 3)
        self.redraw()

    def _move(self, index: int) -> None:
        self._cursor.move(self._keys, index)
