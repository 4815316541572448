"""Terminal faults: whatever happens to the terminal, the process ends in time and leaves it whole."""

import re
import signal
import subprocess
import sys
import termios
from functools import partial
from pathlib import Path

import pytest

from tests.kit.source_tree import ROOT
from tests.terminal import Terminal
from tests.ui.running import shown, start

FATAL = [signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM]
WITHIN = 60.0
"""Far above the two seconds promised: tests measure no time, and a loaded machine is slow."""


def name_of(signum: int) -> str:
    return signal.Signals(signum).name


def stall(terminal: Terminal, state: Path) -> None:
    """Stop reading and make the program draw far more than a pty holds (64 KiB)."""
    terminal.pause_reading()
    for _ in range(40):
        before = frames(state)
        terminal.send("c", "ctrl+l")
        terminal.wait_until(partial(more_frames, state, before), what="a frame, drawn or left out")


def frames(state: Path) -> int:
    """Return how many frames the app has drawn or left out."""
    return int((state / "frames").read_text() or 0)


def more_frames(state: Path, before: int) -> bool:
    return frames(state) > before


def test_quit_gives_the_terminal_back(tmp_path: Path) -> None:
    """After `q` modes, screen and cursor are what they were, and the exit code is 0."""
    with shown("board", tmp_path) as terminal:
        assert not terminal.modes[3] & termios.ECHO
        terminal.send("q")
        assert terminal.wait_exit(WITHIN) == 0
        assert terminal.restored
        assert terminal.text().strip() == ""


@pytest.mark.parametrize("signum", FATAL, ids=name_of)
def test_a_signal_restores_the_terminal(tmp_path: Path, signum: int) -> None:
    """Each catchable fatal signal ends the app with 128+n and a terminal as it was."""
    with shown("board", tmp_path) as terminal:
        terminal.signal(signum)
        assert terminal.wait_exit(WITHIN) == 128 + signum
        assert terminal.restored


@pytest.mark.parametrize("signum", [signal.SIGHUP, signal.SIGTERM], ids=name_of)
def test_a_signal_ends_it_although_nobody_reads(tmp_path: Path, signum: int) -> None:
    """A stalled terminal does not keep the process; once read again it is found restored."""
    with shown("board", tmp_path, columns=200, lines=60) as terminal:
        stall(terminal, tmp_path)
        terminal.signal(signum)
        assert terminal.wait_exit(WITHIN) == 128 + signum
        terminal.resume_reading()
        terminal.wait_until(lambda: terminal.restored, what="the restored terminal")


def test_a_signal_ends_it_although_the_event_loop_hangs(tmp_path: Path) -> None:
    """When the main thread never comes back the process ends by force, the terminal restored."""
    with shown("board", tmp_path) as terminal:
        terminal.send("h")
        terminal.wait_until((tmp_path / "hanging").exists, what="the hanging loop")
        terminal.signal(signal.SIGTERM)
        assert terminal.wait_exit(WITHIN) == 128 + signal.SIGTERM
        terminal.wait_until(lambda: terminal.restored, what="the restored terminal")


def test_ctrl_c_is_a_key(tmp_path: Path) -> None:
    """Typed, ctrl+c is read as a key like any other: it kills nothing."""
    with shown("board", tmp_path) as terminal:
        terminal.send("ctrl+c", "c")
        terminal.wait_for("steps: 2")
        assert terminal.exit_code is None


@pytest.mark.parametrize("ignored", [False, True], ids=["default", "nohup"])
def test_a_terminal_that_goes_away_ends_it(tmp_path: Path, ignored: bool) -> None:
    """A dropped connection ends the process, under nohup too."""
    terminal = shown("board", tmp_path, ignore_hangup=ignored)
    terminal.close()
    assert terminal.wait_exit(WITHIN) == 128 + signal.SIGHUP


