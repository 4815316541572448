"""The metric panes as the cursor knows them: one tile of each has it."""

from collections.abc import Callable

from opsdash.domain.indicator import Pane, Reading
from opsdash.ui.widgets.lines import Lines


class Tiles(Lines, can_focus=True):
    """The upper lines, which have the keys while a metric pane is the one in use."""


class TileCursor:
    """Remembers, by ids, which tile of each metric pane the cursor is on; at first it is the first."""

    def __init__(self) -> None:
        self._at: dict[str, str] = {}

    def reading(self, pane: Pane | None) -> Reading | None:
        """Return the tile of `pane` under the cursor, none in a pane without tiles."""
        if pane is None or not pane.readings:
            return None
        wanted = self._at.get(pane.id)
        found = (r for r in pane.readings if r.indicator.id == wanted)
        return next(found, pane.readings[0])

    def move(self, pane: Pane | None, where: Callable[[int, int], int]) -> bool:
        """Move to the place that `where` gives for the present one and how many there are.

        Return whether there is a tile to move to.
        """
        here = self.reading(pane)
        if pane is None or here is None:
            return False
        ids = [r.indicator.id for r in pane.readings]
        self._at[pane.id] = ids[where(ids.index(here.indicator.id), len(ids))]
        return True
