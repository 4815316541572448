"""Which series a query looks at now, and how a string is quoted."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.promql import find_selectors, quote, selectors
from tests.servers import PrometheusServer


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("up", ["up"]),
        ('up{job="a"}', ['up{job="a"}']),
        ('{__name__="up"}', ['{__name__="up"}']),
        ('{"http.server.duration", a="b"}', ['{"http.server.duration", a="b"}']),
        ("job:errors:rate5m", ["job:errors:rate5m"]),
        ("sum(x) / sum(y)", ["x", "y"]),
        ("sum by (job, le) (rate(x[5m]))", ["x"]),
        ("sum without () (x unless on () y)", ["x", "y"]),
        ("sum(x) by (job) > bool 5 and z", ["x", "z"]),
        ("a * on (job) group_left (version) b", ["a", "b"]),
        ("a * ignoring(x) group_left b", ["a", "b"]),
        ("topk(1, a) or vector(0)", ["a"]),
        ('count_values("version", build_info)', ["build_info"]),
        ("histogram_quantile(0.95, sum by(le)(rate(h_bucket[5m])))", ["h_bucket"]),
        ("time() - x", ["x"]),
        ("-x + 1e3 * inf - nan", ["x"]),
        ("0x1f + 5m - x", ["x"]),
        ("x-1", ["x"]),
        ("a-b", ["a", "b"]),
        ("x + x", ["x"]),
        ("# y\nx # z", ["x"]),
        ("x{a=\"} or y\", b='{'}", ["x{a=\"} or y\", b='{'}"]),
        ('x{a="\\"} or y"}', ['x{a="\\"} or y"}']),
        ("x{a=`} or y`}", ["x{a=`} or y`}"]),
        ("x{a='b' # }\n}", ["x{a='b' # }\n}"]),
        ("label_replace(x, 'a', 'y', '', '')", ["x"]),
        ("sum", ["sum"]),
        ("sum(on) + by", ["on", "by"]),
        ("vector(1)", []),
        ("1", []),
        ('"up"', []),
        ("", []),
        ("x default 0", ["x"]),
    ],
)
def test_selectors_are_the_series_a_query_names(query: str, expected: list[str]) -> None:
    """Functions, aggregations, clauses, strings, comments and numbers are no series."""
    assert list(selectors(query)) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("x offset 1d", []),
        ("x - x offset 1d", ["x"]),
        ("x[5m] offset -5m", []),
        ("y / rate(x[5m] offset 1h30m)", ["y"]),
        ("x @ 1609746000 + y @ end() - z", ["z"]),
        ("rate(x[5m] @ 100 offset 5m) + y", ["y"]),
        ("max_over_time((rate(a[5m]) + b)[1h:1m] offset 2d) or c", ["c"]),
        ("max_over_time(sum(a)[1h:1m])", ["a"]),
        ("a offset (1h + 5m) + b", ["b"]),
    ],
)
def test_selectors_under_an_offset_are_left_out(query: str, expected: list[str]) -> None:
    """What is looked at in the past says nothing about whether the series lives now."""
    assert list(selectors(query)) == expected


def test_the_window_of_a_range_is_kept() -> None:
    """A range gives its window, a subquery none."""
    found = find_selectors("rate(a[5m]) + b + max_over_time(c[1h:1m]) + d[2h]")
    assert [(s.text, s.window) for s in found] == [
        ("a", "5m"),
        ("b", None),
        ("c", None),
        ("d", "2h"),
    ]


@given(st.text(alphabet="abx01 .,:#@{}[]()\"'`\\\n=~!<>-+*/ offsetbyonsum", max_size=60))
def test_any_text_gives_an_answer(query: str) -> None:
    """A query that is no PromQL gives some selectors and never an error."""
    assert all(text in query for text in selectors(query))


async def test_selectors_and_quoted_strings_mean_the_same_to_prometheus(
    prometheus: PrometheusServer,
) -> None:
    """A real Prometheus takes every selector found, and reads back every string quoted."""
    query = 'sum by (job) (rate(x{a=~"b|c}",d!=`e`}[5m] offset 5m)) / on (job) {__name__=~"u.*",job!=""}'
    for selector in selectors(query):
        prometheus.query(f"max(timestamp({selector}))")
    for text in ('plain "quoted" \\ back', "line\nbreak\ttab\x00\x1b", "é ✓ 🚨", "'`{}"):
        found = prometheus.query(f'label_replace(vector(1), "a", {quote(text)}, "", "")')
        # The replacement expands $, of which these have none.
        assert found[0]["metric"]["a"] == text, json.dumps(text)
