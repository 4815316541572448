"""Regular expressions of templates: Go's answers, recorded, and no text that keeps them busy."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdash.domain.rules.regex import RegexError, compile_regex

_RECORDED: list[tuple[str, str, str, str | None]] = [
    tuple(row) for row in json.loads((Path(__file__).parent / "go_regexps.json").read_text())
]
"""Pattern, text, replacement, and what Go's ReplaceAllString made of it; None where it refused."""


@pytest.mark.parametrize(("pattern", "text", "replacement", "wanted"), _RECORDED)
def test_replacing_is_that_of_go(
    pattern: str, text: str, replacement: str, wanted: str | None
) -> None:
    """Each recorded expression is refused where Go refuses it, and else replaces what Go replaces."""
    try:
        made = compile_regex(pattern).replace_all(text, replacement)
    except RegexError:
        made = None
    assert made == wanted


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^(a+)+$", "a" * 4000 + "!"),
        ("(a*)*b", "a" * 2000),
        ("(x+x+)+y", "x" * 2000),
        ("(.*)(.*)(.*)(.*)z", "q" * 2000),
    ],
)
def test_no_text_keeps_an_expression_busy(pattern: str, text: str) -> None:
    """Texts that would take Python's engine longer than the age of the universe do not match at once."""
    assert compile_regex(pattern).search(text) is None


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("(", "missing closing ): `(`"),
        ("a)", "unexpected ): `a)`"),
        ("*a", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("[a", "missing closing ]: `[a`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("\\q", "invalid escape sequence: `\\q`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("\\", "trailing backslash at end of expression: ``"),
        ("(?U)a", "not supported"),
        ("\\p{Greek}", "invalid character class range"),
        ("(((((a{9}){9}){9}){9}){9}){9}", "too large"),
        ("(" * 200 + "a" + ")" * 200, "nests too deeply"),
    ],
)
def test_what_is_wrong_is_said_in_gos_words(pattern: str, words: str) -> None:
    """An expression that Go refuses, or that is not supported, names what is wrong with it."""
    with pytest.raises(RegexError, match=re.escape(words)):
        compile_regex(pattern)


_SAME_EVERYWHERE = st.recursive(
    st.sampled_from(["a", "b", ".", "[ab]", "[^a]", "\\d", "\\w"]),
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map(lambda pair: f"(?:{pair[0]}|{pair[1]})"),
        st.tuples(inner, st.sampled_from(["*", "+", "?", "*?", "{1,2}"])).map(
            lambda pair: f"(?:{pair[0]}){pair[1]}"
        ),
        inner.map(lambda one: f"({one})"),
    ),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(_SAME_EVERYWHERE, st.text("ab1 é", max_size=8))
def test_the_first_match_is_where_python_finds_it(pattern: str, text: str) -> None:
    """Where both languages mean the same, both find the same first match."""
    wanted = re.search(pattern, text, re.ASCII)
    found = compile_regex(pattern).search(text)
    assert (None if found is None else found[:2]) == (wanted and wanted.span())


@pytest.mark.parametrize(
    ("pattern", "text", "wanted"),
    [
        ("(?:(?:.)*?)*", "aab", (0, 0)),
        ("(|a)*", "1", (0, 0, 0, 0)),
        ("(|a)+", "aab", (0, 0, 0, 0)),
        ("(?:a??)*", "aab", (0, 0)),
        ("(?:a*)*", "aab", (0, 2)),
        ("(a|b*)*", "1", (0, 0, 0, 0)),
        ("(a|b*)*", "aab", (0, 3, 2, 3)),
        ("(a*)+", "aab", (0, 2, 0, 2)),
        ("(a*?)*b", "aab", (0, 3, 0, 2)),
    ],
)
def test_loops_around_nothing(pattern: str, text: str, wanted: tuple[int, ...]) -> None:
    """A loop whose inside may be empty ends where Go's does (recorded from Go)."""
    assert compile_regex(pattern).search(text) == wanted
