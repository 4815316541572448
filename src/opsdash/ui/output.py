"""The output stage: of what Textual would write, only the cells that differ from the terminal's.

Textual repaints the regions of changed widgets whole. `DiffedOutput` puts its layout and chops
updates, strips of segments, on a shadow of the screen and writes the difference. It hangs on
`App._display` and on the attributes of two classes of the compositor, all of them private:
`differs_from_stock` names what changed, and the stock path takes over.
"""

from typing import Any

from rich.console import RenderableType
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.app import App
from textual.screen import Screen

from opsdash.ui.cells import Shadow
from opsdash.ui.pens import Pens

SYNC_FROM = 2048
"""Characters from which an update is bracketed as one synchronised update, where supported."""

_SYNC_START, _SYNC_END = "\x1b[?2026h", "\x1b[?2026l"

_OF_APP = (
    "_display",
    "post_display_hook",
    "_batch_count",
    "_running",
    "_closed",
    "_sync_available",
)
_OF_UPDATES: dict[type, tuple[str, ...]] = {
    LayoutUpdate: ("strips", "region"),
    ChopsUpdate: ("chops", "spans", "chop_ends"),
}


def differs_from_stock(app: App[Any]) -> str:
    """Return which private name of Textual is gone, or `""` while all are where they were."""
    missing = [f"App.{name}" for name in _OF_APP if not hasattr(app, name)]
    for update, names in _OF_UPDATES.items():
        set_by_init = vars(update)["__init__"].__code__.co_names
        missing += [f"{update.__name__}.{name}" for name in names if name not in set_by_init]
    return ", ".join(missing)


class DiffedOutput(App[None]):
    """An app that writes only changed cells to the terminal."""

    _shadow: Shadow | None = None
    _stock_output = False
    _missed_frame = False

    def forget_screen(self) -> None:
        """Assume nothing about what the terminal shows: a resize, a resumption, stray output."""
        if self._shadow is not None:
            self._shadow.forget()

    def repaint(self) -> None:
        """Write every cell of the screen anew."""
        self.forget_screen()
        self._draw_whole()

    def repaint_missed(self) -> None:
        """Draw what was left out while the terminal did not take what was written."""
        if self._missed_frame:
            self._missed_frame = False
            self._draw_whole()

    def _draw_whole(self) -> None:
        if self._running and self.screen_stack:
            self.screen.refresh()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if renderable is None:
            # Nothing changed: what the terminal shows stays known.
            super()._display(screen, renderable)
            return
        if self._stock_output or not isinstance(renderable, LayoutUpdate | ChopsUpdate):
            self.forget_screen()
            super()._display(screen, renderable)
            return
        try:
            if not self._can_write():
                return
            if getattr(self._driver, "congested", False):
                self._missed_frame = True
                return
            try:
                written = self._difference(renderable)
            except Exception as error:
                self.log(f"the output stage failed, stock output from now on: {error!r}")
                self._stock_output = True
                self._write("\x1b[m")
                super()._display(screen, renderable)
                return
            self._write(written)
        finally:
            self.post_display_hook()

    def _can_write(self) -> bool:
        return (
            self._running
            and not self._closed
            and not self._batch_count
            and not self.is_headless
            and self._driver is not None
        )

    def _difference(self, update: LayoutUpdate | ChopsUpdate) -> str:
        shadow = self._shadow
        if shadow is None:
            shadow = self._shadow = self._new_shadow()
        shadow.resize(*self.screen.outer_size)
        if isinstance(update, LayoutUpdate):
            _put_layout(shadow, update)
        else:
            _put_chops(shadow, update)
        return shadow.flush()

    def _new_shadow(self) -> Shadow:
        pens = Pens(self.console._color_system, colour=not self.no_color)
        return Shadow(pens, getattr(self._driver, "encoding", "utf-8"))

    def _write(self, written: str) -> None:
        if not written or self._driver is None:
            return
        if getattr(self.screen.focused, "cursor_screen_offset", None) is not None:
            x, y = self.screen.outer_size.clamp_offset(self.cursor_position)
            written += f"\x1b[{y + 1};{x + 1}H"
        if self._sync_available and len(written) >= SYNC_FROM:
            written = _SYNC_START + written + _SYNC_END
        self._driver.write(written)
        self._driver.flush()


def _put_layout(shadow: Shadow, update: LayoutUpdate) -> None:
    for y, line in enumerate(update.strips, update.region.y):
        x = update.region.x
        for strip in line:
            shadow.put(x, y, strip, shadow.width)
            x += strip.cell_length


def _put_chops(shadow: Shadow, update: ChopsUpdate) -> None:
    for y, start, stop in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x <= stop and end > start:
                shadow.put(x, y, strip, min(end, stop))