def test_frames_are_left_out_while_nobody_reads_and_the_last_one_is_drawn(tmp_path: Path) -> None:
    """A terminal that stalls and goes on shows the newest state, not every state between."""
    with shown("board", tmp_path, columns=200, lines=60) as terminal:
        stall(terminal, tmp_path)
        terminal.resume_reading()
        terminal.wait_for("steps: 41")
        # Forty repaints of 12,000 cells are half a megabyte; a pty holds 64 KiB of them.
        assert len(terminal.raw) < 250_000


def test_it_stops_and_goes_on_in_a_shells_job_control(tmp_path: Path) -> None:
    """Stopped it leaves a usable terminal; continued it draws everything and says that it is old."""
    with shown("board", tmp_path) as terminal:
        terminal.signal(signal.SIGTSTP)
        terminal.wait_until(lambda: terminal.state() == "T", what="the stop")
        terminal.wait_until(lambda: terminal.restored, what="the restored terminal")
        terminal.signal(signal.SIGCONT)
        terminal.wait_for("continued: all is stale")
        terminal.send("c")
        terminal.wait_for("steps: 2")
        terminal.send("q")
        assert terminal.wait_exit(WITHIN) == 0
        assert terminal.restored


def test_a_stop_waits_for_what_is_being_written(tmp_path: Path) -> None:
    """A process that is stopped within a transaction would lock everybody out (F33)."""
    with shown("board", tmp_path) as terminal:
        (tmp_path / "writing").touch()
        terminal.signal(signal.SIGTSTP)
        terminal.wait_until(lambda: terminal.restored, what="the restored terminal")
        assert terminal.state() != "T"
        (tmp_path / "writing").unlink()
        terminal.wait_until(lambda: terminal.state() == "T", what="the stop")
        terminal.signal(signal.SIGCONT)
        terminal.wait_for("continued: all is stale")


def test_a_write_that_hangs_does_not_keep_it_from_stopping(tmp_path: Path) -> None:
    """After a second it stops all the same; continued before that, it goes on at once."""
    with shown("board", tmp_path) as terminal:
        (tmp_path / "writing").touch()
        terminal.signal(signal.SIGTSTP)
        terminal.wait_until(lambda: terminal.state() == "T", what="the stop")
        terminal.signal(signal.SIGCONT)
        terminal.wait_for("continued: all is stale")
        terminal.signal(signal.SIGTSTP)
        terminal.wait_until(lambda: terminal.raw.count(b"?1049l") == 2, what="the given terminal")
        terminal.signal(signal.SIGCONT)
        terminal.wait_until(lambda: terminal.raw.count(b"?1049h") == 3, what="the taken terminal")
        terminal.send("c")
        terminal.wait_for("steps: 2")


def test_it_survives_a_stop_that_it_could_not_prepare(tmp_path: Path) -> None:
    """After SIGSTOP, a shell's own use of the terminal and SIGCONT all is drawn and obeys keys."""
    with shown("board", tmp_path) as terminal:
        terminal.settle()
        terminal.signal(signal.SIGSTOP)
        terminal.wait_until(lambda: terminal.state() == "T", what="the stop")
        termios.tcsetattr(terminal.tty, termios.TCSANOW, terminal.modes_before)
        with open(f"/proc/{terminal.pid}/fd/2", "w") as tty:
            tty.write("\x1b[?1049l\x1b[?25h$ ls\r\n")
        terminal.signal(signal.SIGCONT)
        terminal.wait_for("continued: all is stale")
        terminal.send("c")
        terminal.wait_for("steps: 2")
        assert "$ ls" not in terminal.text()
        terminal.send("q")
        assert terminal.wait_exit(WITHIN) == 0
        assert terminal.restored


def test_every_size_is_survived(tmp_path: Path) -> None:
    """From 500x200 to 1x1 and a terminal that says 0x0, and back."""
    with shown("board", tmp_path) as terminal:
        for size in ((10, 3), (1, 1), (0, 0), (2, 50), (500, 200)):
            terminal.resize(*size)
            terminal.settle(0.1)
        terminal.resize(80, 24)
        terminal.wait_for("steps: 1")
        terminal.send("c")
        terminal.wait_for("steps: 2")
        assert terminal.exit_code is None


