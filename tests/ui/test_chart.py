"""A chart is the same whatever was drawn before it."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.sample import Point
from opsdash.presets import PERFORMANCE
from opsdash.ui import chart
from opsdash.ui.chart import sparkline
from opsdash.ui.glyphs import UTF8
from opsdash.ui.moment import Moment
from tests.ui.pictures import NOW

SERIES = st.lists(st.tuples(st.integers(0, 80), st.floats(0, 1)), max_size=70)


@given(SERIES, st.lists(st.floats(0, 1), max_size=3), st.booleans(), st.integers(1, 70))
def test_what_was_drawn_before_changes_nothing(
    series: list[tuple[int, float]], newer: list[float], below: bool, width: int
) -> None:
    """The newest point moves, minutes pass, the worst is the lowest: each time as if drawn first."""
    indicator = replace(PERFORMANCE.indicators[0], below=below)
    older = {NOW - timedelta(minutes=ago): value for ago, value in series}
    points = [Point(at, older[at]) for at in sorted(older)]
    for passed, value in enumerate([0.5, *newer]):
        moment = Moment(NOW + timedelta(seconds=40 * passed))
        drawn = (*points[:-1], Point(points[-1].at, value)) if points else ()
        kept = sparkline(drawn, width, indicator, moment, UTF8)
        chart._OLDER.clear()
        assert sparkline(drawn, width, indicator, moment, UTF8) == kept
        assert sparkline(drawn, width, indicator, moment, UTF8) == kept
