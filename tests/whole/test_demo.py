"""`opsdash demo` on terminals of every kind, and every key of the page in it."""

import os
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.kit.source_tree import ROOT
from tests.kit.team import Team, config
from tests.terminal import Terminal

PATIENCE = 400.0
"""Seconds: at each speed the story comes round again in them, for a machine that missed a scene."""

SIZES = [(200, 60), (160, 45), (120, 35), (80, 24), (60, 15)]


@contextmanager
def standing(folder: Path) -> Iterator[Terminal]:
    """A dashboard on the demo's application, its alert firing for the next quarter of an hour."""
    team = Team(folder, config(folder / "ops.db", speed=0.5))
    begun = time.time() - 30
    os.utime(team.config, (begun, begun))
    command = [sys.executable, "-m", "opsdash"]
    with Terminal(command, columns=160, lines=45, env=team.environment) as terminal:
        terminal.wait_for(lambda text: "✖ CRIT" in text and "INC-001" in text)
        yield terminal


@contextmanager
def demo(
    folder: Path, columns: int = 160, lines: int = 45, speed: float = 60, **settings: str
) -> Iterator[Terminal]:
    """A demo in a terminal, with the environment's own settings of language and colour left out."""
    command = [sys.executable, "-m", "opsdash", "demo", "--speed", str(speed)]
    private = {"TMPDIR": str(folder), "XDG_RUNTIME_DIR": str(folder)}
    environment = {"LANG": "C.UTF-8", "LC_ALL": "", **private, **settings}
    term = environment.pop("TERM", "xterm-256color")
    with Terminal(command, columns=columns, lines=lines, env=environment, term=term) as terminal:
        yield terminal


def test_the_incident_unfolds_before_you(tmp_path: Path) -> None:
    """Pending, firing with its page, two pods become four, and all recovers; SIMULATED all along."""
    # Pending is five of the story's minutes, of which a slow machine must not miss all.
    with demo(tmp_path, speed=20) as screen:
        screen.wait_for(
            lambda text: re.search("PEND +(crit +)?HighErrorRate", text) is not None, PATIENCE
        )
        screen.wait_for(lambda text: "✖ CRIT" in text and "INC-001" in text, PATIENCE)
        screen.wait_for(lambda text: re.search(r"Pods +2 ", text) is not None, PATIENCE)
        screen.wait_for(lambda text: re.search(r"Pods +4 ", text) is not None, PATIENCE)
        screen.wait_for(
            lambda text: re.search(r"resolved +HighErrorRate", text) is not None, PATIENCE
        )
        screen.wait_for(
            lambda text: re.search(r"Error rate 5m +0.\d+ %", text) is not None, PATIENCE
        )
        assert "SIMULATED" in screen.text()


@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_what_fires_is_on_the_screen_at_every_size(
    tmp_path: Path, columns: int, lines: int
) -> None:
    """What fires, who owns it and for how long; the colours of a theme; nothing beyond the edges."""
    with demo(tmp_path, columns, lines) as screen:
        screen.wait_for(
            lambda text: re.search(r"CRIT.* HighErrorRate .*\d+s .*nobody", text) is not None,
            PATIENCE,
        )
        assert "SIMULATED" in screen.text()
        assert re.search(rb"\x1b\[[0-9;]*38;2;", screen.raw) or b"38;5;" in screen.raw


def test_without_colour_not_one_colour_is_written(tmp_path: Path) -> None:
    """NO_COLOR: severity by sign and word, and no colour code on the wire (F54)."""
    with demo(tmp_path, NO_COLOR="1") as screen:
        screen.wait_for(lambda text: "✖ CRIT" in text, PATIENCE)
        found = re.findall(rb"\x1b\[([0-9;]*)m", screen.raw)
        codes = {part for code in found for part in code.split(b";")}
    assert codes & {b"1", b"7"}
    assert not {c for c in codes if c and (30 <= int(c) <= 49 or 90 <= int(c) <= 107)}


