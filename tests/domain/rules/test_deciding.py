"""What decides whether a rule fires: the figure and the threshold that the rules screen shows."""

from datetime import UTC, datetime

import pytest

from opsdash.domain.rules.deciding import Kind, decide, nearest, threshold_of
from opsdash.domain.sample import Sample

NOW = datetime(2025, 12, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expr", "figure", "threshold"),
    [
        ("up == 0", "up", "== 0"),
        ("(a / b > 5)", "a / b", "> 5"),
        ("5 < x", "x", "> 5"),
        ("a > 1 < 5", "a > 1", "< 5"),
        ("time() - x > 3 * 3600", "time() - x", "> 3 * 3600"),
        ("x > (14.4 * 0.001)", "x", "> 14.4 * 0.001"),
        ("x{a=~'b|c'}[5m:1m] offset 1h > -1", "x{a=~'b|c'}[5m:1m] offset 1h", "> -1"),
        (
            "x offset 1h30m > 2 * y offset -1d12h and z",
            "x offset 1h30m",
            "> 2 * y offset -1d12h and …",
        ),
        ("x @ end() > 5", "x @ end()", "> 5"),
        ("x{}[1h30m:5m] offset 90m < 1h30m", "x{}[1h30m:5m] offset 90m", "< 1h30m"),
        ("-x ^ 2 >= 4 # > 6", "-x ^ 2", ">= 4"),
        ("a > 1 and b > 2", "a", "> 1 and …"),
        ("a > 1 and on(i) b > 2 and c", "a", "> 1 and …"),
        ("a > 1 unless on (job) b", "a", "> 1 unless …"),
        ("a and on() b > 2", "b", "> 2 and …"),
        ("count(a) > 0 and on(job) q < 604800", "q", "< 604800 and …"),
        ("a > 0 and b > 0", "a", "> 0 and …"),
        ("a > 5 or b > 7", "a", "> 5 or …"),
        ("(a > 5 and b > 1) or (c < 2)", "a", "> 5 and … or …"),
        ("max by (p) (s) == 0 or absent(s)", "max by (p) (s)", "== 0 or absent"),
        ("absent(s) or max(s) == 0", "max(s)", "== 0 or absent"),
        ("absent(x)", "absent(x)", "absent"),
        ("absent(x) == 1", "absent(x)", "absent"),
        ("absent_over_time(x[5m]) and on() y", "absent_over_time(x[5m])", "absent and …"),
        ("absent(x) or absent(y)", "(absent(x)) or (absent(y))", "absent"),
        ("count by (job) (up == 0)", "up", "== 0"),
        ("label_replace(x > 5, 'a', '$1', 'b', '(.*)')", "x", "> 5"),
        ("100 * (x > 5)", "x", "> 5"),
        ("sum(x > 5) > 2", "sum(x > 5)", "> 2"),
        ("a > b", "a", "> b"),
        ("a > on (x) group_left (y) 0.9 * b", "a", "> 0.9 * b"),
        ("quantile by (a) (0.9, x) > 1", "quantile by (a) (0.9, x)", "> 1"),
        ("vector(1)", "", "any value"),
        ("rate(x[5m]) >= bool 1", "", "any value"),
        ("ALERTS{alertstate='firing'}", "", "any value"),
        ("x unless y", "", "any value unless …"),
        ("x > > 5", "", "as written"),
        ("(" * 3000 + "x" + ")" * 3000, "", "as written"),
    ],
)
def test_the_part_that_decides_is_found(expr: str, figure: str, threshold: str) -> None:
    """Through and, or, unless, absent, aggregations and arithmetic; what has none says so in a word."""
    found = decide(expr)
    assert (found[0].figure if found else "") == figure
    assert threshold_of(expr) == threshold


def test_branches_are_queries_of_their_own() -> None:
    """Each branch of an `or` can be asked for alone, with what must hold besides."""
    first, second = decide("(a > 5 or absent(b)) and on(job) c")
    assert (first.branch, first.kind) == ("(a > 5) and on(job) c", Kind.COMPARED)
    assert (second.branch, second.kind) == ("(absent(b)) and on(job) c", Kind.ABSENT)


def test_a_long_bound_is_cut_until_its_figure_is_known() -> None:
    """A threshold that is a query shows how it begins, then its figure."""
    (one,) = decide("a > 1.02 * min_over_time(process_resident_memory_bytes[30m] offset 30m)")
    assert one.threshold() == "> 1.02 * min_over_time(process_resident_m…"
    assert one.threshold(1234.5678) == "> 1,235"


def _samples(**values: float) -> list[Sample]:
    return [Sample(value, NOW, {"__name__": "x", "i": i}) for i, value in values.items()]


@pytest.mark.parametrize(
    ("expr", "figures", "bounds", "found"),
    [
        ("x > 5", {"a": 1, "b": 4}, {}, (4, None)),
        ("x < 5", {"a": 7, "b": 6}, {}, (6, None)),
        ("x > y", {"a": 10, "b": 9}, {"a": 100, "b": 10}, (9, 10)),
        ("x < y", {"a": 10, "b": 90}, {"a": 1, "b": 80}, (10, 1)),
        ("x == y", {"a": 3, "b": 9}, {"a": 1, "b": 9}, (9, 9)),
        ("x > y", {"a": 10}, {"b": 1}, (10, None)),
        ("x > 5", {"a": float("nan")}, {}, (None, None)),
        ("x > 5", {}, {}, (None, None)),
    ],
)
def test_the_series_nearest_to_passing_is_shown(
    expr: str,
    figures: dict[str, float],
    bounds: dict[str, float],
    found: tuple[float | None, float | None],
) -> None:
    """Of many series the one that fires first, with the bound of the same series."""
    (one,) = decide(expr)
    assert nearest(one, _samples(**figures), _samples(**bounds)) == found


def test_the_series_of_an_alert_comes_before_the_nearest() -> None:
    """What fires longest is what the row speaks of."""
    (one,) = decide("x > y")
    figures, bounds = _samples(a=10, b=99), _samples(a=5, b=1)
    assert nearest(one, figures, bounds, {"i": "a", "severity": "critical"}) == (10, 5)
