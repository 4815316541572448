"""The table of a pane: keys come from the registry, borders and heading from the layout."""

from typing import ClassVar

from textual.binding import BindingType
from textual.color import Color
from textual.css.types import EdgeType

from opsdash.ui.widgets.table import LineTable


class Roster(LineTable, inherit_bindings=False):
    """A table without keys of its own, so that a remapped key is not bound twice."""

    BINDINGS: ClassVar[list[BindingType]] = []

    _headed = True
    _sides: tuple[str, Color] | None = None

    @property
    def headed(self) -> bool:
        """Whether the first line names the columns."""
        return self._headed

    @headed.setter
    def headed(self, headed: bool) -> None:
        if headed != self._headed:
            self._headed = headed
            self._show_header = headed
            self._drawn.clear()
            self.refresh()

    def draw_sides(self, framed: bool, colour: Color, ascii: bool) -> None:
        """Draw a border at the two sides, or none."""
        kind: EdgeType = "" if not framed else "ascii" if ascii else "solid"
        if (kind, colour) != self._sides:
            self._sides = (kind, colour)
            self.styles.border_left = (kind, colour)
            self.styles.border_right = (kind, colour)
