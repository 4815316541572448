"""A dashboard that is killed -9 cannot give its terminal back: `opsdash reset`, and the next start (F48)."""

import os
import signal
import sys
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit.team import Team, config
from tests.kit.tmux import Tmux
from tests.kit.waiting import wait_until
from tests.terminal import Terminal

OPSDASH = f"{sys.executable} -m opsdash"
WHOLE = {"alternate_on": "0", "cursor_flag": "1", "wrap_flag": "1", "mouse_any_flag": "0"}
BROKEN = {"alternate_on": "1", "cursor_flag": "0", "wrap_flag": "0", "mouse_any_flag": "0"}


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    """A configuration with a state of its own."""
    made = Team(tmp_path, config(tmp_path / "ops.db"))
    yield made
    made.stop_engines()


@pytest.fixture
def shell(team: Team, tmp_path: Path) -> Iterator[Tmux]:
    """A shell in a terminal of its own; `sh` mends nothing by itself, as `bash` would."""
    with Tmux(tmp_path, env=team.environment) as shell:
        yield shell


def dashboard(team: Team, columns: int = 100) -> Terminal:
    """A dashboard in a terminal of its own, drawn."""
    terminal = Terminal([*OPSDASH.split()], columns=columns, lines=30, env=team.environment)
    terminal.wait_for("Performance")
    return terminal


def notes(team: Team) -> list[Path]:
    """The notes on terminals that dashboards hold."""
    return list((team.folder / "run" / "opsdash" / "terminals").iterdir())


def start_and_kill(shell: Tmux, team: Team) -> None:
    """Start a dashboard in the shell, kill it -9 and see the terminal broken."""
    shell.type(OPSDASH, "Enter")
    shell.wait_for("Performance")
    (note,) = notes(team)
    os.kill(int(note.read_text().split()[1]), signal.SIGKILL)
    shell.wait_for("Killed")
    wait_until(lambda: shell.says(*BROKEN) == BROKEN, what="a broken terminal")
    modes = line_modes(shell)
    assert not modes[3] & (termios.ECHO | termios.ICANON), "the shell mends it: no test"


def line_modes(shell: Tmux) -> list[int]:
    """The line settings of the shell's terminal."""
    tty = os.open(shell.says("pane_tty")["pane_tty"], os.O_RDWR | os.O_NOCTTY)
    try:
        return termios.tcgetattr(tty)[:4]
    finally:
        os.close(tty)


def is_whole(shell: Tmux) -> bool:
    """Whether the terminal's screen, cursor and lines are as a shell needs them."""
    cooked = termios.ECHO | termios.ICANON | termios.ISIG
    return shell.says(*WHOLE) == WHOLE and line_modes(shell)[3] & cooked == cooked


def test_reset_mends_the_terminal_it_is_typed_in(shell: Tmux, team: Team) -> None:
    """Typed blind, ended by ctrl+j: screen, cursor, wrapping, echo and lines are back."""
    start_and_kill(shell, team)
    shell.type(f"{OPSDASH} reset", "C-j")
    shell.wait_for("is mended")
    wait_until(lambda: is_whole(shell) and notes(team) == [], what="a mended terminal")
    shell.type("echo all is $((40 + 2))", "Enter")
    shell.wait_for(lambda text: "echo all is $((40 + 2))" in text and "all is 42" in text)


def test_the_next_dashboard_on_it_mends_it_and_says_so(shell: Tmux, team: Team) -> None:
    """Without `reset` the next start does it, so that its own end leaves a whole terminal."""
    start_and_kill(shell, team)
    shell.type(OPSDASH, "C-j")
    shell.wait_for("the dashboard before was killed on this terminal, which is mended")
    shell.type("q")
    shell.wait_for(lambda text: "Performance" not in text)
    wait_until(lambda: is_whole(shell) and notes(team) == [], what="the whole terminal")


def test_the_next_dashboard_elsewhere_names_it_and_reset_mends_it_from_there(team: Team) -> None:
    """The hint has the command to type; it stays until the terminal is mended or closed."""
    with dashboard(team) as killed, dashboard(team, columns=120) as other:
        killed.signal(signal.SIGKILL)
        killed.wait_exit()
        for _ in range(2):
            with dashboard(team, columns=120) as after:
                after.wait_for(f"`opsdash reset {killed.name}` mends the terminal")
                after.send("q")
                after.wait_exit()
        done = team.run("reset", killed.name)
        assert (done.returncode, done.stdout) == (0, f"{killed.name} is mended\n")
        wait_until(lambda: b"\x1b[?1049l" in killed.raw and b"\x1b[?25h" in killed.raw)
        # Kitty's keyboard mode makes every letter a sequence: nothing could be typed any more.
        assert killed.raw.rfind(b"\x1b[<99u") > killed.raw.rfind(b"\x1b[>25u") > 0
        assert killed.modes[3] & termios.ECHO and killed.modes[0] & termios.ICRNL
        with dashboard(team, columns=120) as after:
            assert "reset" not in after.text()
        assert other.exit_code is None


def test_a_terminal_that_was_closed_is_not_named(team: Team) -> None:
    """Nobody is helped by a hint on a window that is gone; its note is thrown away."""
    with dashboard(team) as killed:
        killed.signal(signal.SIGKILL)
        killed.wait_exit()
    with dashboard(team) as after:
        after.wait_until(lambda: len(notes(team)) == 1, what="its own note alone")
        after.settle()
        assert "reset" not in after.text()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGTSTP], ids=["ended", "stopped"])
def test_a_terminal_that_was_given_back_is_not_noted(team: Team, end: signal.Signals) -> None:
    """Only while a dashboard has the terminal is there a note on it."""
    with dashboard(team) as terminal:
        assert len(notes(team)) == 1
        terminal.signal(end)
        terminal.wait_until(lambda: terminal.restored, what="the restored terminal")
        wait_until(lambda: notes(team) == [])


def test_reset_leaves_a_living_dashboard_and_what_is_no_terminal_alone(team: Team) -> None:
    """One line, exit 2, nothing written."""
    with dashboard(team) as terminal:
        before = terminal.modes
        alive = team.run("reset", terminal.name)
        assert alive.returncode == 2
        assert f"a dashboard runs there (process {terminal.pid})" in alive.stderr
        assert terminal.modes == before
    file = team.folder / "file"
    file.write_text("mine")
    for path in (file, team.folder / "missing", Path("/dev/null")):
        refused = team.run("reset", str(path))
        assert refused.returncode == 2
        assert refused.stderr.count("\n") == 1
        assert "name a terminal" in refused.stderr
    assert file.read_text() == "mine"
