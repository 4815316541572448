"""A terminal for tests and bench: a command in a pty, keys in, the screen a person would see out.

It needs pyte, and neither pytest nor a display. Output is read by a thread, so that the program
under test never waits for the test, unless `read=False` plays a terminal that nobody reads.
"""

import contextlib
import copy
import errno
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyte

KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "space": " ",
    "backspace": "\x7f",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "pageup": "\x1b[5~",
    "pagedown": "\x1b[6~",
    "shift+tab": "\x1b[Z",
}
"""What a terminal sends for keys that are no character; `ctrl+x` is understood as well."""

_PAUSE = 0.01
_SCRIPT = "import os,sys;os.setsid();{};os.execvp(sys.argv[1], sys.argv[1:])"
_OWN_TTY = "import fcntl,termios;fcntl.ioctl(0, termios.TIOCSCTTY, 0)"


_KITTY_POP = re.compile(rb"\x1b\[<\d*u")
_BEGUN_POP = re.compile(rb"\x1b(\[(<\d*)?)?$")


class _Screen(pyte.Screen):
    """pyte's screen with an alternate buffer, and deaf to private sequences it takes for colours."""

    _main: tuple[Any, Any] | None = None

    def select_graphic_rendition(self, *attributes: int, private: bool = False) -> None:
        if not private:
            super().select_graphic_rendition(*attributes)

    def set_mode(self, *modes: int, **kwargs: Any) -> None:
        super().set_mode(*modes, **kwargs)
        if 1049 in modes and kwargs.get("private") and self._main is None:
            self._main = (copy.deepcopy(self.buffer), copy.copy(self.cursor))
            self.erase_in_display(2)

    def reset_mode(self, *modes: int, **kwargs: Any) -> None:
        super().reset_mode(*modes, **kwargs)
        if 1049 in modes and kwargs.get("private") and self._main is not None:
            self.buffer, self.cursor = self._main
            self._main = None
            self.dirty.update(range(self.lines))


class _Stream(pyte.ByteStream):
    """pyte's stream without the kitty sequence whose last letter pyte would print."""

    _held = b""

    def feed(self, data: bytes) -> None:  # type: ignore[override]  # as pyte's own does
        data = _KITTY_POP.sub(b"", self._held + data)
        begun = _BEGUN_POP.search(data)
        self._held = begun[0] if begun else b""
        super().feed(data[: len(data) - len(self._held)])


def new_screen(columns: int, lines: int) -> tuple[pyte.Screen, pyte.ByteStream]:
    """Return an emulated screen and the stream that bytes of a program are fed to."""
    screen = _Screen(columns, lines)
    return screen, _Stream(screen)


def text_lines(screen: pyte.Screen) -> list[str]:
    """Return the screen's lines without trailing blanks."""
    return [line.rstrip() for line in screen.display]


Look = tuple[str, str, str, bool, bool, bool, bool, bool]


def looks(screen: pyte.Screen) -> list[list[Look]]:
    """Return what each cell looks like: character, colours and attributes, line by line."""
    rows = []
    for y in range(screen.lines):
        line = screen.buffer[y]
        rows.append(
            [
                (c.data, c.fg, c.bg, c.bold, c.italics, c.underscore, c.reverse, c.strikethrough)
                for c in (line[x] for x in range(screen.columns))
            ]
        )
    return rows


def visible(rows: list[list[Look]]) -> list[list[Look]]:
    """Leave out what nobody sees: the letter colour and weight of an empty cell."""
    return [
        [
            (" ", look[1] if any(look[5:]) else "", look[2], False, False, *look[5:])
            if look[0] == " "
            else look
            for look in row
        ]
        for row in rows
    ]


