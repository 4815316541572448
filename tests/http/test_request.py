"""Forms and query strings are written as the standard library writes them, the long ones once."""

from urllib.parse import parse_qsl, urlencode

from hypothesis import given
from hypothesis import strategies as st

from opsdash.http import request
from opsdash.http.request import encode_form

NAMES = st.text("abcdefgh", min_size=1, max_size=5)
VALUES = st.one_of(st.text(max_size=20), st.text(min_size=500, max_size=600))


@given(st.dictionaries(NAMES, VALUES, max_size=3))
def test_it_is_what_urlencode_writes(form: dict[str, str]) -> None:
    """Any text, short or long, and half characters too."""
    assert encode_form(form) == urlencode(form, errors="replace")


def test_the_same_long_query_is_quoted_once() -> None:
    """A union of queries goes out each few seconds; what moves beside it is written anew."""
    query = 'sum by (le) (rate(x{a="b"}[5m])) or ' * 30
    before = request._quoted_once.cache_info()
    for second in range(5):
        sent = encode_form({"query": query, "time": str(second)})
        assert parse_qsl(sent) == [("query", query), ("time", str(second))]
    after = request._quoted_once.cache_info()
    assert (after.misses - before.misses, after.hits - before.hits) == (1, 4)
