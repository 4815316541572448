"""The shadow of the screen: what it writes makes the terminal show what was put, and no more."""

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from opsdash.ui.cells import Shadow, cells_of
from opsdash.ui.pens import Pens
from tests.terminal import Look, looks, new_screen, visible

WIDTH, HEIGHT = 24, 4
WORDS = ("critical", "ok", "漢字", " ", "12.5 ms", "é", "▁▃▇", "a漢b", "[/x]")
STYLES = (
    None,
    Style(color="red", bold=True),
    Style(color="#80ff00", bgcolor="#102030"),
    Style(bgcolor="blue", reverse=True),
    Style(dim=True, underline=True),
    Style(italic=True, strike=True, color="red"),
)


def shadow_of(width: int = WIDTH, height: int = HEIGHT, encoding: str = "utf-8") -> Shadow:
    shadow = Shadow(Pens(ColorSystem.TRUECOLOR), encoding)
    shadow.resize(width, height)
    return shadow


def written_whole(lines: list[list[Segment]]) -> list[list[Look]]:
    """Return what a fresh terminal shows after every line was written to it in full."""
    screen, stream = new_screen(WIDTH, HEIGHT)
    fresh = shadow_of()
    for y, line in enumerate(lines):
        fresh.put(0, y, line, WIDTH)
    stream.feed(fresh.flush().encode())
    return looks(screen)


segments = st.builds(Segment, st.sampled_from(WORDS), st.sampled_from(STYLES))
frames = st.lists(
    st.lists(st.lists(segments, max_size=6), min_size=HEIGHT, max_size=HEIGHT),
    min_size=2,
    max_size=5,
)


def filled(line: list[Segment]) -> list[Segment]:
    return [*line, Segment(" " * WIDTH)]


@settings(max_examples=80, deadline=None)
@given(frames)
def test_the_terminal_shows_what_was_put(story: list[list[list[Segment]]]) -> None:
    """After any sequence of frames the screen is the one that a fresh terminal would show."""
    screen, stream = new_screen(WIDTH, HEIGHT)
    shadow = shadow_of()
    for frame in story:
        lines = [filled(line) for line in frame]
        for y, line in enumerate(lines):
            shadow.put(0, y, line, WIDTH)
        stream.feed(shadow.flush().encode())
        assert visible(looks(screen)) == visible(written_whole(lines))


@settings(max_examples=30, deadline=None)
@given(frames)
def test_the_same_frame_again_writes_nothing(story: list[list[list[Segment]]]) -> None:
    """Putting what is shown already costs no byte."""
    shadow = shadow_of()
    for frame in story:
        for _ in range(2):
            for y, line in enumerate(frame):
                shadow.put(0, y, filled(line), WIDTH)
            written = shadow.flush()
        assert written == ""


def test_one_digit_costs_its_cell() -> None:
    """A changed digit is a move and a character; its colour is carried over from before."""
    shadow = shadow_of()
    style = Style(color="red")
    shadow.put(0, 1, [Segment("latency 141 ms", style)], WIDTH)
    shadow.flush()
    shadow.put(0, 1, [Segment("latency 142 ms", style)], WIDTH)
    assert shadow.flush() == "\x1b[2;11H2"


def test_an_unchanged_cell_between_two_changes_keeps_its_colour() -> None:
    """Writing over a gap is cheaper than a move only where the gap has the pen in hand."""
    screen, stream = new_screen(WIDTH, HEIGHT)
    shadow = shadow_of()
    for end in "12":
        pieces = [Segment(end, STYLES[1]), Segment("x", STYLES[2]), Segment(end, STYLES[1])]
        shadow.put(0, 0, pieces, WIDTH)
        stream.feed(shadow.flush().encode())
    assert [(look[0], look[1]) for look in looks(screen)[0][:3]] == [
        ("2", "red"),
        ("x", "80ff00"),
        ("2", "red"),
    ]
    alike = shadow_of()
    for end in "12":
        alike.put(0, 0, [Segment(f"{end}x{end}", STYLES[1])], WIDTH)
        written = alike.flush()
    assert written.endswith("2x2")


def test_what_was_forgotten_is_written_again() -> None:
    """After `forget`, and after another size, nothing is taken for shown."""
    shadow = shadow_of()
    for _ in range(2):
        shadow.put(0, 0, [Segment("x" * WIDTH)], WIDTH)
        assert shadow.flush().count("x") == WIDTH
        shadow.forget()
    shadow.put(0, 0, [Segment("x" * WIDTH)], WIDTH)
    shadow.flush()
    shadow.resize(WIDTH + 1, HEIGHT)
    shadow.put(0, 0, [Segment("x" * WIDTH)], WIDTH)
    assert shadow.flush().count("x") == WIDTH


def test_nothing_is_put_outside_the_screen() -> None:
    """Segments beyond the last column or line are cut, a wide character on the edge blanked."""
    shadow = shadow_of()
    shadow.put(0, HEIGHT, [Segment("below")], WIDTH)
    shadow.put(WIDTH, 0, [Segment("beside")], WIDTH + 9)
    shadow.put(WIDTH - 3, 0, [Segment("漢字")], WIDTH)
    assert shadow.flush().endswith("漢 ")


def test_control_characters_never_reach_the_terminal() -> None:
    """Escape sequences in a segment are shown without their controls, with no effect."""
    shadow = shadow_of()
    shadow.put(0, 0, [Segment("a\x1b]0;x\x07b\x9bc\u202ed\r\n")], WIDTH)
    written = shadow.flush()
    assert written.endswith("a]0;xbcd")
    assert written.count("\x1b") == 2  # one reset of the style, one move


def test_an_encoding_without_the_character_keeps_the_columns() -> None:
    """What the terminal's encoding cannot say becomes one question mark a cell."""
    assert cells_of("a漢é", "ascii") == ("a", "?", "?", "?")
    assert cells_of("a漢é", "iso8859-1") == ("a", "?", "?", "é")


def test_joined_characters_are_followed_by_a_move() -> None:
    """After an emoji of disputed width the cursor is placed, so the rest stays in its columns."""
    shadow = shadow_of()
    shadow.put(0, 0, [Segment("❤️ok")], WIDTH)
    written = shadow.flush()
    assert "❤️\x1b[1;3Ho" in written


def test_bytes_stay_near_those_of_the_changed_cells() -> None:
    """Scattered changed figures cost at most a move each besides their characters."""
    dice = random.Random(4)
    shadow = shadow_of(120, 30)
    table = [[f"{dice.randrange(1000):>7}" for _ in range(15)] for _ in range(30)]

    def put() -> str:
        for y, row in enumerate(table):
            shadow.put(0, y, [Segment(cell + " ", STYLES[2]) for cell in row], 120)
        return shadow.flush()

    put()
    before = [list(row) for row in table]
    for _ in range(40):
        table[dice.randrange(30)][dice.randrange(15)] = f"{dice.randrange(1000):>7}"
    changed = sum(
        a != b
        for old, new in zip(before, table, strict=True)
        for x, y in zip(old, new, strict=True)
        for a, b in zip(x, y, strict=True)
    )
    assert len(put()) < changed + 40 * len("\x1b[10;100H")
