"""A sheet: what lies over the dashboard until it is closed."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import BindingType
from textual.css.types import EdgeType
from textual.screen import ModalScreen

from opsdash.ui.lines import Line, crop, frame_bottom, frame_top, framed, line, plain
from opsdash.ui.moment import Moment
from opsdash.ui.panes.problems import engine_lines
from opsdash.ui.widgets.entry import EntryLine
from opsdash.ui.widgets.lines import Lines, LineWidget

if TYPE_CHECKING:
    from opsdash.ui.app import OpsdashApp

T = TypeVar("T")


class Sheet(ModalScreen[T], inherit_css=False):
    """A framed sheet in the middle of the screen; its keys reach nothing beneath it."""

    BINDINGS: ClassVar[list[BindingType]] = []
    AUTO_FOCUS = ""

    app: "OpsdashApp"

    title_words = ""
    hint = ""
    prompt = ""
    tells_alarms = False
    _answered = False
    _made = False

    def compose(self) -> ComposeResult:
        """Put up the lines, what is typed, and the border's last line."""
        self.face = Lines(id="face")
        self.foot = Lines(id="foot")
        parts: list[LineWidget] = [self.face, self.foot]
        if self.prompt:
            self.entry = EntryLine(self, self.prompt, id="entry")
            parts.insert(1, self.entry)
        yield from self.made_ready(parts)

    def made_ready(self, parts: Sequence[LineWidget]) -> Sequence[LineWidget]:
        """Return the parts drawn and of their size, so that the first layout is the right one.

        Of a size given only once they are mounted there would be a frame at the left edge before.
        """
        self.app.clothe(parts)
        self._made = True
        self.redraw()
        return parts

    def on_mount(self) -> None:
        """Draw for the size that the screen has by now, and take the keys."""
        self.redraw()

    def on_key(self, event: events.Key) -> None:
        """Type what is typed; without a prompt it is the sheet's own affair."""
        event.stop()
        event.prevent_default()
        if self.prompt:
            self.entry.take(event)
        else:
            self.press(event)

    def on_paste(self, event: events.Paste) -> None:
        """Type what is pasted."""
        event.stop()
        if self.prompt:
            self.entry.take(event)

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        """Close once, with the first answer: keys may wait that were pressed before it was gone."""
        if self._answered:
            return AwaitComplete()
        self._answered = True
        return super().dismiss(result)

    def press(self, event: events.Key) -> None:
        """Do what a key is for on a sheet on which nothing is typed."""

    def typed(self, text: str) -> None:
        """Note that the text is another."""

    def submitted(self, text: str) -> None:
        """Take the text as the answer."""

    def cancelled(self) -> None:
        """Close without an answer."""
        self.dismiss(None)

    def moved(self, rows: int) -> None:
        """Move the cursor of the sheet."""

    def forget_marks(self, keys: Sequence[str]) -> None:
        """Unmark what an act was done to, where rows can be marked."""

    def on_resize(self, event: events.Resize) -> None:
        """Draw for the new size."""
        self.redraw()

    def space(self) -> tuple[int, int]:
        """Return the largest inner width and height, in cells and lines."""
        size = self.app.size
        return max(size.width - 4, 1), max(size.height - 2, 1)

    def body(self, width: int, height: int, moment: Moment) -> Sequence[Line]:
        """Return the lines inside the frame, at most `width` cells wide and `height` long."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Draw for this moment."""
        if not self._made or not self.app.size.width or not self.app.size.height:
            return
        self.moment = self.app.moment()
        width, height = self.space()
        lines = list(self.body(width, height, self.moment))[:height]
        self._show(lines, width)

    def _show(self, lines: list[Line], width: int) -> None:
        glyphs = self.app.glyphs
        outer = width + 4
        title = line((self.title_words, "accent bold"))
        snapshot = self.app.snapshot
        # On a small screen it covers the line that says so.
        if snapshot and not self.tells_alarms and engine_lines(snapshot, self.moment, glyphs):
            title = crop(line(("NO ENGINE RUNS", "crit reverse bold"), " ", title), max(1, width))
        hint = line((self.hint, "muted"))
        drawn = [
            frame_top(outer, title, hint, glyphs, True),
            *(framed(one, outer, glyphs, True) for one in lines),
        ]
        bottom = frame_bottom(outer, glyphs, True)
        self.face.styles.height = len(drawn)
        self.face.update([plain(one) for one in drawn] if self.app.ascii_only else drawn)
        self.foot.update([plain(bottom) if self.app.ascii_only else bottom])
        self.face.styles.width = self.foot.styles.width = outer
        if self.prompt:
            self.entry.styles.width = outer
            kind: EdgeType = "ascii" if self.app.ascii_only else "solid"
            colour = self.app.palette.side(True)
            self.entry.styles.border_left = (kind, colour)
            self.entry.styles.border_right = (kind, colour)
