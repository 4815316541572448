"""The table: what a person sees and which row their keys mean, through every update."""

from collections.abc import Sequence
from typing import Any

import pytest
from rich.style import Style
from textual import on
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip

from opsdash.ui.widgets.columns import Column
from opsdash.ui.widgets.spans import plain
from opsdash.ui.widgets.table import LineTable, Row
from tests.ui.widgets.rows import show_rows

COLUMNS = (
    Column("severity", "Severity", 8, keep=9),
    Column("name", "Alert", 20, least=6, flex=1, keep=8),
    Column("age", "For", 5, keep=2, align="right"),
)


def row(key: str, name: str = "", age: str = "1m", style: str = "") -> Row:
    return Row(
        key, (plain("critical", "critical"), plain(name or f"alert {key}"), plain(age)), style
    )


def many(*keys: str) -> list[Row]:
    return [row(key) for key in keys]


class TableApp(App[None]):
    """A table, the regions it refreshed and the messages it sent."""

    def __init__(self, ascii_only: bool = False) -> None:
        super().__init__()
        self.ascii_only = ascii_only
        self.said: list[tuple[str, Any]] = []
        self.refreshed: list[int] = []
        self.theme_colour = "red"

    def compose(self) -> ComposeResult:
        app = self

        class Watched(LineTable):
            def refresh(self, *regions: Region, **settings: Any) -> Any:
                app.refreshed += [region.y for region in regions] or [-1]
                return super().refresh(*regions, **settings)

        yield Watched(COLUMNS, empty="All quiet")

    @property
    def table(self) -> LineTable:
        return self.query_one(LineTable)

    def style_of(self, token: str) -> Style:
        return {
            "critical": Style(color=self.theme_colour),
            "table.cursor": Style(reverse=True),
            "table.cursor.blurred": Style(underline=True),
        }.get(token, Style.null())

    @on(LineTable.RowHighlighted)
    @on(LineTable.RowSelected)
    def note_key(self, message: Any) -> None:
        self.said.append((type(message).__name__, message.key))

    @on(LineTable.MarksChanged)
    def note_marks(self, message: LineTable.MarksChanged) -> None:
        self.said.append(("MarksChanged", set(message.keys)))

    def lines(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]

    def cursor_line(self, attribute: str = "reverse") -> str:
        for strip in self.screen._compositor.render_strips():
            for segment in strip:
                if segment.style is not None and getattr(segment.style, attribute):
                    return strip.text.strip()
        return ""


async def fill(pilot: Pilot[None], rows: Sequence[Row]) -> LineTable:
    app = pilot.app
    assert isinstance(app, TableApp)
    app.table.focus()
    show_rows(app.table, COLUMNS, rows)
    await pilot.pause()
    return app.table


async def test_rows_stand_in_their_columns_under_a_heading() -> None:
    """Heading, severity, name and a right-aligned age; wide characters keep the columns."""
    app = TableApp()
    async with app.run_test(size=(40, 5)) as pilot:
        await fill(pilot, [row("a", "決済 slow"), row("b", "a name that is much too long to fit")])
        assert app.lines()[:3] == [
            " Severity Alert                     For",
            " critical 決済 slow                  1m",
            " critical a name that is much to…    1m",
        ]


async def test_ascii_terminals_get_ascii() -> None:
    """Ellipsis and scroll bar have no glyph that a plain terminal lacks."""
    app = TableApp(ascii_only=True)
    async with app.run_test(size=(30, 4)) as pilot:
        await fill(pilot, [row(str(i), "a name that is much too long") for i in range(30)])
        assert "".join(app.lines()).isascii()
        assert "~" in app.lines()[1] and app.lines()[1].endswith("#")


async def test_narrow_screens_lose_the_least_important_column() -> None:
    """A resize drops and brings back columns."""
    app = TableApp()
    async with app.run_test(size=(40, 5)) as pilot:
        await fill(pilot, many("a"))
        await pilot.resize_terminal(20, 5)
        await pilot.pause()
        assert app.lines()[0].split() == ["Severity", "Alert"]
        await pilot.resize_terminal(40, 5)
        await pilot.pause()
        assert "For" in app.lines()[0]


async def test_an_empty_table_says_so() -> None:
    """The empty message is shown, changes, and goes when rows come."""
    app = TableApp()
    async with app.run_test(size=(40, 5)) as pilot:
        table = await fill(pilot, [])
        assert app.lines()[1].strip() == "All quiet"
        table.set_empty("Waiting for the first answer")
        await pilot.pause()
        assert app.lines()[1].strip() == "Waiting for the first answer"
        show_rows(table, COLUMNS, many("a"))
        await pilot.pause()
        assert "alert a" in app.lines()[1] and "Waiting" not in "".join(app.lines())
        assert table.key_drawn() == "a"


