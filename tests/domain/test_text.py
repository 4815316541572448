"""Outside text: after `clean` nothing of it can act on a terminal, and no word is lost."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdash.domain.text import LIMIT, clean, clean_lines

ESC = "\x1b"
HOSTILE = {
    "H01": "[/]",
    "H02": "[/bold]",
    "H03": "[b]x[/i]",
    "H04": "disk [/dev/sda1] full",
    "H05": "path=[/var/log]",
    "H06": "[/dev/null]",
    "H07": "[bold red]x[/bold]",
    "H08": "[/",
    "H09": '[a="unclosed]',
    "H10": "[a=']",
    "H11": "[@mouse.down=app.pwn]x[/]",
    "H12": "[link=javascript:alert(1)]x[/link]",
    "H13": "[$nosuchvar]x[/]",
    "H14": "[r [[[[ [b + should [$text-muted",
    "H15": '{"booleans": [true, false]}',
    "H16": "[infra2] host down, disk [sda1] full, [CRIT] db1",
    "H17": "[black on black]hidden[/]",
    "H18": "[on red]CRIT[/on red]",
    "H19": 'up{a=~"[0-9]+"} == 0 [firing] [x={] :bomb: rate(x[5m])',
    "H20": "[" * 900 + "[b]" * 300,
    "H21": "[@click=app.quit]x[/]",
    "H22": "[@click=app.simulate_key('a')]",
    "H23": "[@click=screen.dismiss(True)]",
    "H24": "[@click=app.screenshot('f','/dir')]",
    "H25": "[@click=app.suspend_process]",
    "H26": "[link='https://evil.example']x[/link]",
    "H27": f"{ESC}[31mRED",
    "H28": f"{ESC}[2J{ESC}[H",
    "H29": f"{ESC}]0;title\x07 {ESC}]2;t\x07",
    "H30": f"{ESC}]52;c;aGVsbG8=\x07 {ESC}]52;c;aGVsbG8={ESC}\\",
    "H31": f"{ESC}]8;;http://evil{ESC}\\text",
    "H32": f"{ESC}[6n{ESC}[c",
    "H33": f"{ESC}P$q{ESC}\\{ESC}Ptmux;x{ESC}\\",
    "H34": f"{ESC}c",
    "H35": f"{ESC}[?1049l{ESC}[?1000h",
    "H36": "\x9b31m\x9d0;t\x9c\x90x\x9c",
    "H37": f"{ESC}]9;hi\x07{ESC}]777;notify;a;b\x07",
    "H38": f"{ESC}_Ga=T;AAAA{ESC}\\{ESC}]1337;File=:AAAA\x07",
    "H39": f"{ESC}]0;unterminated",
    "H40": f"{ESC}]104\x07",
    "H41": "\x00\x0e\x0f\x7f",
    "H42": "\x07\x08\r\x0b\x0c",
    "H43": "\u202etxt.exe\u2066\u2067\u2068\u2069\u061c\u200e\u200f",
    "H44": "pay\u200bment\ufeff\U000e0041\u00ad\u3164\u2060",
    "H45": "e" + "\u0301" * 300 + "o" + "\u0e31" * 300,
    "H46": "\ud800 \udfff",
    "H47": "a\u2028b\u2029c\x85d",
    "H48": "x" * 100_000,
    "H49": "one\ntwo\tthree\r\nfour",
    "H50": "раураl",
    "H51": "=cmd|' /C calc'!A0",
    "H55": "'; DROP TABLE alert--",
    "H56": '% _ * " NEAR(',
    "H58": '"} or up{',
    "H61": "{0.__class__} {c.token}",
}
"""The strings of reliability.md §4 that are text for the screen, by their numbers there."""


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


def test_lines_of_a_longer_text_are_each_clean() -> None:
    """An annotation of several lines keeps them, and only them."""
    assert clean_lines(f"first\nsecond {ESC}[2J\u2028third") == (
        "first",
        "second \ufffd[2J",
        "third",
    )
