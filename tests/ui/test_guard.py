"""The render guard: no control character or link leaves a widget, no visible text is lost."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from opsdash.ui.guard import ControlGuard, strip_controls

BLACK = Color.parse("black")


def guarded(*segments: Segment) -> list[Segment]:
    return ControlGuard().apply(list(segments), BLACK)


@given(st.text())
def test_no_control_survives_and_the_width_stays(text: str) -> None:
    """Whatever the text, what is left has no C0, C1 or bidi control and the same width."""
    left = strip_controls(text)
    assert not any(ord(c) < 32 or 127 <= ord(c) < 160 for c in left)
    assert not set(left) & set(
        "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )
    left.encode()
    assert cell_len(left) == cell_len(text.replace("\u200d", ""))


@given(st.text(st.characters(categories=["L", "N", "P", "S", "Mn"])))
def test_visible_text_is_never_touched(text: str) -> None:
    """Letters of every script, digits, punctuation, symbols and marks pass unchanged."""
    assert strip_controls(text) == text


def test_segments_come_out_harmless() -> None:
    """Escape sequences lose their controls, links and control segments their effect."""
    red = Style(color="red")
    out = guarded(
        Segment("a\x1b[2Jb", red),
        Segment("link", Style(link="https://evil.example")),
        Segment("\x1b[2J", None, [(2,)]),  # type: ignore[list-item]
    )
    assert [segment.text for segment in out] == ["a[2Jb", "link", ""]
    assert out[0].style == red
    assert out[1].style is not None and out[1].style.link is None
    assert all(segment.control is None for segment in out)


def test_harmless_segments_are_passed_as_they_are() -> None:
    """The usual line costs no copy."""
    line = [Segment("p95 142 ms", Style(color="red")), Segment(" 漢字")]
    assert ControlGuard().apply(line, BLACK) is line