async def test_the_cursor_stays_on_its_row_by_key() -> None:
    """Rows arrive above, change places and vanish: the cursor stays, or goes to the neighbour."""
    app = TableApp()
    async with app.run_test(size=(40, 8)) as pilot:
        table = await fill(pilot, many("a", "b", "c", "d"))
        await pilot.press("j", "j")
        assert table.cursor_key == "c"
        for keys, expected in (("xyabcd", "c"), ("dcba", "c"), ("dba", "b"), ("da", "a")):
            show_rows(table, COLUMNS, many(*keys))
            await pilot.pause()
            assert table.cursor_key == expected
            assert f"alert {expected}" in app.cursor_line()


async def test_an_action_means_the_row_that_was_drawn() -> None:
    """The row under the cursor vanishes between the press and the action: it is still meant."""
    app = TableApp()
    async with app.run_test(size=(40, 8)) as pilot:
        table = await fill(pilot, many("a", "b", "c"))
        await pilot.press("j")
        show_rows(table, COLUMNS, many("a", "c"))
        assert (table.cursor_key, table.key_drawn()) == ("c", "b")
        assert table.keys_chosen() == ("b",)
        await pilot.pause()
        await pilot.press("x")
        assert table.key_drawn() == "c"


async def test_only_changed_lines_are_refreshed() -> None:
    """Equal rows refresh nothing, a changed visible row its line, an invisible one nothing."""
    app = TableApp()
    rows = [row(str(i)) for i in range(50)]
    async with app.run_test(size=(40, 8)) as pilot:
        table = await fill(pilot, rows)

        def refreshed_by(changed: Sequence[Row]) -> list[int]:
            app.refreshed.clear()
            show_rows(table, COLUMNS, changed)
            return app.refreshed

        assert refreshed_by([row(str(i)) for i in range(50)]) == []
        rows[3] = row("3", age="2m")
        assert refreshed_by(list(rows)) == [4]
        await pilot.pause()
        rows[40] = row("40", age="2m")
        assert refreshed_by(list(rows)) == []
        app.refreshed.clear()
        await pilot.press("j")
        assert sorted(set(app.refreshed)) == [1, 2]


async def test_lazy_rows_are_drawn_for_visible_lines_only() -> None:
    """Of ten thousand keys only those on the screen are rendered, and again when they change."""
    app = TableApp()
    drawn: set[str] = set()
    ages = {"3": "1m"}

    def render(key: str) -> Row:
        drawn.add(key)
        return row(key, age=ages.get(key, "9m"))

    keys = [str(i) for i in range(10_000)]
    async with app.run_test(size=(40, 8)) as pilot:
        table = await fill(pilot, [])
        table.set_keys(COLUMNS, keys, render)
        await pilot.pause()
        assert drawn == set(keys[:7])
        ages["3"] = "2m"
        app.refreshed.clear()
        table.set_keys(COLUMNS, keys, render)
        assert app.refreshed == [4]
        await pilot.press("G")
        await pilot.pause()
        assert "alert 9999" in app.cursor_line()
        assert len(drawn) < 30


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("j", "1"),
        ("down", "1"),
        ("j k", "0"),
        ("k", "0"),
        ("G", "99"),
        ("end", "99"),
        ("G j", "99"),
        ("G g", "0"),
        ("G home", "0"),
        ("pagedown", "7"),
        ("pagedown pageup", "0"),
        ("G pageup", "92"),
        ("pagedown pagedown j up", "14"),
    ],
)
async def test_keys_move_the_cursor(keys: str, expected: str) -> None:
    """Letters, arrows and page keys reach every row, and the cursor is always visible."""
    app = TableApp()
    async with app.run_test(size=(40, 8)) as pilot:
        table = await fill(pilot, [row(str(i)) for i in range(100)])
        await pilot.press(*keys.split())
        await pilot.pause()
        assert table.cursor_key == expected
        assert f"alert {expected} " in app.cursor_line() + " "


