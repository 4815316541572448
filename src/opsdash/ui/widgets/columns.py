"""Columns of a table, fitted to the width that a terminal has."""

from collections.abc import Sequence

from opsdash.domain.frozen import dataclass
from opsdash.ui.widgets.spans import Align


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its heading, its width in cells, and who gives way on a narrow screen.

    It wants `width` cells and takes no fewer than `least` (default: `width`). A `flex` above 0
    takes that share of the room left over, up to `most`. Columns of the lowest `keep` are
    dropped first, the rightmost of equals first.
    """

    id: str
    title: str
    width: int
    least: int | None = None
    most: int | None = None
    flex: int = 0
    keep: int = 0
    align: Align = "left"

    @property
    def floor(self) -> int:
        """The fewest cells in which the column is shown."""
        return self.width if self.least is None else min(self.least, self.width)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a column is drawn: its index among all columns, and its width in cells."""

    index: int
    width: int


def fit_columns(columns: Sequence[Column], width: int, gap: int = 1) -> tuple[Place, ...]:
    """Return the columns that fit in `width` cells with `gap` between them, left to right.

    One column always stays; it may be cut to the width.
    """
    shown = list(range(len(columns)))

    def needed() -> int:
        return sum(columns[i].floor for i in shown) + gap * (len(shown) - 1)

    while len(shown) > 1 and needed() > width:
        shown.remove(min(shown, key=lambda i: (columns[i].keep, -i)))
    if not shown:
        return ()
    widths = {i: columns[i].floor for i in shown}
    spare = width - needed()
    if spare < 0:
        widths[shown[0]] = max(0, width)
    for i in sorted(shown, key=lambda i: (-columns[i].keep, i)):
        grown = min(columns[i].width - widths[i], max(0, spare))
        widths[i] += grown
        spare -= grown
    _share(columns, widths, spare)
    return tuple(Place(i, widths[i]) for i in shown)


def _share(columns: Sequence[Column], widths: dict[int, int], spare: int) -> None:
    hungry = [i for i in widths if columns[i].flex > 0]
    while spare > 0 and hungry:
        shares = sum(columns[i].flex for i in hungry)
        given = 0
        for i in list(hungry):
            most = columns[i].most
            share = max(1, spare * columns[i].flex // shares)
            room = share if most is None else min(share, most - widths[i])
            room = min(room, spare - given)
            widths[i] += room
            given += room
            if most is not None and widths[i] >= most:
                hungry.remove(i)
        if not given:
            break
        spare -= given