def test_a_terminal_of_no_size_starts(tmp_path: Path) -> None:
    """A terminal that says 0x0 is taken for 80x24."""
    with start("board", tmp_path, columns=80, lines=24, no_size=True) as terminal:
        terminal.wait_for("steps: 1")


def test_at_rest_nothing_wakes_up(tmp_path: Path) -> None:
    """No timer polls for keys: the threads come to wake a few times in two seconds at most."""
    with shown("board", tmp_path) as terminal:

        def rests() -> bool:
            before, ends = terminal.wakeups(), terminal.seconds + 2
            terminal.wait_until(lambda: terminal.seconds > ends)
            return terminal.wakeups() - before <= 6

        # Ten a second is what polling costs: with a timer no two seconds would be as quiet.
        terminal.wait_until(rests, what="two seconds of rest")


def test_a_lone_escape_is_heard(tmp_path: Path) -> None:
    """The escape key alone arrives although nothing follows it."""
    with start("form", tmp_path) as terminal:
        terminal.wait_until(lambda: len(terminal.raw) > 200)
        terminal.send("escape")
        terminal.wait_for("key: escape")
        terminal.send("down")
        terminal.wait_for("key: down")


def test_no_mouse_unless_asked_for(tmp_path: Path) -> None:
    """The terminal's own selection keeps working; with `mouse` it is asked for and given back."""
    with shown("board", tmp_path) as terminal:
        assert b"?1000h" not in terminal.raw and b"?1003h" not in terminal.raw
    with shown("board", tmp_path, "--mouse") as terminal:
        assert b"?1000h" in terminal.raw
        terminal.send("q")
        terminal.wait_exit(WITHIN)
        assert b"?1000l" in terminal.raw and terminal.restored


@pytest.mark.parametrize("term", ["dumb", ""])
def test_a_terminal_without_a_cursor_is_refused(tmp_path: Path, term: str) -> None:
    """TERM=dumb gets one line and exit code 2, not escape sequences."""
    with start("board", tmp_path, term=term) as terminal:
        assert terminal.wait_exit(WITHIN) == 2
        assert b"\x1b" not in terminal.raw
        assert "opsdash status" in " ".join(terminal.text().split())


def test_without_a_terminal_it_is_refused(tmp_path: Path) -> None:
    """In a pipe it says in one line what prints text instead, and ends with 2."""
    command = [sys.executable, "-m", "tests.ui.terminalapps", "board", str(tmp_path)]
    ran = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert ran.returncode == 2 and ran.stdout == ""
    assert re.fullmatch(r"[^\n]*not a terminal[^\n]*opsdash status[^\n]*\n", ran.stderr)


def test_standard_error_may_go_to_a_file(tmp_path: Path) -> None:
    """With errors sent to a file the dashboard is drawn on the terminal all the same."""
    errors = tmp_path / "errors"
    with shown("board", tmp_path, stderr=errors) as terminal:
        terminal.send("q")
        assert terminal.wait_exit(WITHIN) == 0
        assert errors.read_bytes() == b""


def test_another_program_may_have_the_terminal_meanwhile(tmp_path: Path) -> None:
    """An editor started from the app gets a whole terminal, its ctrl+c too, and gives it back.

    The app goes on changing meanwhile, which must neither write nor block.
    """
    with shown("board", tmp_path) as terminal:
        terminal.send("s")
        terminal.wait_for("the other program")
        assert terminal.restored
        terminal.send("ctrl+c")
        terminal.wait_for("interrupted")
        terminal.send("enter")
        terminal.wait_for("continued: all is stale")
        terminal.send("c")
        terminal.wait_for("steps: 2")
        terminal.send("q")
        assert terminal.wait_exit(WITHIN) == 0
        assert terminal.restored
