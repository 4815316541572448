"""Pens: styles become what a terminal of few or many colours understands, in few bytes."""

from rich.color import ColorSystem
from rich.style import Style

from opsdash.ui.pens import PLAIN, UNKNOWN, Pens


def switch(pens: Pens, old: Style | None, new: Style | None) -> str:
    return pens.switch(pens.of(old), pens.of(new))


def test_only_what_differs_is_switched() -> None:
    """From one pen to another only the colour that changes is named."""
    pens = Pens(ColorSystem.TRUECOLOR)
    ground = Style(bgcolor="#101010", color="#202020")
    assert switch(pens, ground, ground + Style(color="#303030")) == "\x1b[38;2;48;48;48m"
    assert switch(pens, ground, ground) == ""
    assert switch(pens, ground, None) == "\x1b[m"


def test_an_attribute_that_ends_takes_no_other_with_it() -> None:
    """Bold and dim share their off code: the one that stays is switched on again."""
    pens = Pens(ColorSystem.TRUECOLOR)
    both = Style(bold=True, dim=True, color="#010203", bgcolor="#040506")
    assert switch(pens, both, both + Style(dim=False)) == "\x1b[22;1m"


def test_after_an_unknown_pen_everything_is_said() -> None:
    """Where nobody knows the pen, it is reset first."""
    pens = Pens(ColorSystem.TRUECOLOR)
    assert pens.switch(UNKNOWN, PLAIN) == "\x1b[m"
    assert pens.switch(UNKNOWN, pens.of(Style(color="#010203"))) == "\x1b[0;38;2;1;2;3m"


def test_without_colour_attributes_stay() -> None:
    """NO_COLOR and terminals without colours keep bold and reverse, and get no colour code."""
    for pens in (Pens(ColorSystem.TRUECOLOR, colour=False), Pens(None)):
        style = Style(color="red", bgcolor="blue", bold=True, reverse=True)
        assert switch(pens, None, style) == "\x1b[1;7m"


def test_sixteen_colours_stay_legible() -> None:
    """Two colours that sixteen cannot tell apart do not hide the letters in their ground."""
    pens = Pens(ColorSystem.STANDARD)
    dark = switch(pens, None, Style(color="#0a0a0a", bgcolor="#050505"))
    light = switch(pens, None, Style(color="#fafafa", bgcolor="#ffffff"))
    assert dark == "\x1b[97;40m"
    assert light == "\x1b[30;107m"
    assert switch(pens, None, Style(color="#ff0000", bgcolor="#000000")) == "\x1b[31;40m"


def test_links_are_never_written() -> None:
    """A hyperlink of a style has no pen: terminals get its letters only."""
    pens = Pens(ColorSystem.TRUECOLOR)
    assert pens.of(Style(link="https://example.org")) == PLAIN
