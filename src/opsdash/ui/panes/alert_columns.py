"""The columns of the list of alerts, by the width of the screen: what gives way, and what room is left."""

from functools import lru_cache
from typing import NamedTuple

from opsdash.ui.widgets.columns import Column, fit_columns

WIDE, MIDDLE, NEXT_FROM = 128, 100, 71
"""Cells from which the list has all its columns, most of them, and what happens next."""


@lru_cache(maxsize=8)
def alert_columns(width: int) -> tuple[Column, ...]:
    """Return the columns that suit a list `width` cells wide."""
    narrow = width < MIDDLE
    return (
        Column("state", "", 6 if NEXT_FROM <= width < WIDE else 11, keep=9),
        Column(
            "alert",
            "ALERT",
            28 if narrow else 27,
            least=16 if narrow else 20,
            flex=1,
            most=40,
            keep=8,
        ),
        Column("where", "WHERE", 16, least=13, flex=1, most=26, keep=2 if width >= WIDE else 0),
        Column("why", "WHY", 24, least=18, flex=4, keep=0 if narrow else 4),
        Column("for", "FOR", 6, keep=7, align="right"),
        Column("owner", "OWNER", 9 if narrow else 14, keep=6),
        Column("level", "LEVEL", 10, least=8, keep=-1 if narrow else 1),
        Column("next", "NEXT", _next_width(width), least=22, flex=4, most=44, keep=5),
        Column("incident", "INCIDENT", 8, keep=3 if width >= MIDDLE else 0),
    )


def _next_width(width: int) -> int:
    return 30 if width >= WIDE else 24 if width >= MIDDLE else 26


class Rooms(NamedTuple):
    """Cells of the columns whose words are chosen by them; 0 for one that is not shown.

    `narrow` says that the list has few columns, `brief` that a state is one short word.
    """

    narrow: bool
    brief: bool
    where: int
    why: int
    next: int


@lru_cache(maxsize=8)
def rooms(width: int) -> Rooms:
    """Return what room the columns of a list have on a screen `width` cells wide."""
    columns = alert_columns(width)
    # The border and the mark at both ends are never the columns'.
    places = {columns[p.index].id: p.width for p in fit_columns(columns, width - 4)}
    narrow = width < MIDDLE
    return Rooms(
        narrow,
        places["state"] < 11,
        places.get("where", 0),
        places.get("why", 0),
        places.get("next", 0),
    )
