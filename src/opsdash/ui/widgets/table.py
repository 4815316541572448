"""A table of ten thousand rows that draws only what is visible and repaints only what changed."""

from collections.abc import Callable, Sequence
from time import monotonic
from typing import ClassVar, NamedTuple

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip

from opsdash.ui.widgets.columns import Column, Place, fit_columns
from opsdash.ui.widgets.lines import LineWidget
from opsdash.ui.widgets.rowcursor import RowCursor
from opsdash.ui.widgets.spans import Line, Span, StyleOf, fit_line, plain


class Row(NamedTuple):
    """A row: its key, one line of spans a column, and the token that styles the whole row."""

    key: str
    cells: tuple[Line, ...]
    style: str = ""


RenderRow = Callable[[str], Row]
"""Draws the row of a key; called for visible rows only."""

_Drawn = tuple[Row | None, str, str]
_State = tuple[str, str, int, Style]

_STRIPS_KEPT = 400
"""Drawn rows that are remembered, a few screens full."""


class LineTable(LineWidget, can_focus=True):
    """A table whose cursor and marks hold on to keys, never to row numbers.

    Rows come sorted and are drawn when they are seen. Tokens it uses itself: `table.header`, `table.cursor` (focused), `table.cursor.blurred`, `table.mark`,
    `table.empty`, `table.scroll`.
    """

    DEFAULT_CSS = """
    LineTable { height: 1fr; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", "Down", show=False),
        Binding("k,up", "move(-1)", "Up", show=False),
        Binding("g,home", "move_to(0)", "First", show=False),
        Binding("G,end", "move_to(-1)", "Last", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("space", "mark", "Mark", show=False),
        Binding("enter", "select", "Open", show=False),
    ]

    class _About(Message):
        def __init__(self, table: "LineTable", key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> "LineTable":
            """The table that the message is about."""
            return self.table

    class RowHighlighted(_About):
        """The cursor came to stand on the row `key`; `""` when the table became empty."""

        def can_replace(self, message: Message) -> bool:
            """Only the newest place of the cursor matters."""
            return isinstance(message, LineTable.RowHighlighted) and message.table is self.table

    class RowSelected(_About):
        """A person pressed enter on the row `key`."""

    class MarksChanged(Message):
        """Rows were marked or unmarked: `keys` are the marked ones, shown now or not."""

        def __init__(self, table: "LineTable", keys: frozenset[str]) -> None:
            super().__init__()
            self.table = table
            self.keys = keys

        @property
        def control(self) -> "LineTable":
            """The table that the message is about."""
            return self.table

    def __init__(
        self,
        columns: Sequence[Column] = (),
        style_of: StyleOf | None = None,
        *,
        empty: str | Line = "",
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(style_of, id=id, classes=classes)
        self._columns = tuple(columns)
        self._places: tuple[Place, ...] = ()
        self._fitted_to = -1
        self._empty: Line = plain(empty, "table.empty") if isinstance(empty, str) else empty
        self._show_header = True
        self._keys: Sequence[str] = ()
        self._render_row: RenderRow = lambda key: Row(key, ())
        self._cursor = RowCursor()
        self._marks: frozenset[str] = frozenset()
        self._top = 0
        self._drawn: dict[int, _Drawn | None] = {}
        self._drawn_at: Size | None = None
        self._strips: dict[str, tuple[Row, _State, Strip]] = {}
        self._pressed_at = 0.0

    @property
    def keys(self) -> Sequence[str]:
        """The keys of all rows, in order."""
        return self._keys

    @property
    def cursor_key(self) -> str | None:
        """The key of the row under the cursor, or None in an empty table."""
        return self._cursor.key

    @property
    def marks(self) -> frozenset[str]:
        """The marked keys, those of rows that are gone or filtered away included."""
        return self._marks

    def set_keys(
        self, columns: Sequence[Column], keys: Sequence[str], render_row: RenderRow
    ) -> None:
        """Show the rows of these keys, already sorted; visible ones are drawn by `render_row`.

        Call it again whenever a row may have changed: visible rows are drawn anew and compared.
        """
        self._render_row = render_row
        before = self._cursor.key
        if tuple(columns) != self._columns:
            self._columns = tuple(columns)
            self._lay_out_columns()
            self.refresh()
        if keys != self._keys:
            line = self._cursor.index - self._top
            self._cursor.follow(self._keys, keys)
            self._keys = keys
            if self._top:
                self._top = self._cursor.index - line
        self._keep_cursor_in_view()
        self._refresh_changed()
        if self.styles.auto_dimensions:
            self.refresh(layout=True)
        if self._cursor.key != before:
            self.post_message(self.RowHighlighted(self, self._cursor.key or ""))

    def set_empty(self, message: str | Line) -> None:
        """Say this where there are no rows."""
        line = plain(message, "table.empty") if isinstance(message, str) else message
        if line != self._empty:
            self._empty = line
            if not self._keys:
                self.refresh_drawn([self._header_height])

    def clear_marks(self) -> None:
        """Unmark every row."""
        self._change_marks(frozenset())

    def key_drawn(self) -> str | None:
        """Return the key of the row that was drawn under the cursor when the last key was pressed.

        When its row vanished between the key press and now, this is still that row's key and
        not the neighbour's that took its place. None in a table that was empty.
        """
        return self._cursor.key_drawn(self._pressed_at, monotonic())

    def keys_chosen(self) -> tuple[str, ...]:
        """Return what an action is about: marked rows in row order, else the one `key_drawn`.

        Marks whose rows are all gone or filtered away choose nothing, never the cursor's row.
        """
        if self._marks:
            return tuple(key for key in self._keys if key in self._marks)
        key = self.key_drawn()
        return () if key is None else (key,)

    @property
    def _header_height(self) -> int:
        return 1 if self._show_header and self._columns else 0

    @property
    def _page(self) -> int:
        return max(1, self.size.height - self._header_height)

    def _lay_out_columns(self) -> None:
        # A strip drawn for other places is none of this layout, even at the same width.
        self._strips.clear()
        self._fitted_to = -1

    def _fit(self) -> tuple[Place, ...]:
        """Return where the columns stand at the width that is drawn now.

        A widget is told its first size only once the frame that was drawn at it is out.
        """
        room = max(0, self.size.width - 2)
        if room != self._fitted_to:
            self._fitted_to = room
            self._places = fit_columns(self._columns, room) if room else ()
        return self._places

    def _keep_cursor_in_view(self) -> None:
        index, page = self._cursor.index, self._page
        top = min(max(self._top, index - page + 1), index)
        self._top = max(0, min(top, len(self._keys) - page))

    def _refresh_changed(self) -> None:
        drawn = self._drawn
        self.refresh_drawn([y for y in drawn if self._content(y) != drawn[y]])

    def notify_style_update(self) -> None:
        """Draw every row anew when the style sheet is applied again."""
        self._strips.clear()
        super().notify_style_update()

    def restyle(self) -> None:
        """Resolve every token anew and repaint: the theme changed."""
        self._strips.clear()
        super().restyle()

    def on_resize(self, _event: events.Resize) -> None:
        """Fit the rows to the new size, unless they are drawn at it already."""
        top = self._top
        self._keep_cursor_in_view()
        if self._top != top or self.size != self._drawn_at:
            self._drawn.clear()
            self.refresh()

    def on_focus(self) -> None:
        """Draw the cursor as one that obeys keys."""
        self._refresh_changed()

    def on_blur(self) -> None:
        """Draw the cursor as one that waits."""
        self._refresh_changed()

    def on_key(self, event: events.Key) -> None:
        """Remember when the key was pressed, before any action asks for `key_drawn`."""
        self._pressed_at = event.time

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row clicked; a second click opens it."""
        index = self._top + event.y - self._header_height
        if event.y >= self._header_height and index < len(self._keys):
            self._cursor.move(self._keys, index)
            self._after_move()
            if event.chain == 2:
                self.post_message(self.RowSelected(self, self._keys[index]))

    def on_mouse_scroll_down(self) -> None:
        """Move three rows down."""
        self.action_move(3)

    def on_mouse_scroll_up(self) -> None:
        """Move three rows up."""
        self.action_move(-3)

    def action_move(self, rows: int) -> None:
        """Move the cursor by that many rows, down if positive."""
        self._cursor.move(self._keys, self._cursor.index + rows)
        self._after_move()

    def action_move_to(self, index: int) -> None:
        """Move the cursor to the row `index`; -1 is the last."""
        self._cursor.move(self._keys, index if index >= 0 else len(self._keys) + index)
        self._after_move()

    def action_page(self, pages: int) -> None:
        """Move the cursor and the view by that many pages, down if positive."""
        self._top += pages * self._page
        self.action_move(pages * self._page)

    def action_mark(self) -> None:
        """Mark or unmark the row that was drawn under the cursor, and go to the next."""
        key = self.key_drawn()
        if key is not None:
            self._change_marks(self._marks ^ {key})
            if key == self._cursor.key:
                self.action_move(1)

    def action_select(self) -> None:
        """Open the row that was drawn under the cursor."""
        key = self.key_drawn()
        if key is not None:
            self.post_message(self.RowSelected(self, key))

    def _after_move(self) -> None:
        self._keep_cursor_in_view()
        self._refresh_changed()
        if self._cursor.key is not None:
            self.post_message(self.RowHighlighted(self, self._cursor.key))

    def _change_marks(self, marks: frozenset[str]) -> None:
        if marks != self._marks:
            self._marks = marks
            self._refresh_changed()
            self.post_message(self.MarksChanged(self, marks))

    def _content(self, y: int) -> _Drawn | None:
        """Return what line `y` shows: the row, the token over it, and the margin's glyph."""
        line = y - self._header_height
        if line < 0:
            return None
        index = self._top + line
        thumb = self._thumb(line)
        if index >= len(self._keys):
            return (Row("", (self._empty,)) if not self._keys and line == 0 else None, "", thumb)
        row = self._render_row(self._keys[index])
        over = row.style
        if index == self._cursor.index:
            over = "table.cursor" if self.has_focus else "table.cursor.blurred"
        return (row, over, ("*" if row.key in self._marks else " ") + thumb)

    def _thumb(self, line: int) -> str:
        rows, page = len(self._keys), self._page
        if rows <= page:
            return " "
        length = max(1, page * page // rows)
        start = round(self._top * (page - length) / (rows - page))
        track, thumb = (":", "#") if self.ascii_only else ("│", "┃")
        return thumb if start <= line < start + length else track

    def render_line(self, y: int) -> Strip:
        """Draw line `y`, counted from the widget's top, and remember what it shows."""
        if self.size != self._drawn_at:
            # The frame is out before the widget is told its size: a list that grew would end in blanks.
            self._keep_cursor_in_view()
            self._drawn_at = self.size
        content = self._content(y)
        self._drawn[y] = content
        if content is None:
            return self._draw_header()
        row, over, margin = content
        if row is None:
            return self.draw(())
        if not self._keys:
            self._cursor.painted(monotonic())
            return self.draw((("  ", ""), *self._empty))
        if self._top + y - self._header_height == self._cursor.index:
            self._cursor.painted(monotonic())
        return self._draw_row(row, over, margin)

    def _draw_row(self, row: Row, over: str, margin: str) -> Strip:
        """Return the row's strip, the one drawn before if nothing about it changed."""
        base = self.visual_style.rich_style
        state = (over, margin, self.size.width, base)
        kept = self._strips.get(row.key)
        if kept is not None and kept[1] == state and (kept[0] is row or kept[0] == row):
            return kept[2]
        segments = self.styler.segments(self._spans(row.cells, margin), base, over)
        segments += self.styler.segments(((margin[1], "table.scroll"),), base)
        strip = Strip(segments).adjust_cell_length(self.size.width, base)
        if len(self._strips) > _STRIPS_KEPT:
            self._strips.clear()
        self._strips[row.key] = (row, state, strip)
        return strip

    def _draw_header(self) -> Strip:
        titles = tuple(plain(column.title) for column in self._columns)
        spans = self._spans(titles, "  ")
        base = self.visual_style.rich_style
        segments = self.styler.segments((*spans, (" ", "")), base, "table.header")
        return Strip(segments).adjust_cell_length(self.size.width, base)

    def _spans(self, cells: tuple[Line, ...], margin: str) -> list[Span]:
        spans: list[Span] = [(margin[0], "table.mark")]
        used = 1
        ellipsis = self.ellipsis
        for place in self._fit():
            if used > 1:
                spans.append((" ", ""))
                used += 1
            column = self._columns[place.index]
            cell = cells[place.index] if place.index < len(cells) else ()
            spans += fit_line(cell, place.width, column.align, ellipsis)
            used += place.width
        spans.append((" " * (self.size.width - 1 - used), ""))
        return spans

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the lines of header and rows, for `height: auto`."""
        return self._header_height + max(1, len(self._keys))
