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


def test_a_figure_has_what_it_is_compared_with_and_the_labels_of_its_series() -> None:
    """In the base unit, and only while it is live."""
    snapshot = busy()
    cpu = snapshot.panes[1].readings[0]
    percent = replace(cpu.indicator, unit=Unit.PERCENT)
    reading = replace(
        cpu, indicator=percent, value=42.0, compared=35.0, labels={"mountpoint": "/v\x1bar"}
    )
    shape = indicator_shape(reading, snapshot)
    assert shape["compared"] == pytest.approx(0.35)
    assert shape["labels"]["mountpoint"].startswith("/v")
    assert "\x1b" not in shape["labels"]["mountpoint"]
    failed = indicator_shape(replace(reading, failed_at=snapshot.taken_at), snapshot)
    assert (failed["compared"], failed["labels"]) == (None, {})
