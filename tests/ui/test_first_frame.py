"""What is painted when: the first frame is the whole picture, and acts are painted first."""

from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
from rich.console import RenderableType
from textual.screen import Screen

from opsdash.ui.app import OpsdashApp
from opsdash.ui.ports import Detail
from opsdash.ui.preferences import Preferences
from tests.kit.waiting import eventually
from tests.ui.driving import Clock, driven
from tests.ui.hands import MemoryFeed, MemoryHand
from tests.ui.pictures import busy
from tests.ui.running import start


class Recording(OpsdashApp):
    """A dashboard that remembers the first picture of each screen that it gave to the terminal."""

    first_frame = ""

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if renderable is not None and screen not in self.begun_with:
            self.begun_with[screen] = painted(screen)
            self.first_frame = self.first_frame or self.begun_with[screen]
        super()._display(screen, renderable)

    @cached_property
    def begun_with(self) -> dict[Screen[Any], str]:
        """The first picture of each screen."""
        return {}


def painted(screen: Screen[Any]) -> str:
    """Return the text of what a screen shows."""
    strips = screen._compositor.render_strips()
    return "\n".join(strip.text.rstrip() for strip in strips)


@pytest.mark.parametrize("size", [(200, 50), (80, 24), (60, 15)])
async def test_the_first_frame_has_the_rows(size: tuple[int, int]) -> None:
    """What is known at the opening is on the first frame, rows of both lists and all."""
    picture = busy()
    feed = MemoryFeed(picture)
    app = Recording(feed, lambda: MemoryHand(feed), Preferences(), clock=Clock(), first=picture)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        strips = app.screen._compositor.render_strips()
        settled = [strip.text.rstrip() for strip in strips]
    shown = app.first_frame.splitlines()
    assert str(picture.alerts[0].name)[:16] in app.first_frame
    listed = [line for line in settled if "CRIT" in line or "WARN" in line or "waits" in line]
    assert [line for line in listed if line not in shown] == []


@pytest.mark.parametrize("key", [*"esEhZ:?tioSvNWD", "enter"])
async def test_a_sheet_stands_in_its_place_from_its_first_frame(key: str) -> None:
    """No sheet is at the left edge, one line high, for the moment before it is where it belongs."""
    picture = busy()
    feed = MemoryFeed(picture)
    app = Recording(feed, lambda: MemoryHand(feed), Preferences(), clock=Clock(), first=picture)
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.pause()
        await pilot.press(key)
        await eventually(lambda: app.screen in app.begun_with, 10, "a frame of the sheet")
        sheet = app.screen
        await pilot.pause()
        assert app.screen is sheet
        assert app.begun_with[sheet] == painted(sheet)


def test_the_first_frame_is_written_once(tmp_path: Path) -> None:
    """A start costs the cells of one screen: nothing makes the output stage forget what it wrote."""
    with start("changing", tmp_path, "1", columns=160, lines=45) as terminal:
        terminal.wait_for("Incidents and alerts")
        terminal.settle(0.3)
        assert terminal.raw.count(b"Incidents and alerts") == 1


async def test_no_style_sheet_of_textuals_is_parsed() -> None:
    """Every rule is the dashboard's own, with a sheet open as without: Textual's cost the start 8 ms."""
    async with driven(busy()) as board:
        await board.press("?")
        await board.until(lambda: len(board.app.screen_stack) > 1)
        sheets = {place[0] for place in board.app.stylesheet.source}
    assert [place for place in sheets if "opsdash" not in Path(place).parts] == []


async def test_what_was_decided_is_painted_before_its_detail_is_read() -> None:
    """The picture in which an alert is taken does not take turns with reading the alert's timeline."""
    async with driven(busy()) as board:
        detail = board.feed.detail
        unpainted: list[object] = []
        update = board.app.dashboard._compositor_refresh

        def painted() -> None:
            unpainted.clear()
            update()

        board.app.dashboard._compositor_refresh = painted  # type: ignore[method-assign]
        redraw = board.app.redraw

        def redrawn() -> None:
            redraw()
            unpainted.append("drawn")

        board.app.redraw = redrawn  # type: ignore[method-assign]
        waiting: list[bool] = []

        async def asked(id: str) -> Detail:
            waiting.append(bool(unpainted))
            return await detail(id)

        board.feed.detail = asked  # type: ignore[method-assign]
        await board.press("a")
        await board.until(lambda: waiting)
    assert not any(waiting)
