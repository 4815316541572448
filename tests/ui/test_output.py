"""The output stage in a real terminal: the stock screen, in the bytes of the changed cells."""

import hashlib
import inspect
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from rich.color import ColorSystem
from rich.style import Style
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.app import App

from opsdash.ui.output import differs_from_stock
from opsdash.ui.pens import Pens
from opsdash.ui.terminal import TerminalApp
from tests.kit.waiting import wait_until
from tests.terminal import Terminal, visible
from tests.ui.running import shown, start

STEPS = 8


def alike(ours: Terminal, stock: Terminal) -> bool:
    """Whether both show the same cells, and each has said all that it had to say."""
    for terminal in (ours, stock):
        terminal.settle(0.15)
    return visible(ours.looks()) == visible(stock.looks())


def step(terminal: Terminal, key: str, number: int) -> None:
    terminal.send(key)
    terminal.wait_for(f"steps: {number}")
    terminal.settle(0.1)


@pytest.mark.parametrize(("kind", "size"), [("board", (80, 24)), ("wide", (41, 11))])
def test_the_screen_is_the_stock_one(tmp_path: Path, kind: str, size: tuple[int, int]) -> None:
    """After random updates, moves, marks, scrolling and a resize both show the same cells."""
    stock_kind = {"board": "stock", "wide": "stock-wide"}[kind]
    columns, lines = size
    with (
        shown(kind, tmp_path, columns=columns, lines=lines) as ours,
        shown(stock_kind, tmp_path, columns=columns, lines=lines) as stock,
    ):
        for number in range(2, STEPS):
            for terminal in (ours, stock):
                if number == STEPS // 2:
                    terminal.resize(columns + 13, lines + 5)
                    terminal.settle(0.2)
                step(terminal, "c", number)
                terminal.send("j", "space", "G", "k", "pageup")
            wait_until(partial(alike, ours, stock), what=f"the same cells after step {number}")
        for terminal in (ours, stock):
            terminal.send("q")
            assert terminal.wait_exit() == 0
    assert len(ours.raw) < len(stock.raw) / 2


def test_one_figure_costs_its_cells(tmp_path: Path) -> None:
    """A refresh that changes a few digits writes them, their moves and colours, not their rows."""
    with shown("board", tmp_path, columns=160, lines=45) as terminal:
        step(terminal, "o", 2)
        written = len(terminal.raw)
        for number in range(3, 9):
            step(terminal, "o", number)
        per_refresh = (len(terminal.raw) - written) / 6
    ideal = len("\x1b[4;153H3\x1b[1;8H3") + 2 * len("\x1b[38;2;1;2;3;48;2;1;2;3m")
    assert per_refresh <= 1.5 * ideal


def test_nothing_changed_is_nothing_written(tmp_path: Path) -> None:
    """A terminal at rest gets no byte."""
    with shown("board", tmp_path) as terminal:
        step(terminal, "c", 2)
        terminal.settle(0.5)
        written = len(terminal.raw)
        terminal.settle(0.6)
        assert len(terminal.raw) == written


def test_ctrl_l_draws_over_stray_output(tmp_path: Path) -> None:
    """What something else wrote on the terminal is gone after ctrl+l."""
    with shown("board", tmp_path) as terminal:
        terminal.settle()
        before = terminal.looks()
        tty = Path(f"/proc/{terminal.pid}/fd/2")
        with tty.open("w") as stray:
            stray.write("\x1b[5;3H\x1b[41mBroadcast message from root\x1b[m")
        terminal.wait_for("Broadcast")
        terminal.send("ctrl+l")
        terminal.wait_until(lambda: terminal.looks() == before, what="the screen as it was")


def test_no_color_writes_no_colour_code(tmp_path: Path) -> None:
    """With NO_COLOR the screen has bold and underline, and not one colour."""
    with shown("board", tmp_path, env={"NO_COLOR": "1"}) as terminal:
        terminal.send("j")
        terminal.settle()
        colours = {look[1:3] for row in terminal.looks() for look in row}
        assert colours == {("default", "default")}
        assert b"38;" not in terminal.raw and b"48;" not in terminal.raw


