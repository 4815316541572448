"""Values, ages and trends in words."""

import math
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.indicator import Indicator, Unit
from opsdash.domain.text import SafeText
from opsdash.ui.format import (
    age,
    age_step,
    baseline,
    figure,
    scale_of,
    short_age,
    threshold,
    trend,
    windows,
)
from opsdash.ui.glyphs import ASCII


def indicator(unit: Unit, warn: float | None = None, crit: float | None = None) -> Indicator:
    return Indicator("x", SafeText("X"), "up", unit, warn, crit)


@pytest.mark.parametrize(
    ("value", "unit", "crit", "written"),
    [
        (0.1424, Unit.SECONDS, 0.5, "142 ms"),
        (1.24, Unit.SECONDS, 5.0, "1.2 s"),
        (1.24, Unit.SECONDS, None, "1.2 s"),
        (0.00004, Unit.SECONDS, None, "40 µs"),
        (12.0, Unit.SECONDS, 0.5, "12.0 s"),
        (0.9998, Unit.RATIO, 0.99, "99.98 %"),
        (0.025, Unit.RATIO, 0.01, "2.50 %"),
        (0.98, Unit.RATIO, 0.9, "98 %"),
        (62.4, Unit.PERCENT, 90.0, "62 %"),
        (45.2, Unit.RATE, None, "45 /s"),
        (0.45, Unit.RATE, None, "0.45 /s"),
        (2450.0, Unit.COUNT, None, "2,450"),
        (12.3e9, Unit.BYTES, None, "12.3 GB"),
        (512.0, Unit.BYTES, None, "512 B"),
        (1.0, Unit.UP, None, "up"),
        (0.0, Unit.UP, None, "down"),
        (0.0, Unit.COUNT, None, "0"),
        (-3.0, Unit.COUNT, None, "-3"),
        (2.5e9, Unit.COUNT, None, "2.5G"),
    ],
)
def test_a_value_is_written_with_its_unit(
    value: float, unit: Unit, crit: float | None, written: str
) -> None:
    """Each base unit reads as people write it."""
    assert str(figure(value, indicator(unit, crit=crit))) == written


def test_absent_is_not_zero_and_nan_is_not_a_number() -> None:
    """What is not known is said in words, never as a figure."""
    rate = indicator(Unit.RATE)
    assert str(figure(None, rate)) == "no data"
    assert str(figure(math.nan, rate)) == "unknown"
    assert str(figure(math.inf, rate)) == "+Inf"
    assert str(figure(-math.inf, rate)) == "-Inf"


@pytest.mark.parametrize(
    ("value", "written"), [(0.99996, "99.99 %"), (1.0, "100.00 %"), (0.00001, "<0.01 %")]
)
def test_rounding_never_hides_a_failure(value: float, written: str) -> None:
    """Almost all is not all, and a little is not nothing."""
    assert str(figure(value, indicator(Unit.RATIO, crit=0.99))) == written


def test_the_unit_stays_while_the_value_crosses_it() -> None:
    """A latency that passes one second keeps milliseconds, so that its column stands still."""
    latency = indicator(Unit.SECONDS, 0.3, 0.5)
    assert [figure(v, latency).unit for v in (0.09, 0.9, 1.1, 9.0)] == ["ms"] * 4


@given(st.floats(), st.sampled_from(list(Unit)), st.none() | st.floats(0, 1e12))
def test_any_value_has_words(value: float, unit: Unit, crit: float | None) -> None:
    """No float that a server may answer with breaks the screen."""
    found = indicator(unit, crit=crit)
    assert figure(value, found, scale_of(found, value)).number


@pytest.mark.parametrize(
    ("value", "compared", "written"),
    [
        (115.0, 100.0, "↑15%"),
        (96.0, 100.0, "↓4%"),
        (100.2, 100.0, "→0%"),
        (5.0, 0.0, "n/a"),
        (5.0, None, "n/a"),
        (None, 5.0, "n/a"),
        (math.nan, 5.0, "n/a"),
        (-50.0, -100.0, "↑50%"),
        (1e9, 1.0, "↑>999%"),
    ],
)
def test_a_trend_has_a_sign_and_a_figure(
    value: float | None, compared: float | None, written: str
) -> None:
    """The change is relative to then, and n/a where then is zero or unknown."""
    assert trend(value, compared) == written


def test_a_trend_can_be_written_in_ascii() -> None:
    """The sign is from the terminal's set."""
    assert trend(115.0, 100.0, ASCII) == "^15%"


@pytest.mark.parametrize(
    ("seconds", "written"),
    [
        (-5, "0s"),
        (0, "0s"),
        (58.9, "58s"),
        (72, "1m12s"),
        (599, "9m59s"),
        (600, "10m"),
        (3599, "59m"),
        (10920, "3h02m"),
        (187200, "2d04h"),
        (86400 * 120, "120d"),
    ],
)
def test_an_age_has_at_most_two_units(seconds: float, written: str) -> None:
    """Ages are short, and a clock that is behind gives none below zero."""
    assert age(timedelta(seconds=seconds)) == written


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=400)))
def test_an_age_reads_the_same_until_its_step_is_over(length: timedelta) -> None:
    """A screen that is drawn again only after the step misses no change before it."""
    step = age_step(length)
    assert step > timedelta()
    assert age(length + step - timedelta(microseconds=1)) == age(length)


def test_a_short_age_has_one_unit() -> None:
    """An owner's age is told in the largest unit."""
    found = [short_age(timedelta(seconds=s)) for s in (58, 720, 7400, 200000)]
    assert found == ["58s", "12m", "2h", "2d"]


def test_a_threshold_says_its_direction() -> None:
    """Above or below, in the unit of the tile."""
    assert threshold(indicator(Unit.SECONDS, 0.3, 0.5), 0.3) == "> 300 ms"
    low = Indicator("x", SafeText("X"), "up", Unit.RATIO, 0.999, 0.99, below=True)
    assert threshold(low, 0.99) == "< 99.00 %"
    assert threshold(low, None) == ""


def test_the_windows_are_read_from_the_query() -> None:
    """A sub-query's step is no window, and each window is named once."""
    query = "sum(rate(a[5m])) / sum(rate(b[5m])) + max_over_time(c[24h:15s])"
    assert windows(Indicator("x", SafeText("X"), query, Unit.RATE)) == ("5m", "24h")


@pytest.mark.parametrize(
    ("value", "compared", "words"),
    [
        (0.45, 0.35, "↑ from 35%"),
        (0.35, 0.45, "↓ from 45%"),
        (0.35, 0.35, "→ from 35%"),
        (1.0, 1.0, "→ from 100%"),
        (0.9, 0.9998, "↓ from 100%"),
        (0.0006, 0.001, "↓ from 0.10%"),
        (0.35, None, "n/a"),
        (0.35, 0.0, "n/a"),
        (float("nan"), 0.35, "n/a"),
    ],
)
def test_a_share_is_compared_by_what_it_was(
    value: float, compared: float | None, words: str
) -> None:
    """`45 % ↑ from 35%` (S12) and not `↑29%`, which reads as a share itself; twelve cells at most."""
    indicator = Indicator("cpu", SafeText("CPU"), "q", Unit.RATIO, compare=timedelta(days=1))
    assert baseline(value, compared, indicator) == words
    assert len(words) <= 12
