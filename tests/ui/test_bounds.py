"""`≥ 10 s` and `412 of 418`: on the tile, in its detail, in the header's and the commands' words."""

from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash.cli.shapes import indicator_shape
from opsdash.cli.status import _indicator_line
from opsdash.domain.indicator import Level, Reading
from opsdash.presets import PAYMENTS, PERFORMANCE
from opsdash.ui.format import reading_figure, share_words
from opsdash.ui.glyphs import ASCII, UTF8
from opsdash.ui.lines import plain, text_of, width_of
from opsdash.ui.moment import Moment
from opsdash.ui.panes.indicator_page import indicator_page
from opsdash.ui.panes.metrics import pane_block, pane_line
from opsdash.ui.sameness import looks_alike
from tests.ui.pictures import NOW, busy, quiet, reading

REFRESH = timedelta(seconds=5)
BEYOND = replace(reading(PERFORMANCE.indicators[0]), value=10.0, level=Level.CRIT, at_least=True)
SHARE = replace(
    reading(PAYMENTS.indicators[0]), value=412 / 418, numerator=412.0, denominator=418.0
)


def pane(*found: Reading, width: int, of: int = 0) -> list[str]:
    """Return a pane of these tiles as text."""
    base = replace(busy().panes[of], readings=found)
    return [text_of(one) for one in pane_block(base, 1, width, 6, REFRESH, Moment(NOW), UTF8)]


@pytest.mark.parametrize("width", [54, 53, 40, 34])
def test_a_tile_says_that_its_figure_is_only_a_lower_bound(width: int) -> None:
    """At every width at which a tile has a row; nothing moves beside it."""
    row = pane(BEYOND, width=width)[1]
    assert "≥ 10.0 s" in row
    assert len(row) == width
    within = pane(replace(BEYOND, at_least=False), width=width)[1]
    assert row.index("10.0 s") == within.index("10.0 s")


def test_the_line_of_a_pane_and_plain_terminals_say_it_too() -> None:
    """At 80x24 a pane has one line; without UTF-8 the sign is another one of one cell."""
    base = replace(busy().panes[0], readings=(BEYOND,))
    assert "p95 ≥ 10.0 s ✖ crit" in text_of(pane_line(base, 1, 80, REFRESH, Moment(NOW), UTF8))
    drawn = plain(pane_line(base, 1, 80, REFRESH, Moment(NOW), ASCII))
    assert "p95 > 10.0 s X crit" in text_of(drawn)
    assert width_of(drawn) == 80


def test_a_large_lower_bound_keeps_its_column() -> None:
    """Seven cells are what a tile has for a number."""
    large = replace(BEYOND, value=12345.0)
    assert str(reading_figure(large)) == "≥12,345.0 s"
    assert len(reading_figure(replace(BEYOND, value=600.0)).number) <= 7


def test_the_two_sides_of_a_share_stand_where_there_is_room() -> None:
    """Beside the figure in a wide pane, before the bars; in a narrow one the bars stay."""
    assert "98.56 %  412 of 418 " in pane(SHARE, width=54, of=2)[1]
    assert "412" not in pane(SHARE, width=40, of=2)[1]
    large = replace(SHARE, numerator=119_920.0, denominator=119_924.0)
    rows = [pane(one, width=54, of=2)[1] for one in (SHARE, large)]
    assert "98.56 %  119,920 of 119,924   ok" in rows[1]
    assert rows[0].index(" ok ") == rows[1].index(" ok ")
    old = replace(SHARE, read_at=NOW - timedelta(minutes=9))
    assert "412" not in pane(old, width=54, of=2)[1]
    assert share_words(replace(SHARE, numerator=9_998.4, denominator=10_000.2)) == "9,998 of 10,000"
    assert share_words(replace(SHARE, numerator=None)) == ""


@pytest.mark.parametrize("width", [156, 76, 56])
def test_the_detail_has_both_with_their_queries(width: int) -> None:
    """What is asked is as open as what is said."""
    moment = Moment(NOW)
    shown = [text_of(one) for one in indicator_page(BEYOND, None, busy(), width, moment, UTF8)]
    assert "≥ 10.0 s" in shown[0]
    assert any(one.startswith("at least       the quantile is beyond the largest") for one in shown)
    shown = [text_of(one) for one in indicator_page(SHARE, None, busy(), width, moment, UTF8)]
    assert "counted        412 of 418" in shown
    assert any(one.startswith("denominator    sum(increase(payments_total{outc") for one in shown)
    bare = [
        text_of(one)
        for one in indicator_page(busy().panes[0].readings[0], None, busy(), width, moment, UTF8)
    ]
    assert not any(one.startswith(("at least", "counted", "numerator")) for one in bare)


def test_status_says_both_in_text_and_json() -> None:
    """A script reads a flag and two numbers, a person the same words as on the screen."""
    snapshot = quiet()
    line = _indicator_line(BEYOND, snapshot)
    assert "≥ 10.0 s  crit  (beyond the largest bucket of the histogram: at least this)" in line
    assert _indicator_line(SHARE, snapshot).endswith("(412 of 418)")
    shape = indicator_shape(BEYOND, snapshot)
    assert (shape["value"], shape["at_least"]) == (10.0, True)
    assert shape["reason"].startswith("beyond the largest bucket")
    shape = indicator_shape(SHARE, snapshot)
    assert (shape["numerator"], shape["denominator"], shape["at_least"]) == (412.0, 418.0, False)
    gone = indicator_shape(replace(BEYOND, read_at=NOW - timedelta(hours=1)), snapshot)
    assert (gone["value"], gone["at_least"]) == (None, False)


def test_a_bound_that_becomes_a_value_is_drawn_anew() -> None:
    """The same number may mean something else."""
    before = replace(busy(), panes=(replace(busy().panes[0], readings=(BEYOND,)),))
    within = replace(BEYOND, at_least=False)
    after = replace(before, panes=(replace(busy().panes[0], readings=(within,)),))
    assert looks_alike(before, NOW, before)
    assert not looks_alike(before, NOW, after)
