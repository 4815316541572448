"""Expressions: what is compared with which number, and what is plainly wrong."""

import pytest

from opsdash.domain.rules.expression import comparison, obvious_error, presence


@pytest.mark.parametrize(
    ("expr", "left", "threshold"),
    [
        ("up == 0", "up", "== 0"),
        ("a / b > 0.01", "a / b", "> 0.01"),
        ("(a / b > 5)", "a / b", "> 5"),
        ("a > 1 < 5", "a > 1", "< 5"),
        ("time() - x > 3 * 3600", "time() - x", "> 3 * 3600"),
        ("rate(x[5m]) >= bool 1", None, None),
        ("a > b", None, None),
        ("a > 1 and b > 2", None, None),
        ("a > 1 OR b", None, None),
        ("absent(x)", None, None),
        ('x{a=">5"} > 5 # > 6', 'x{a=">5"}', "> 5"),
        ("sum(x > 5)", None, None),
        ("x{a!~'b'} != -1", "x{a!~'b'}", "!= - 1"),
        ("x < +Inf", "x", "< + Inf"),
        ("x offset 5m > 1e3", "x offset 5m", "> 1e3"),
        ("x > 90 unless y", None, None),
        ("x > (1 + 2)", "x", "> (1 + 2)"),
    ],
)
def test_a_comparison_with_a_number_is_found(
    expr: str, left: str | None, threshold: str | None
) -> None:
    """The value and its threshold are told apart where the whole expression compares with a number."""
    found = comparison(expr)
    assert (found and found.left) == left
    assert (found and found.threshold) == threshold


def test_presence_asks_for_what_is_looked_at_now() -> None:
    """Windows are looked into, the past is left out, and nothing is asked where nothing is read."""
    assert presence("rate(x[5m]) / y > 1") == "count(count_over_time(x[5m])) or count(y)"
    assert presence("a offset 1h > 1") == ""
    assert presence("vector(1)") == ""
    assert presence("x > 1 or x > 2") == "count(x)"


@pytest.mark.parametrize(
    ("expr", "words"),
    [
        ("up{", "close the bracket {"),
        ("sum(up))", "closes nothing"),
        ('up{a="b}', "close the quote"),
        ("  # nothing", "write a PromQL expression"),
        ("up == 0", ""),
        ("x{a='}'}", ""),
    ],
)
def test_what_is_plainly_wrong(expr: str, words: str) -> None:
    """Brackets and quotes without a partner are seen without a server."""
    assert words in obvious_error(expr)
    assert bool(words) == bool(obvious_error(expr))
