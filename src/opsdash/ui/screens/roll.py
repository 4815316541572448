"""A roll: a list over the whole screen with a cursor, and beneath it what is known of its row."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult

from opsdash.snapshot import Snapshot
from opsdash.ui.keys import first_key
from opsdash.ui.lines import EMPTY, Line, crop, line, on, spaced, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.footer import state_words
from opsdash.ui.panes.problems import problem_lines
from opsdash.ui.screens.sheet import Sheet
from opsdash.ui.widgets.columns import Column, Place, fit_columns
from opsdash.ui.widgets.entry import EntryLine
from opsdash.ui.widgets.lines import Lines
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

    `hints` are the actions that the last line names, with the words for each; `marked_hints` those
    that act on several rows at once, where rows can be marked. Every roll can be filtered.
    """

    app: "OpsdashApp"
    tells_alarms = True

    hints: tuple[tuple[str, str], ...] = ()
    marked_hints: tuple[tuple[str, str], ...] = ()

    def __init__(self) -> None:
        super().__init__()
        self.filter = ""
        self.marks: frozenset[str] = frozenset()
        self._cursor = RowCursor()
        self._keys: tuple[str, ...] = ()
        self._top = 0
        self._page = 1

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

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor."""
        return self._cursor.key

    def chosen(self) -> tuple[str, ...]:
        """Return what an act is about: the marked rows that are shown, else the row under the cursor.

        Marks whose rows are all gone or filtered away choose nothing, never the cursor's row.
        """
        if self.marks:
            return tuple(key for key in self._keys if key in self.marks)
        return () if self.key is None else (self.key,)

    def compose(self) -> ComposeResult:
        """Put up the list, the line in which a filter is typed, and the border's last line."""
        self.face, self.foot = Lines(id="face"), Lines(id="foot")
        self.entry = EntryLine(self, id="entry")
        self.entry.display = False
        yield from self.made_ready([self.face, self.entry, self.foot])

    def space(self) -> tuple[int, int]:
        """Return the largest inner size, one line less while a filter is typed."""
        width, height = super().space()
        return width, max(height - 1, 1) if self.prompt else height

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
        self._follow(self._narrowed(self.keys(snapshot, moment), snapshot, moment))
        room = height - len(problems) - 2
        told = self._told(width, height, room, snapshot, moment)
        rows = self._rows(width, max(1, room - len(told)), snapshot, moment)
        lines = [*problems, *rows, *told]
        lines += [EMPTY] * (height - 1 - len(lines))
        return [*lines[: height - 1], self._last(width)]

    def _narrowed(self, keys: Sequence[str], snapshot: Snapshot, moment: Moment) -> tuple[str, ...]:
        """Return the keys of the rows that have all the words of the filter, in whatever column."""
        words = self.filter.split()
        if not words:
            return tuple(keys)
        found = []
        for key in keys:
            cells = self.row(key, snapshot, moment).cells
            text = " ".join(text for cell in cells for text, _ in cell).lower()
            if all(word in text for word in words):
                found.append(key)
        return tuple(found)

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
        lines = [self._cells(head, columns, places, line("  "))]
        if not self._keys:
            none = line(("nothing matches the filter", "muted"))
            return [*lines, line("  ", none if self.filter else self.empty(snapshot))]
        self._page = room
        index = self._cursor.index
        top = min(max(self._top, index - room + 1), index)
        self._top = max(0, min(top, len(self._keys) - room))
        for number in range(self._top, min(self._top + room, len(self._keys))):
            row = self.row(self._keys[number], snapshot, moment)
            here = number == index
            drawn = self._cells(row.cells, columns, places, self._margin(row.key, here))
            lines.append(on(crop(drawn, width), "on cursor") if here else drawn)
        return lines

    def _margin(self, key: str, here: bool) -> Line:
        """The two cells before a row: where the cursor is, and whether it is marked."""
        glyphs = self.app.glyphs
        marked = glyphs.mark if key in self.marks else " "
        return line((glyphs.cursor if here else " ", "accent bold"), (marked, "mark bold"))

    def _cells(
        self,
        cells: Sequence[Line],
        columns: Sequence[Column],
        places: Sequence[Place],
        margin: Line,
    ) -> Line:
        parts: list[Line] = [margin]
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
        parts = state_words(len(self.marks), self.filter)
        hints = self.marked_hints if self.marks else self.hints
        marking = (("mark", "mark"),) if self.marked_hints else ()
        leave = "clear" if self.marks or self.filter else "back"
        for action, words in (*hints, *marking, ("filter", "filter"), ("back", leave)):
            key = first_key(action, self.app.keys)
            if key:
                parts.append(line((key, "accent bold"), (f" {words}", "text")))
        while len(parts) > 1 and width_of(spaced(parts)) > width:
            parts.pop(-2)
        return crop(spaced(parts), width)

    def press(self, event: events.Key) -> None:
        """Move, close, open, or do what the roll has a key for."""
        action = self.app.action_of(event) or ""
        if self.app.message:
            self.app.message = None
        moves = {
            "down": self._cursor.index + 1,
            "up": self._cursor.index - 1,
            "page_down": self._cursor.index + self._page,
            "page_up": self._cursor.index - self._page,
            "first": 0,
            "last": len(self._keys) - 1,
        }
        if action in moves:
            self._move(moves[action])
        elif action == "detail":
            if self.key is not None:
                self.opened(self.key)
        elif action == "mark" and self.marked_hints:
            self._mark()
        elif action == "filter":
            self._ask_filter()
        elif action == "back" and (self.marks or self.filter):
            self._clear()
        elif action in ("back", "quit") or event.key == "ctrl+c":
            self.dismiss(None)
            return
        elif action in ("help", "theme"):
            self.app.do(action)
        else:
            self.do(action, self.key)
        if self.is_current:
            self.redraw()

    def _mark(self) -> None:
        if self.key is not None:
            self.marks ^= {self.key}
            self._move(self._cursor.index + 1)

    def forget_marks(self, keys: Sequence[str]) -> None:
        """Unmark everything once an act was done to any of the marked rows."""
        if self.marks & set(keys):
            self.marks = frozenset()

    def _clear(self) -> None:
        """Clear the nearest thing: the marks, else the filter."""
        if self.marks:
            self.marks = frozenset()
        else:
            self.filter = ""

    def _ask_filter(self) -> None:
        self.prompt = "filter: "
        self.entry.show(self.prompt, self.filter)
        self.entry.display = True

    def typed(self, text: str) -> None:
        """Narrow the list with every key; the first match is the person's, not a row pushed there."""
        before, self.filter = self.key, text.strip().lower()
        self.redraw()
        if self.key != before:
            self._move(0)
            self.redraw()

    def submitted(self, text: str) -> None:
        """Keep the filter and give the keys back to the list."""
        self._end_filter()

    def cancelled(self) -> None:
        """Drop the filter."""
        self.filter = ""
        self._end_filter()

    def moved(self, rows: int) -> None:
        """Move in the list while typing."""
        self._move(self._cursor.index + rows)
        self.redraw()

    def _end_filter(self) -> None:
        self.prompt = ""
        self.entry.display = False
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
