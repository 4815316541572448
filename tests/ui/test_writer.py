"""The terminal's writer: at once what can be written, the rest in order, and never a wait."""

import os
import pty
import select
import tty
from collections.abc import Iterator

import pytest

from opsdash.ui.writer import TerminalWriter
from tests.kit.waiting import wait_until

FULL = 1 << 18
"""More bytes than a pty holds."""


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """The two ends of a terminal: what a person sees, what a program writes to."""
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, slave
    os.close(master)
    os.close(slave)


def writer_of(slave: int) -> TerminalWriter:
    return TerminalWriter(slave, "utf-8", lambda: None, lambda: None)


def readable(master: int) -> bool:
    return bool(select.select([master], [], [], 0)[0])


def read_until(master: int, last: bytes) -> bytes:
    found = b""

    def ended() -> bool:
        nonlocal found
        while readable(master):
            found += os.read(master, 65536)
        return found.endswith(last)

    wait_until(ended, 20)
    return found


def test_what_fits_is_written_before_anything_else_happens(ends: tuple[int, int]) -> None:
    """A frame does not wait for the thread's turn: it is out when `write` returns."""
    master, slave = ends
    writer = writer_of(slave)
    writer.write("frame")
    assert os.read(master, 100) == b"frame"
    assert not writer.congested


def test_what_does_not_fit_follows_in_order(ends: tuple[int, int]) -> None:
    """A terminal that reads late gets every piece once, in the order of the writes."""
    master, slave = ends
    writer = writer_of(slave)
    writer.start()
    pieces = [f"<{number}>" * 3000 for number in range(20)]
    for piece in pieces:
        writer.write(piece)
    assert writer.congested
    writer.write("end")
    assert read_until(master, b"end") == "".join([*pieces, "end"]).encode()
    wait_until(lambda: not writer.congested, 10)
    assert writer.stop(5.0, "")


def test_an_unread_terminal_makes_nobody_wait(ends: tuple[int, int]) -> None:
    """`write` returns at once although nothing is read and no thread is there to help."""
    _, slave = ends
    writer = writer_of(slave)
    writer.write("x" * FULL)
    writer.write("y")
    assert writer.congested


def test_nothing_is_written_once_it_has_stopped(ends: tuple[int, int]) -> None:
    """What is drawn after the terminal was given back stays out of it."""
    master, slave = ends
    writer = writer_of(slave)
    writer.start()
    assert writer.stop(5.0, "")
    writer.write("late")
    assert not readable(master)
