"""What a full-screen program asks of a terminal, how it gives it back, and whether it can at all."""

import contextlib
import os
import sys
import termios
import tty
from typing import Any

FALLBACK_SIZE = (80, 24)
"""Columns and lines where the terminal does not say."""

PUSH_TITLE = "\x1b[22;2t"
POP_TITLE = "\x1b[23;2t"
"""Keep the title of the terminal's window, and give it back."""

_PLAIN_TERMS = ("linux", "vt", "ansi", "cons")
_MOUSE_MODES = (1000, 1003, 1015, 1006)
_KITTY_FLAGS = 0b11001
_KITTY_POP_ALL = "\x1b[<99u"
_ALL_MOUSE_MODES = (9, 1000, 1001, 1002, 1003, 1005, 1006, 1015, 1016)
_IUTF8 = 0x4000 if sys.platform == "linux" else 0
_ECHOES = ("ECHO", "ECHOE", "ECHOK", "ECHOCTL", "ECHOKE")
_USUAL_KEYS = {
    termios.VINTR: b"\x03",
    termios.VQUIT: b"\x1c",
    termios.VERASE: b"\x7f",
    termios.VKILL: b"\x15",
    termios.VEOF: b"\x04",
    termios.VSTART: b"\x11",
    termios.VSTOP: b"\x13",
    termios.VSUSP: b"\x1a",
}


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


def terminal_fd() -> int:
    """Return the descriptor that is drawn on: standard error, or standard output where it is none."""
    streams = [s for s in (sys.__stderr__, sys.__stdout__) if s is not None]
    return next((s for s in streams if s.isatty()), streams[0]).fileno()


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


def make_sane(fd: int) -> None:
    """Set the lines of the terminal as `stty sane` does, flow control too: echo, lines, ctrl+c.

    Raises OSError where `fd` is no terminal.
    """
    try:
        attributes = termios.tcgetattr(fd)
        kept = attributes[tty.IFLAG] & _IUTF8
        attributes[tty.IFLAG] = kept | _flags("BRKINT", "ICRNL", "IXON", "IMAXBEL")
        attributes[tty.OFLAG] = _flags("OPOST", "ONLCR")
        attributes[tty.CFLAG] |= termios.CREAD
        attributes[tty.LFLAG] = _flags("ISIG", "ICANON", "IEXTEN", *_ECHOES)
        for key, usual in _USUAL_KEYS.items():
            attributes[tty.CC][key] = usual
        termios.tcsetattr(fd, termios.TCSANOW, attributes)
    except termios.error as error:
        raise OSError(*error.args) from error


def is_raw(fd: int) -> bool:
    """Whether keys typed at the terminal are neither shown nor collected into lines."""
    attributes = saved_attributes(fd)
    return attributes is not None and not attributes[tty.LFLAG] & (termios.ECHO | termios.ICANON)


def _flags(*names: str) -> int:
    # Systems have not all of them.
    return sum(getattr(termios, name, 0) for name in names)


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


def reset_sequences() -> str:
    """Return what gives back a screen whose program was killed, whichever of its modes were on."""
    parts = ["\x1b[m", "\x0f", *(f"\x1b[?{mode}l" for mode in _ALL_MOUSE_MODES)]
    if not _is_plain():
        # Each of the two screens has a stack of its own. Where the other one was left already, the
        # position that is saved first is the one that the cursor is put back to.
        parts += [_KITTY_POP_ALL, "\x1b7", "\x1b[?1049l", _KITTY_POP_ALL, POP_TITLE]
        parts += ["\x1b[?2026l", "\x1b[?2048l", "\x1b[?2004l", "\x1b[?1004l"]
    return "".join([*parts, "\x1b[?1l", "\x1b>", "\x1b[?7h", "\x1b[?25h"])


def _is_plain() -> bool:
    return os.environ.get("TERM", "").startswith(_PLAIN_TERMS)
