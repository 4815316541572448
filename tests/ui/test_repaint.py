"""What the dashboard writes as differences is what it would write anew."""

import random
from pathlib import Path

import pytest

from tests.terminal import Terminal, visible
from tests.ui.running import start

SIZES = (
    (200, 50),
    (160, 45),
    (120, 35),
    (80, 24),
    (60, 15),
    (41, 11),
    (20, 4),
    (199, 51),
    (97, 61),
)
KEYS = ("1", "2", "3", "4", "5", "j", "k", "G", "g", "tab", "z", "enter", "escape", "?", "space")


def type_all(terminal: Terminal, number: int) -> None:
    """Wait until all that was typed before has been taken, by a key that does nothing but say so."""
    terminal.send("\x1b[24~")
    mark = f"\x1b]2;typed {number}\x1b".encode()
    terminal.wait_until(lambda: mark in terminal.raw, what="the keys before")


def refresh(terminal: Terminal, state: Path, number: int) -> None:
    """Have the dashboard take the next picture, whatever lies over it."""
    (state / "wanted").write_text(str(number))
    mark = f"\x1b]2;drawn {number}\x1b".encode()
    terminal.wait_until(lambda: mark in terminal.raw, what="the next picture")
    terminal.settle(0.1)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_screen_is_that_of_a_full_repaint(tmp_path: Path, seed: int) -> None:
    """After each of many resizes, refreshes and keys ctrl+l changes no cell: no row is blank or old."""
    dice = random.Random(seed)
    columns, lines = 200, 50
    with start("changing", tmp_path, str(seed), columns=columns, lines=lines) as terminal:
        terminal.wait_for("Performance")
        for number in range(1, 13):
            did = [f"{columns}x{lines}"]
            for _ in range(dice.randrange(1, 4)):
                what = dice.choice(["resize", "key", "key"])
                if what == "resize":
                    columns, lines = dice.choice(SIZES)
                    terminal.resize(columns, lines)
                    did.append(f"{columns}x{lines}")
                else:
                    did.append(dice.choice(KEYS))
                    terminal.send(did[-1])
            type_all(terminal, number)
            refresh(terminal, tmp_path, number)
            drawn = terminal.looks()
            terminal.send("ctrl+l")
            terminal.wait_until(
                lambda: terminal.raw.count(b"\x1b]2;repainted") == number,  # noqa: B023
                what="the repaint",
            )
            wrong = [
                (y, old, new)
                for y, (old, new) in enumerate(
                    zip(visible(drawn), visible(terminal.looks()), strict=True)
                )
                if old != new
            ]
            assert not wrong, (number, did, [("".join(c[0] for c in row)) for row in wrong[0][1:]])
