"""Outside text: after `clean` nothing of it can act on a terminal, and no word is lost."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.text import LIMIT, clean
from tests.kit.hostile import ESC, HOSTILE


def assert_harmless(text: str) -> None:
    """Fail where a character of `text` can move a cursor, hide, reorder or break a line."""
    for character in text:
        assert unicodedata.category(character) not in ("Cc", "Cs", "Zl", "Zp"), repr(character)
        assert unicodedata.bidirectional(character) not in (
            *("RLO", "LRO", "RLE", "LRE", "PDF", "RLI", "LRI", "FSI", "PDI"),
        ), repr(character)
    for hidden in "\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200c\u200d\u2060\u3164\ufeff\uffa0":
        assert hidden not in text
    assert not any(0xE0000 <= ord(character) <= 0xE0FFF for character in text)


@pytest.mark.parametrize("number", HOSTILE)
def test_a_hostile_string_is_one_harmless_line(number: str) -> None:
    """Whatever comes in: one bounded line that acts on nothing, can be encoded, and is never empty."""
    text = clean(HOSTILE[number])
    assert_harmless(text)
    assert 0 < len(text) <= LIMIT
    text.encode("utf-8")


@pytest.mark.parametrize("number", [n for n in HOSTILE if n <= "H26" or n >= "H50"])
def test_markup_and_code_are_text(number: str) -> None:
    """Brackets, quotes and braces stay as they came: no word is lost to a meaning it may have."""
    assert clean(HOSTILE[number]) == HOSTILE[number]


@pytest.mark.parametrize(
    ("raw", "cleaned"),
    [
        ("one\ntwo\tthree\r\nfour", "one two three four"),
        (f"{ESC}[31mRED", "\ufffd[31mRED"),
        ("pay\u200bment", "pay\ufffdment"),
        ("\u202eexe.txt", "\ufffdexe.txt"),
        ("\ud800", "\ufffd"),
        ("e\u0301", "é"),
        ("e" + "\u0301" * 300, "é\u0301\u0301\u0301"),
        ("o" + "\u0e31" * 9, "o\u0e31\u0e31\u0e31"),
        (None, "None"),
        (2.5, "2.5"),
        ("naïve — “quoted” 100 % ✓ 日本", "naïve — “quoted” 100 % ✓ 日本"),
    ],
)
def test_what_becomes_of_a_text(raw: object, cleaned: str) -> None:
    """Breaks are a space, the invisible is shown as U+FFFD, ordinary text stays."""
    assert clean(raw) == cleaned


def test_a_long_text_ends_in_an_ellipsis() -> None:
    """What was cut says so."""
    assert clean("x" * 5000) == "x" * (LIMIT - 1) + "…"
    assert clean("abcdef", 4) == "abc…"
    assert clean("abcd", 4) == "abcd"


@given(st.text(st.characters(exclude_categories=[]), max_size=60), st.integers(1, 50))
def test_any_text_becomes_one_harmless_line(raw: str, limit: int) -> None:
    """Generated text, lone surrogates included: harmless, bounded, encodable, stable."""
    text = clean(raw, limit)
    assert_harmless(text)
    assert len(text) <= limit
    text.encode("utf-8")
    assert clean(text, limit) == text


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=200))
def test_printable_ascii_is_never_touched(raw: str) -> None:
    """Labels and queries are what they were."""
    assert clean(raw) == raw
