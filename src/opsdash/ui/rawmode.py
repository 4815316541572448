"""What a full-screen program asks of a terminal, how it gives it back, and whether it can at all."""

import contextlib
import os
import sys
import termios
import tty
from typing import Any

FALLBACK_SIZE = (80, 24)
"""Columns and lines where the terminal does not say."""

_PLAIN_TERMS = ("linux", "vt", "ansi", "cons")
_MOUSE_MODES = (1000, 1003, 1015, 1006)
_KITTY_FLAGS = 0b11001


def terminal_problem() -> str | None:
    """Return in one line why no dashboard can be shown here, or None if it can."""
    cure = "`opsdash status` and `opsdash alerts` print plain text"
    if sys.__stdin__ is None or not _is_terminal(sys.__stdin__):
        return f"standard input is not a terminal, so no key can be read: {cure}"
    if not any(_is_terminal(s) for s in (sys.__stderr__, sys.__stdout__) if s is not None):
        return f"neither standard output nor standard error is a terminal: {cure}"
    term = os.environ.get("TERM", "")
    if term in ("", "dumb", "unknown"):
        return f"TERM is {term or 'not set'}, a terminal without a cursor to move: {cure}"
    return None


def _is_terminal(stream: Any) -> bool:
    try:
        return bool(stream.isatty())
    except (OSError, ValueError):
        return False


def size_of(fd: int) -> tuple[int, int] | None:
    """Return columns and lines of the terminal `fd`, or None where it says 0 or nothing."""
    try:
        columns, lines = os.get_terminal_size(fd)
    except OSError:
        return None
    return (columns, lines) if columns > 0 and lines > 0 else None


def saved_attributes(fd: int) -> list[Any] | None:
    """Return the line settings of the terminal, to be given back later; None if it has none."""
    try:
        return termios.tcgetattr(fd)
    except (termios.error, OSError):
        return None


def make_raw(fd: int) -> None:
    """Hand every key to the program: no echo, no lines, no signals, no flow control."""
    with contextlib.suppress(termios.error, OSError):
        attributes = termios.tcgetattr(fd)
        signals = 0 if os.environ.get("TEXTUAL_ALLOW_SIGNALS") else termios.ISIG
        attributes[tty.LFLAG] &= ~(termios.ECHO | termios.ICANON | termios.IEXTEN | signals)
        attributes[tty.IFLAG] &= ~(
            termios.IXON | termios.IXOFF | termios.ICRNL | termios.INLCR | termios.IGNCR
        )
        attributes[tty.CC][termios.VMIN] = 1
        termios.tcsetattr(fd, termios.TCSANOW, attributes)


def _takes_kitty_keys() -> bool:
    # Whether there is a terminal at all is asked before textual is imported.
    from textual import constants

    return not constants.DISABLE_KITTY_KEY


def enter_sequences(*, mouse: bool) -> str:
    """Return what takes the screen: alternate buffer, no cursor, no wrapping, paste and focus marks."""
    parts = ["\x1b[?1049h", "\x1b[m", "\x1b[?25l", "\x1b[?7l"]
    if not _is_plain():
        parts += ["\x1b[?1004h", "\x1b[?2004h"]
        if _takes_kitty_keys():
            parts.append(f"\x1b[>{_KITTY_FLAGS}u")
        if os.environ.get("TERM_PROGRAM") != "Apple_Terminal":
            parts.append("\x1b[?2026$p")
    if mouse:
        parts += [f"\x1b[?{mode}h" for mode in _MOUSE_MODES]
    return "".join(parts)


def leave_sequences(*, mouse: bool) -> str:
    """Return what gives the screen back as it was before `enter_sequences`."""
    parts = ["\x1b[m"]
    if mouse:
        parts += [f"\x1b[?{mode}l" for mode in _MOUSE_MODES]
    if not _is_plain():
        if _takes_kitty_keys():
            parts.append("\x1b[<u")
        parts += ["\x1b[?2004l", "\x1b[?1004l"]
    parts += ["\x1b[?7h", "\x1b[?1049l", "\x1b[?25h"]
    return "".join(parts)


def _is_plain() -> bool:
    return os.environ.get("TERM", "").startswith(_PLAIN_TERMS)