class Terminal:
    """One program in one terminal: `with Terminal([...], columns=80, lines=24) as terminal`.

    `chunks` are the bytes it wrote, each with the seconds since the start; `exit_code` is the
    program's, 128+n or negative as `subprocess` says. Leaving the `with` kills what is left.
    """

    def __init__(
        self,
        command: Sequence[str | os.PathLike[str]],
        *,
        columns: int = 80,
        lines: int = 24,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        term: str = "xterm-256color",
        read: bool = True,
        stderr: Path | None = None,
        ignore_hangup: bool = False,
        inherit_env: bool = True,
        no_size: bool = False,
    ) -> None:
        self.columns, self.lines = columns, lines
        self._screen, self._stream = new_screen(columns, lines)
        self._master, slave = pty.openpty()
        self._slave = slave
        if not no_size:
            _set_size(slave, columns, lines)
        self.chunks: list[tuple[float, bytes]] = []
        self.modes_before = termios.tcgetattr(slave)
        self._lock = threading.Lock()
        self._reading = threading.Event()
        if read:
            self._reading.set()
        self._closed = False
        self._started = time.monotonic()
        self._process = self._spawn(
            command, slave, env, cwd, term, stderr, ignore_hangup, inherit_env
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _spawn(
        self,
        command: Sequence[str | os.PathLike[str]],
        slave: int,
        env: Mapping[str, str] | None,
        cwd: Path | None,
        term: str,
        stderr: Path | None,
        ignore_hangup: bool,
        inherit_env: bool,
    ) -> subprocess.Popen[bytes]:
        environment = dict(os.environ) if inherit_env else {"PATH": os.environ.get("PATH", "")}
        for name in ("COLUMNS", "LINES", "COLORTERM", "NO_COLOR", "TERM_PROGRAM", "TMUX"):
            environment.pop(name, None)
        environment |= {"TERM": term, "PYTHONUNBUFFERED": "1"} | dict(env or {})
        setup = _OWN_TTY
        if ignore_hangup:
            setup += ";import signal;signal.signal(signal.SIGHUP, signal.SIG_IGN)"
        launcher = [sys.executable, "-S", "-c", _SCRIPT.format(setup)]
        with contextlib.ExitStack() as stack:
            errors = slave if stderr is None else stack.enter_context(stderr.open("wb"))
            return subprocess.Popen(
                [*launcher, *(os.fspath(word) for word in command)],
                stdin=slave,
                stdout=slave,
                stderr=errors,
                env=environment,
                cwd=cwd,
                close_fds=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The process id of the program."""
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The exit code; negative for a death by a signal; None while the program runs."""
        return self._process.poll()

    @property
    def raw(self) -> bytes:
        """All bytes that the program wrote so far."""
        with self._lock:
            return b"".join(chunk for _, chunk in self.chunks)

    @property
    def seconds(self) -> float:
        """Seconds since the program was started."""
        return time.monotonic() - self._started

    @property
    def tty(self) -> int:
        """The descriptor of the program's side of the terminal."""
        return self._slave

    @property
    def name(self) -> str:
        """The name of the terminal, as `tty` prints it."""
        return os.ttyname(self._slave)

    @property
    def modes(self) -> list[Any]:
        """The line settings (termios) of the terminal now."""
        return termios.tcgetattr(self._slave)

    @property
    def restored(self) -> bool:
        """Whether line settings, screen and cursor are given back as they were before."""
        raw = self.raw
        return (
            _comparable(self.modes) == _comparable(self.modes_before)
            and raw.rfind(b"\x1b[?1049l") > raw.rfind(b"\x1b[?1049h")
            and raw.rfind(b"\x1b[?25h") > raw.rfind(b"\x1b[?25l")
            and (b"\x1b[?1000h" not in raw or raw.rfind(b"?1000l") > raw.rfind(b"?1000h"))
        )

    def text(self) -> str:
        """Return what is on the screen, lines without trailing blanks."""
        with self._lock:
            return "\n".join(text_lines(self._screen))

    def looks(self) -> list[list[Look]]:
        """Return what each cell of the screen looks like."""
        with self._lock:
            return looks(self._screen)

    def edges(self) -> list[tuple[str, str]]:
        """Return the characters of the first and of the last column, line by line."""
        with self._lock:
            rows = [self._screen.buffer[y] for y in range(self._screen.lines)]
            return [(row[0].data, row[self._screen.columns - 1].data) for row in rows]

    def cursor(self) -> tuple[int, int]:
        """Return the column and the line of the cursor."""
        with self._lock:
            return self._screen.cursor.x, self._screen.cursor.y

    def send(self, *keys: str) -> None:
        """Type keys: a name of `KEYS`, `ctrl+x`, or any text as it is."""
        for key in keys:
            typed = KEYS.get(key)
            if typed is None and key.startswith("ctrl+") and len(key) == 6:
                typed = chr(ord(key[5].upper()) - 64)
            os.write(self._master, (key if typed is None else typed).encode())

    def wait_for(self, text: str | Callable[[str], bool], timeout: float = 60.0) -> float:
        """Wait until the screen holds `text` (or satisfies the function); return the seconds taken.

        Raises AssertionError with the screen when it does not within `timeout` seconds.
        """
        condition = text if callable(text) else (lambda screen: text in screen)
        return self.wait_until(lambda: condition(self.text()), timeout, f"{text!r}")

    def wait_until(
        self, condition: Callable[[], object], timeout: float = 60.0, what: str = "the condition"
    ) -> float:
        """Wait until `condition` is true; return the seconds it took.

        Raises AssertionError with the screen when it is not within `timeout` seconds.
        """
        started = time.monotonic()
        while not condition():
            if time.monotonic() - started > timeout:
                raise AssertionError(
                    f"{what} not within {timeout:g} s; exit code {self.exit_code}\n{self.text()}"
                )
            time.sleep(_PAUSE)
        return time.monotonic() - started

    def wait_exit(self, timeout: float = 60.0) -> int:
        """Wait for the program's end and all it wrote; return its exit code."""
        try:
            code = self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {timeout:g} s\n{self.text()}") from None
        if self._reading.is_set() and not self._closed:
            # What it wrote last may still be on its way through the kernel.
            self.settle(0.2)
            self.wait_until(lambda: not select.select([self._master], [], [], 0)[0])
            self.settle(0.05)
        return code

    def settle(self, quiet: float = 0.2, timeout: float = 30.0) -> None:
        """Wait until the program has written nothing for `quiet` seconds."""
        ends = time.monotonic() + timeout
        seen, since = -1, time.monotonic()
        while time.monotonic() < ends:
            size = len(self.chunks)
            if size != seen:
                seen, since = size, time.monotonic()
            elif time.monotonic() - since >= quiet:
                return
            time.sleep(_PAUSE)

    def resize(self, columns: int, lines: int) -> None:
        """Change the size of the terminal; 0 is a size that terminals have told."""
        with self._lock:
            self.columns, self.lines = columns, lines
            _set_size(self._master, columns, lines)
            if columns > 0 and lines > 0:
                self._screen.resize(lines, columns)

    def signal(self, signum: int) -> None:
        """Send a signal to the program."""
        self._process.send_signal(signum)

    def pause_reading(self) -> None:
        """Read nothing from now on, as a stalled connection does."""
        self._reading.clear()

    def resume_reading(self) -> None:
        """Read again, and first what is waiting."""
        self._reading.set()

    def close(self) -> None:
        """Hang up: the terminal is gone, as when a connection drops."""
        if not self._closed:
            self._closed = True
            self._reader.join(2)
            os.close(self._slave)
            os.close(self._master)

    def kill(self) -> None:
        """End the program if it runs, and give everything back."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
        self._process.wait()
        self.close()

    def state(self) -> str:
        """Return the program's state as the kernel names it: R, S, T (stopped), Z, …"""
        return _stat(self.pid)[0]

    def cpu_seconds(self) -> float:
        """Return the CPU time that the program has used so far."""
        fields = _stat(self.pid)
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def wakeups(self) -> int:
        """Return how often the program's threads have gone to sleep so far."""
        count = 0
        for status in Path(f"/proc/{self.pid}/task").glob("*/status"):
            with contextlib.suppress(OSError):
                for line in status.read_text().splitlines():
                    if line.startswith("voluntary_ctxt_switches"):
                        count += int(line.split()[1])
        return count

    def _read(self) -> None:
        while not self._closed:
            if not self._reading.wait(0.05):
                continue
            ready, _, _ = select.select([self._master], [], [], 0.05)
            if not ready or self._closed:
                continue
            try:
                chunk = os.read(self._master, 65536)
            except OSError as error:
                if error.errno in (errno.EIO, errno.EBADF):
                    return
                raise
            with self._lock:
                self.chunks.append((self.seconds, chunk))
                self._stream.feed(chunk)


def _set_size(fd: int, columns: int, lines: int) -> None:
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def _stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def _comparable(modes: list[Any]) -> list[Any]:
    return [*modes[:6], [bytes(c) if isinstance(c, bytes) else c for c in modes[6]]]
