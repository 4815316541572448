"""Widgets that draw lines of spans and repaint only the lines that changed."""

from collections.abc import Sequence
from typing import TypeAlias

from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from opsdash.ui.widgets.spans import (
    ASCII_ELLIPSIS,
    ELLIPSIS,
    Line,
    StyleOf,
    Styler,
    fit_line,
    width_of,
)

DrawnLine: TypeAlias = Line | Strip
"""A line as spans, or as a strip that is already styled."""


class LineWidget(Widget, inherit_css=False):
    """A widget that draws line by line; the base of `Lines` and `LineTable`.

    Tokens are resolved by the callable given, else by the app's `style_of(token)`. Where the
    app's `ascii_only` is true, glyphs fall back to ASCII.
    """

    ALLOW_SELECT = False

    def __init__(
        self,
        style_of: StyleOf | None = None,
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._given_style_of = style_of
        self._styler: Styler | None = None

    @property
    def styler(self) -> Styler:
        """What resolves this widget's tokens."""
        if self._styler is None:
            style_of = self._given_style_of or getattr(self.app, "style_of", None)
            self._styler = Styler(style_of or (lambda _token: Style.null()))
        return self._styler

    @property
    def ascii_only(self) -> bool:
        """Whether the terminal shows nothing but ASCII."""
        return bool(getattr(self.app, "ascii_only", False))

    @property
    def ellipsis(self) -> str:
        """What marks a text that was cut."""
        return ASCII_ELLIPSIS if self.ascii_only else ELLIPSIS

    def restyle(self) -> None:
        """Resolve every token anew and repaint: the theme changed."""
        self.styler.forget()
        self.refresh()

    def notify_style_update(self) -> None:
        """Resolve tokens anew when the style sheet is applied again, as it is with a new theme."""
        if self._styler is not None:
            self._styler.forget()
        super().notify_style_update()

    def draw(self, line: DrawnLine, over: str = "") -> Strip:
        """Return one line as a strip as wide as the widget."""
        width = self.size.width
        base = self.visual_style.rich_style
        if isinstance(line, Strip):
            return line.adjust_cell_length(width, base)
        fitted = fit_line(line, width, ellipsis=self.ellipsis)
        return Strip(self.styler.segments(fitted, base, over), width)

    def refresh_drawn(self, lines: Sequence[int]) -> None:
        """Repaint only these lines of the widget, counted from its top."""
        width = self.size.width
        if lines and width:
            self.refresh(*[Region(0, y, width, 1) for y in lines])


class Lines(LineWidget):
    """Shows a list of lines; `update` repaints the lines that differ and no others."""

    DEFAULT_CSS = """
    Lines { height: auto; }
    """

    def __init__(
        self,
        lines: Sequence[DrawnLine] = (),
        style_of: StyleOf | None = None,
        *,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(style_of, id=id, classes=classes)
        self._lines: tuple[DrawnLine, ...] = tuple(lines)

    @property
    def lines(self) -> tuple[DrawnLine, ...]:
        """The lines now shown."""
        return self._lines

    def update(self, lines: Sequence[DrawnLine]) -> None:
        """Show these lines; equal lines are not touched, equal lists cost nothing."""
        old, new = self._lines, tuple(lines)
        if old == new:
            return
        self._lines = new
        if len(old) != len(new) and self.styles.auto_dimensions:
            self.refresh(layout=True)
            return
        longest = max(len(old), len(new))
        self.refresh_drawn(
            [
                y
                for y in range(min(longest, self.size.height))
                if (old[y] if y < len(old) else ()) != (new[y] if y < len(new) else ())
            ]
        )

    def render_line(self, y: int) -> Strip:
        """Draw line `y`, counted from the widget's top."""
        return self.draw(self._lines[y] if y < len(self._lines) else ())

    def get_content_width(self, container: Size, viewport: Size) -> int:
        """Return the width of the widest line, for `width: auto`."""
        return max(
            (
                line.cell_length if isinstance(line, Strip) else width_of(line)
                for line in self._lines
            ),
            default=0,
        )

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return the number of lines, for `height: auto`."""
        return len(self._lines)
