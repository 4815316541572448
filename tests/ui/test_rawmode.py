"""The lines of a terminal: broken on purpose, and made sane again as `stty` does."""

import os
import pty
import subprocess
import termios
from collections.abc import Iterator

import pytest

from opsdash.ui.rawmode import is_raw, make_raw, make_sane


@pytest.fixture
def tty() -> Iterator[int]:
    """A terminal, as a shell finds it."""
    master, slave = pty.openpty()
    yield slave
    os.close(master)
    os.close(slave)


def test_sane_is_what_stty_calls_sane(tty: int) -> None:
    """From every flag wrong and no key for ctrl+c; flow control comes back too, which raw mode took."""
    wrong = termios.tcgetattr(tty)
    wrong[0], wrong[1], wrong[3] = termios.IGNCR | termios.INLCR, 0, termios.NOFLSH | termios.TOSTOP
    wrong[6] = [b"\0" if isinstance(key, bytes) else key for key in wrong[6]]
    termios.tcsetattr(tty, termios.TCSANOW, wrong)
    assert is_raw(tty)
    make_sane(tty)
    ours = termios.tcgetattr(tty)
    termios.tcsetattr(tty, termios.TCSANOW, wrong)
    subprocess.run(["stty", "sane", "ixon"], stdin=tty, check=True)
    stty = termios.tcgetattr(tty)
    assert ours[:6] == stty[:6]
    keys = (termios.VINTR, termios.VQUIT, termios.VERASE, termios.VEOF, termios.VSUSP)
    assert [ours[6][key] for key in keys] == [stty[6][key] for key in keys]


def test_a_shells_own_settings_are_not_taken_for_broken(tty: int) -> None:
    """Only a terminal without echo and lines is raw."""
    assert not is_raw(tty)
    make_raw(tty)
    assert is_raw(tty)


def test_what_is_no_terminal_cannot_be_sane() -> None:
    """It is an OSError, as of any other call on a file."""
    reader, writer = os.pipe()
    with pytest.raises(OSError, match="ioctl"):
        make_sane(reader)
    os.close(reader)
    os.close(writer)
