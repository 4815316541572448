"""Columns fit any width: the unimportant ones leave, the flexible ones grow."""

from hypothesis import given
from hypothesis import strategies as st

from opsdash.ui.widgets.columns import Column, fit_columns

SEVERITY = Column("severity", "Severity", 8, keep=9)
NAME = Column("name", "Alert", 30, least=10, flex=1, keep=8)
SINCE = Column("since", "For", 6, keep=5, align="right")
TEAM = Column("team", "Team", 12, least=4, most=20, flex=2, keep=1)
ALL = (SEVERITY, NAME, SINCE, TEAM)


def shown(width: int) -> dict[str, int]:
    return {ALL[place.index].id: place.width for place in fit_columns(ALL, width)}


def test_wide_screens_give_the_room_to_flexible_columns() -> None:
    """Past its most a column grows no further; the rest goes to those that may."""
    assert shown(120) == {"severity": 8, "name": 83, "since": 6, "team": 20}


def test_exactly_enough_room_is_what_each_wants() -> None:
    """With the wanted widths and gaps there is nothing to share."""
    assert shown(8 + 30 + 6 + 12 + 3) == {"severity": 8, "name": 30, "since": 6, "team": 12}


def test_narrow_screens_shrink_then_drop_what_matters_least() -> None:
    """Columns shrink to their least, those that matter more keeping their width longest."""
    assert shown(50) == {"severity": 8, "name": 29, "since": 6, "team": 4}
    assert shown(30) == {"severity": 8, "name": 14, "since": 6}
    assert shown(19) == {"severity": 8, "name": 10}
    assert shown(9) == {"severity": 8}
    assert shown(3) == {"severity": 3}


columns = st.lists(
    st.builds(
        lambda width, least, extra, flex, keep: Column(
            "c", "C", width, min(least, width), width + extra, flex, keep
        ),
        st.integers(1, 30),
        st.integers(1, 30),
        st.integers(0, 20),
        st.integers(0, 3),
        st.integers(0, 5),
    ),
    min_size=1,
    max_size=8,
)


@given(columns, st.integers(1, 250))
def test_every_fit_is_within_bounds(many: list[Column], width: int) -> None:
    """Never wider than the screen, in order, at least one; no more than `most` for any."""
    places = fit_columns(many, width)
    assert places and sum(p.width for p in places) + len(places) - 1 <= width
    assert [p.index for p in places] == sorted(p.index for p in places)
    for place in places:
        column = many[place.index]
        assert place.width <= (column.most or column.width)
        assert len(places) == 1 or place.width >= column.floor
