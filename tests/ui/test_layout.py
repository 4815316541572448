"""Where everything stands at every size."""

from hypothesis import given
from hypothesis import strategies as st

from opsdash.ui.layout import Content, Form, Layout, arrange


def taken(layout: Layout, width: int) -> int:
    """Return the lines that a layout uses: header, footer and borders included."""
    if layout.form is Form.TINY:
        return 1
    borders = 0
    if layout.form is Form.FULL:
        borders = 2 * bool(layout.alerts) + 2 * bool(layout.tickets)
    parts = layout.problems + layout.metrics + layout.alerts + layout.detail + layout.tickets
    return 2 + borders + parts


@given(
    st.integers(1, 300),
    st.integers(1, 120),
    st.integers(0, 9),
    st.integers(0, 3),
    st.integers(0, 30),
    st.integers(0, 10_000),
    st.integers(0, 5_000),
    st.integers(1, 5),
    st.booleans(),
)
def test_every_line_is_used_once(
    width: int,
    height: int,
    problems: int,
    panes: int,
    tiles: int,
    alerts: int,
    tickets: int,
    focus: int,
    zoomed: bool,
) -> None:
    """At any size, with any content, the parts fill the screen exactly."""
    content = Content(problems, panes, tiles, alerts, tickets)
    layout = arrange(width, height, content, focus, zoomed)
    parts = (layout.problems, layout.metrics, layout.alerts, layout.detail, layout.tickets)
    assert min(parts) >= 0
    if layout.form is not Form.TINY:
        assert taken(layout, width) == height


def test_the_sizes_of_the_design() -> None:
    """160x45 has tiles and a detail, 80x24 lines and a list, 60x15 the list alone."""
    content = Content(tiles=5, alerts=6, tickets=8)
    large = arrange(160, 45, content)
    assert (large.metrics, large.one_line, large.alerts) == (7, False, 7)
    assert large.detail >= 12
    small = arrange(80, 24, content)
    assert (small.metrics, small.one_line, small.alerts) == (3, True, 7)
    poor = arrange(60, 15, content)
    assert (poor.form, poor.metrics, poor.alerts, poor.tickets) == (Form.SINGLE, 0, 13, 0)
    assert arrange(39, 24, content).form is Form.TINY
    assert arrange(80, 9, content).form is Form.TINY


def test_many_alerts_take_the_room_of_the_detail_on_a_small_screen() -> None:
    """At 80x24 the list keeps the screen."""
    layout = arrange(80, 24, Content(tiles=5, alerts=40, tickets=8))
    assert layout.detail == 0
    assert layout.alerts >= 12


def test_an_alert_more_moves_nothing() -> None:
    """Six rows have their place before they are there."""
    layouts = {arrange(160, 45, Content(tiles=5, alerts=n)).detail for n in range(7)}
    assert len(layouts) == 1


def test_in_little_room_the_heading_stays_when_alerts_go() -> None:
    """Up to four rows keep the list as high as a heading asks for: it came with the fourth alert."""
    for width, height, problems in ((120, 35, 0), (120, 35, 2), (80, 24, 0), (80, 24, 2)):
        few = {
            arrange(width, height, Content(problems, tiles=5, alerts=n, tickets=8)).alerts
            for n in range(5)
        }
        assert few == {5}, (width, height, problems)


def test_the_pane_in_use_has_a_small_screen() -> None:
    """What is asked for is what is seen where there is no room for two."""
    content = Content(tiles=5, alerts=6, tickets=8)
    assert arrange(60, 15, content, focus=1).metrics == 13
    assert arrange(60, 15, content, focus=5).tickets == 13


def test_zoom_gives_a_pane_everything() -> None:
    """The other panes are gone, the borders stay."""
    layout = arrange(160, 45, Content(tiles=5, alerts=6, tickets=8), focus=5, zoomed=True)
    assert (layout.metrics, layout.alerts, layout.tickets) == (0, 0, 41)