@pytest.mark.parametrize(
    ("term", "deepest"), [("linux", "standard"), ("xterm", "standard"), ("xterm-256color", "256")]
)
def test_colours_are_those_that_the_terminal_has(tmp_path: Path, term: str, deepest: str) -> None:
    """Sixteen-colour terminals get the codes of 16 colours, others no more than they announce."""
    with shown("board", tmp_path, term=term) as terminal:
        terminal.settle()
        assert b"38;2;" not in terminal.raw
        assert (b"38;5;" in terminal.raw) == (deepest == "256")
        assert len({look[1] for row in terminal.looks() for look in row}) > 2


def test_true_colour_is_used_where_announced(tmp_path: Path) -> None:
    """COLORTERM=truecolor is believed."""
    with shown("board", tmp_path, env={"COLORTERM": "truecolor"}) as terminal:
        terminal.settle()
        assert b"38;2;" in terminal.raw


def test_a_failing_stage_gives_way_to_textuals_own(tmp_path: Path) -> None:
    """When the stage breaks the screen goes on being right, drawn by the stock path."""
    with shown("board", tmp_path) as ours, shown("stock", tmp_path) as stock:
        ours.settle()
        ours.send("e")
        for terminal in (ours, stock):
            step(terminal, "c", 2)
            step(terminal, "c", 3)
        wait_until(partial(alike, ours, stock), what="the same cells")


def test_the_terminals_cursor_is_where_text_is_typed(tmp_path: Path) -> None:
    """In an input field the cursor stands behind the text, where input methods need it."""
    with start("form", tmp_path) as terminal:
        terminal.wait_until(lambda: len(terminal.raw) > 500)
        terminal.settle()
        terminal.send("abc")
        terminal.wait_for("abc")
        terminal.settle()

        def before_cursor() -> str:
            x, y = terminal.cursor()
            return terminal.text().splitlines()[y][:x].rstrip()

        terminal.wait_until(lambda: before_cursor().endswith("abc"), what="the cursor's place")


def test_textual_is_the_one_the_stage_was_made_for() -> None:
    """When this fails Textual changed what the stage hangs on: read the diff, then the digests.

    Look at how `_display` writes, what the two updates hold and how they place strips, and
    change `ui/output.py` with them.
    """
    made_for: dict[Any, str] = {
        App._display: "4b78dff6669a",
        LayoutUpdate: "619efe1cea78",
        ChopsUpdate: "7c7d3e0bf714",
        Compositor.render_update: "772c6b21953a",
    }
    digests = {
        thing.__qualname__: hashlib.sha256(inspect.getsource(thing).encode()).hexdigest()[:12]
        for thing in made_for
    }
    assert digests == {thing.__qualname__: digest for thing, digest in made_for.items()}


def test_a_textual_without_the_names_means_stock_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When a private name is gone the app says which, and does without the stage."""
    assert differs_from_stock(TerminalApp(tmp_path)) == ""

    class Changed:
        def __init__(self) -> None:
            self.pieces = ()

    monkeypatch.setattr(ChopsUpdate, "__init__", Changed.__init__)
    app = TerminalApp(tmp_path)
    assert "ChopsUpdate.chops" in differs_from_stock(app)
    assert app._stock_output


def test_pens_know_every_style_that_rich_can_draw() -> None:
    """No attribute of a style is lost on the way to the terminal."""
    pens = Pens(ColorSystem.TRUECOLOR)
    for name in (
        "bold",
        "dim",
        "italic",
        "underline",
        "blink",
        "reverse",
        "conceal",
        "strike",
        "underline2",
        "overline",
    ):
        assert pens.of(Style.parse(name)) != pens.of(None), name
