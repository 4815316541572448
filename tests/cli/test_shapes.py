"""What scripts get: values in base units, whatever unit a query answers in."""

from dataclasses import replace

import pytest

from opsdash.cli.shapes import indicator_shape
from opsdash.domain.indicator import Unit
from tests.ui.pictures import busy


def test_a_figure_in_percent_is_a_ratio_to_scripts() -> None:
    """A query of one's own may answer 42 for 42 %: the JSON says 0.42, and that it is a ratio."""
    snapshot = busy()
    reading = snapshot.panes[1].readings[0]
    percent = replace(reading, value=42.0, indicator=replace(reading.indicator, unit=Unit.PERCENT))
    shape = indicator_shape(percent, snapshot)
    assert (shape["value"], shape["unit"]) == (pytest.approx(0.42), "ratio")
    nothing = indicator_shape(replace(percent, value=None), snapshot)
    assert (nothing["value"], nothing["unit"]) == (None, "ratio")
