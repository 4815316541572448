"""Mending a terminal that a killed dashboard left broken, and saying that there is one."""

import contextlib
import os
import termios
from pathlib import Path

from opsdash.ui.held import broken_terminals, forget, tty_of
from opsdash.ui.rawmode import is_raw, make_sane, reset_sequences


def mend(fd: int) -> None:
    """Give the terminal its screen, cursor, keys and lines back; raise OSError where it is none."""
    make_sane(fd)
    with contextlib.suppress(termios.error):
        # The terminal's answers to what the dead program asked would be typed at the shell.
        termios.tcflush(fd, termios.TCIFLUSH)
    os.write(fd, reset_sequences().encode())


def mend_before_start(folder: Path | None, fd: int) -> str:
    """Mend this terminal where a dashboard was killed on it; return what to tell of it and others.

    Empty where no dashboard was killed.
    """
    here = tty_of(fd)
    broken = broken_terminals(folder)
    others = [one for one in broken if one.tty != here]
    said = ""
    if len(others) < len(broken):
        with contextlib.suppress(OSError):
            # Most shells have set the lines again themselves, with the person's own keys.
            if is_raw(fd):
                make_sane(fd)
            os.write(fd, reset_sequences().encode())
        forget(folder, here)
        said = "the dashboard before was killed on this terminal, which is mended"
    if others:
        tty = others[0].tty
        more = f" and on {len(others) - 1} more" if len(others) > 1 else ""
        said = f"a dashboard was killed on {tty}{more}: `opsdash reset {tty}` mends the terminal"
    return said