async def test_marks_hold_on_to_keys_and_never_fall_through_to_the_cursor() -> None:
    """Marked rows are chosen in row order; when all of them are gone nothing is chosen."""
    app = TableApp()
    async with app.run_test(size=(40, 8)) as pilot:
        table = await fill(pilot, many("a", "b", "c", "d"))
        assert table.keys_chosen() == ("a",)
        await pilot.press("j", "space", "space")
        assert table.marks == {"b", "c"} and table.cursor_key == "d"
        assert [line[0] for line in app.lines()[1:5]] == [" ", "*", "*", " "]
        show_rows(table, COLUMNS, many("c", "d", "b"))
        assert table.keys_chosen() == ("c", "b")
        show_rows(table, COLUMNS, many("d", "e"))
        assert table.keys_chosen() == ()
        table.clear_marks()
        assert table.keys_chosen() == ("d",)
        await pilot.pause()
        assert ("MarksChanged", {"b", "c"}) in app.said and app.said[-1] == ("MarksChanged", set())


async def test_it_tells_where_the_cursor_is_and_what_was_opened() -> None:
    """Messages carry keys; losing every row is told as the empty key."""
    app = TableApp()
    async with app.run_test(size=(40, 8)) as pilot:
        table = await fill(pilot, many("a", "b"))
        await pilot.press("j", "enter")
        await pilot.pause()
        assert ("RowHighlighted", "b") in app.said and app.said[-1] == ("RowSelected", "b")
        show_rows(table, COLUMNS, [])
        await pilot.pause()
        assert app.said[-1] == ("RowHighlighted", "")
        await pilot.press("enter", "j", "G", "pageup", "space")
        await pilot.pause()
        assert app.said[-1] == ("RowHighlighted", "")
        assert table.keys_chosen() == ()


async def test_the_view_stays_where_it_is_when_rows_arrive_above() -> None:
    """Scrolled down, the cursor's line does not jump; at the top new rows come into view."""
    app = TableApp()
    rows = [row(str(i)) for i in range(100)]
    async with app.run_test(size=(40, 8)) as pilot:
        table = await fill(pilot, rows)
        show_rows(table, COLUMNS, [row("new"), *rows])
        await pilot.pause()
        assert "alert new" in app.lines()[1] and "alert 0" in app.cursor_line()
        table.action_move(50)
        await pilot.pause()
        place = next(y for y, line in enumerate(app.lines()) if "alert 50 " in line)
        show_rows(table, COLUMNS, [row("newer"), row("newest"), *rows])
        await pilot.pause()
        assert "alert 50 " in app.lines()[place]


async def test_another_theme_is_drawn_at_once() -> None:
    """After `restyle` tokens mean what the new theme says."""
    app = TableApp()
    async with app.run_test(size=(40, 5)) as pilot:
        table = await fill(pilot, many("a", "b"))

        def colours() -> set[str]:
            strip = app.screen._compositor.render_strips()[2]
            return {s.style.color.name for s in strip if s.style and s.style.color}

        before = colours()
        app.theme_colour = "green"
        table.restyle()
        await pilot.pause()
        assert colours() != before


async def test_the_cursor_shows_whether_it_obeys() -> None:
    """Without focus the cursor is drawn another way."""
    app = TableApp()
    async with app.run_test(size=(40, 5)) as pilot:
        await fill(pilot, many("a", "b"))
        assert "alert a" in app.cursor_line("reverse")
        app.set_focus(None)
        await pilot.pause()
        assert app.cursor_line("reverse") == "" and "alert a" in app.cursor_line("underline")


async def test_a_click_goes_to_a_row() -> None:
    """With a mouse a click moves the cursor; one on the heading or below the rows does nothing."""
    app = TableApp()
    async with app.run_test(size=(40, 8)) as pilot:
        table = await fill(pilot, many("a", "b", "c"))
        for y, expected in ((2, "b"), (0, "b"), (6, "b"), (3, "c")):
            await pilot.click(LineTable, offset=(5, y))
            assert table.cursor_key == expected


async def test_a_scrolled_list_that_grows_has_no_frame_with_blank_rows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first frame at the new size is out before the table is told of it: it is whole already."""
    app = TableApp()
    async with app.run_test(size=(30, 5)) as pilot:
        await fill(pilot, [row(str(i), f"name {i}") for i in range(9)])
        await pilot.press("G")
        await pilot.pause()
        painted: list[tuple[int, str]] = []
        render = LineTable.render_line

        def noted(table: LineTable, y: int) -> Strip:
            strip = render(table, y)
            painted.append((y, strip.text.strip()))
            return strip

        monkeypatch.setattr(LineTable, "render_line", noted)
        await pilot.resize_terminal(30, 10)
        await pilot.pause()
        assert {y for y, _ in painted} == set(range(10))
        assert [y for y, text in painted if not text] == []
        assert "name 0" in app.lines()[1]
        assert "name 8" in app.lines()[9]
