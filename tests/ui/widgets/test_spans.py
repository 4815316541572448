"""Lines of spans are measured and cut by cells, not by characters."""

from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from opsdash.ui.widgets.spans import Line, Styler, fit_line, plain, text_of, width_of

lines = st.lists(
    st.tuples(st.sampled_from(["abc", "漢字", "é", " ", "[/x]", "12.5 ms"]), st.just("t")),
    max_size=5,
).map(tuple)


@given(lines, st.integers(0, 30), st.sampled_from(["left", "right"]))
def test_a_fitted_line_has_exactly_its_width(line: Line, width: int, align: str) -> None:
    """Padded or cut, wide characters included, in UTF-8 and in ASCII."""
    for ellipsis in ("…", "~"):
        fitted = fit_line(line, width, "right" if align == "right" else "left", ellipsis)
        assert width_of(fitted) == width
        assert (ellipsis in text_of(fitted)) == (width_of(line) > width > 0)


def test_numbers_stand_on_the_right() -> None:
    """Right alignment pads on the left and keeps each span's token."""
    assert fit_line((("14", "value"), ("2 ms", "unit")), 8, "right") == (
        ("  ", ""),
        ("14", "value"),
        ("2 ms", "unit"),
    )


def test_tokens_are_resolved_once_until_forgotten() -> None:
    """A token is looked up once; after `forget` the new theme's style is drawn."""
    asked: list[str] = []
    theme = {"crit": Style(color="red"), "cursor": Style(reverse=True)}

    def style_of(token: str) -> Style:
        asked.append(token)
        return theme[token]

    styler = Styler(style_of)
    base = Style(bgcolor="black")
    for _ in range(3):
        (segment,) = styler.segments(plain("x", "crit"), base, "cursor")
    assert segment.style == base + theme["crit"] + theme["cursor"]
    assert asked == ["crit", "cursor"]
    theme["crit"] = Style(color="blue")
    styler.forget()
    (segment,) = styler.segments(plain("x", "crit"), base)
    assert segment.style == base + Style(color="blue")
