"""Lines of spans: shown as they are, repainted where they differ."""

from typing import Any

from rich.segment import Segment
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import Static

from opsdash.ui.widgets.lines import Lines
from opsdash.ui.widgets.spans import plain


class LinesApp(App[None]):
    """Lines above a footer, and what they refreshed."""

    CSS = "#lines { width: 100%; }"

    def __init__(self, height: str = "auto") -> None:
        super().__init__()
        self.refreshed: list[int] = []
        self.height = height

    def compose(self) -> ComposeResult:
        app = self

        class Watched(Lines):
            def refresh(self, *regions: Region, **settings: Any) -> Any:
                app.refreshed += [region.y for region in regions] or [-1]
                return super().refresh(*regions, **settings)

        lines = Watched([plain("one"), plain("two"), plain("three")], id="lines")
        lines.styles.height = self.height
        yield lines
        yield Static("below", markup=False)

    @property
    def shown(self) -> Lines:
        return self.query_one(Lines)

    def text(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]


async def test_only_lines_that_differ_are_refreshed() -> None:
    """One changed line is one region; none is none."""
    app = LinesApp()
    async with app.run_test(size=(20, 6)) as pilot:
        app.refreshed.clear()
        app.shown.update([plain("one"), plain("two"), plain("three")])
        assert app.refreshed == []
        app.shown.update([plain("one"), plain("2", "token"), plain("three")])
        assert app.refreshed == [1]
        await pilot.pause()
        assert app.text()[:4] == ["one", "2", "three", "below"]


async def test_more_lines_move_what_is_below() -> None:
    """With `height: auto` the widget grows and shrinks with its lines."""
    app = LinesApp()
    async with app.run_test(size=(20, 8)) as pilot:
        app.shown.update([plain(str(i)) for i in range(5)])
        await pilot.pause()
        assert app.text()[:6] == ["0", "1", "2", "3", "4", "below"]
        app.shown.update([])
        await pilot.pause()
        assert app.text()[0] == "below"


async def test_a_fixed_height_leaves_the_rest_blank() -> None:
    """Fewer lines than the widget has leave blanks, more are not shown."""
    app = LinesApp(height="3")
    async with app.run_test(size=(20, 5)) as pilot:
        app.shown.update([plain("only")])
        await pilot.pause()
        assert app.text()[:4] == ["only", "", "", "below"]
        app.shown.update([plain(str(i)) for i in range(9)])
        await pilot.pause()
        assert app.text()[:4] == ["0", "1", "2", "below"]


async def test_brackets_are_text_and_long_lines_are_cut() -> None:
    """No markup is executed; the end of a line that is too long is an ellipsis."""
    app = LinesApp()
    async with app.run_test(size=(14, 6)) as pilot:
        app.shown.update(
            [plain("disk [/dev] x"), plain("漢字漢字漢字漢字"), plain("[@click=quit]")]
        )
        await pilot.pause()
        assert app.text()[:3] == ["disk [/dev] x", "漢字漢字漢字 …", "[@click=quit]"]


async def test_strips_are_drawn_as_they_are() -> None:
    """A strip that is already styled is padded or cut, nothing else."""
    app = LinesApp()
    async with app.run_test(size=(10, 6)) as pilot:
        app.shown.update([Strip([Segment("0123456789abc")]), Strip([Segment("ab")]), plain("x")])
        await pilot.pause()
        assert app.text()[:3] == ["0123456789", "ab", "x"]
