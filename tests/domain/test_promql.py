"""What is obviously wrong with a query is seen without a server."""

import pytest

from opsdash import presets
from opsdash.domain.promql import obvious_error


@pytest.mark.parametrize(
    ("query", "cure"),
    [
        ("sum(rate(x[5m])", "close the bracket ("),
        ("x[5m", "close the bracket ["),
        ("x{a='b'", "close the bracket {"),
        ("sum(x]", "take out the ] that closes nothing, or open it"),
        ("x)", "take out the ) that closes nothing, or open it"),
        ('x{a="b}', 'close the quote "'),
        ("x{a='b}", "close the quote '"),
        ("x{a=`b}", "close the quote `"),
        ("", "write a PromQL query"),
        (" \n # only a comment\n", "write a PromQL query"),
    ],
)
def test_a_quote_or_bracket_without_partner_is_named(query: str, cure: str) -> None:
    """The cure names the one that stands alone."""
    assert obvious_error(query) == cure


@pytest.mark.parametrize(
    "query",
    [
        'x{a="(]}"}',
        "x{a='\\'('}",
        "x{a=`\\`}",
        "x # ( not open\n",
        '{"http.server.duration"}',
        *[indicator.query for indicator in presets.DEFAULT_SETUP.indicators],
    ],
)
def test_brackets_in_strings_and_comments_do_not_count(query: str) -> None:
    """What PromQL does not read as a bracket is none."""
    assert obvious_error(query) == ""
