"""The table of a pane: keys come from the registry, borders and heading from the layout."""

from typing import ClassVar

from textual.binding import BindingType

from opsdash.ui.widgets.table import LineTable


class Roster(LineTable, inherit_bindings=False):
    """A table without keys of its own, so that a remapped key is not bound twice."""

    BINDINGS: ClassVar[list[BindingType]] = []

    _headed = True
    _framed = False

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

    @property
    def framed(self) -> bool:
        """Whether it has a border at its two sides."""
        return self._framed

    @framed.setter
    def framed(self, framed: bool) -> None:
        self._framed = framed
        self.set_class(framed, "framed")