def test_a_plain_console_gets_ascii_and_sixteen_colours(tmp_path: Path) -> None:
    """LANG=C and TERM=linux: no byte beyond ASCII, no colour that such a console lacks (F53)."""
    with demo(tmp_path, LANG="C", LC_ALL="C", TERM="linux") as screen:
        screen.wait_for(lambda text: "CRIT" in text and "HighErrorRate" in text, PATIENCE)
        screen.send("?")
        screen.wait_for("acknowledge")
        raw = screen.raw
    assert not [byte for byte in raw if byte > 126]
    assert b"38;2;" not in raw and b"38;5;" not in raw


def test_a_terminal_that_cannot_show_it_is_refused(tmp_path: Path) -> None:
    """TERM=dumb: one line that says what to do instead, exit 2, no control sequence (F52)."""
    with demo(tmp_path, TERM="dumb") as screen:
        assert screen.wait_exit() == 2
        assert "opsdash status" in screen.text()
        assert b"\x1b" not in screen.raw
    assert not list(tmp_path.glob("opsdash-demo-*"))


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_leaves_terminal_and_disk_as_they_were(tmp_path: Path, signum: int) -> None:
    """The whole program, its engine included, is gone; its folder too (F45, F47)."""
    with demo(tmp_path) as screen:
        screen.wait_for("HighErrorRate", PATIENCE)
        screen.signal(signum)
        assert screen.wait_exit() == 128 + signum
        assert screen.restored
    assert not list(tmp_path.glob("opsdash-demo-*"))


def documented_keys() -> list[tuple[str, str]]:
    """Every action of the page with its first key."""
    page = (ROOT / "docs" / "keys.md").read_text()
    rows = re.findall(r"^\| (`[^|]*`) \| ([^|]*) \|", page, re.M)
    found = []
    for action, keys in rows:
        first = re.search(r"`([^`]+)`", keys)
        if first and first[1] != ":":
            found.append((action.strip("`").split("`")[0], first[1]))
    return found


def test_every_documented_key_is_taken(tmp_path: Path) -> None:
    """Each key of the page, typed one after the other, does something and breaks nothing."""
    names = [action for action, _ in documented_keys()]
    assert len(names) >= 20
    with demo(tmp_path, speed=20) as screen:
        screen.wait_for(lambda text: "✖ CRIT" in text and "INC-001" in text, PATIENCE)
        for action, key in documented_keys():
            if action == "quit":
                continue
            screen.send(*key.split(" "))
            screen.settle(0.1, 1)
            assert screen.exit_code is None, action
            # Whatever a key has opened is closed again, marks and filters are dropped.
            for _ in range(2):
                screen.send("escape")
                screen.settle(0.08, 1)
        screen.wait_for("HighErrorRate", PATIENCE)
        screen.send("q")
        assert screen.wait_exit() == 0


def test_keys_answer_with_what_the_page_says(tmp_path: Path) -> None:
    """Take it, give it back, escalate with a reason, filter, zoom, help, pause: each is seen."""
    with standing(tmp_path) as screen:
        screen.send("g", "a")
        screen.wait_for("acknowledged HighErrorRate")
        screen.send("u")
        screen.wait_for("enter undoes it:")
        screen.send("enter")
        screen.wait_for("undid")
        screen.send("/", "HighErr", "enter")
        screen.wait_for(lambda text: "HighErr" in text and "CertExpiresSoon" not in text)
        screen.send("e")
        screen.wait_for("Maria")
        screen.send("cannot roll back alone", "enter")
        screen.wait_for("cannot roll back")
        screen.send("escape", "p")
        screen.wait_for("PAUSED")
        screen.send("p", "?")
        screen.wait_for("give back: it is nobody's again")
        screen.send("escape")
        screen.wait_for(lambda text: "give back: it is" not in text)
        screen.send("enter")
        screen.wait_for(lambda text: "seen in        simulation" in text and "runbook" in text)


def test_escape_leaves_a_question_although_enter_comes_in_the_same_read(tmp_path: Path) -> None:
    """Over a slow line both arrive at once: the question is left unanswered, and nothing is typed."""
    with standing(tmp_path) as screen:
        screen.wait_for(lambda text: re.search("CRIT .*HighErrorRate .*nobody", text) is not None)
        screen.send("e")
        screen.wait_for("reason")
        screen.send("because\x1b\rj")
        screen.wait_for(lambda text: "reason" not in text and "because" not in text)
        screen.settle()
        assert "because" not in screen.text()
        assert "^" not in screen.text()
