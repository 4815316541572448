"""Writes what the terminal takes at once, and the rest from a thread: an unread one stalls nobody."""

import contextlib
import os
import select
import termios
from collections import deque
from collections.abc import Callable
from threading import Condition, Thread

CONGESTED = 4096
"""Bytes not yet taken by the terminal from which no further frame is drawn."""

_CHUNK = 4096


def open_writable(fd: int) -> int:
    """Return a non-blocking descriptor of its own for the terminal `fd`, else a copy of `fd`.

    Only a description of its own may be non-blocking: the flag of `fd` is the shell's too.
    """
    flags = os.O_WRONLY | os.O_NOCTTY | os.O_NONBLOCK
    with contextlib.suppress(OSError):
        return os.open(os.ttyname(fd), flags)
    with contextlib.suppress(OSError):
        if os.tcgetpgrp(fd) >= 0:
            return os.open("/dev/tty", flags)
    return os.dup(fd)


class TerminalWriter(Thread):
    """A queue of output without a bound that blocks: callers look at `congested` and skip frames.

    `on_drained` is called, from the thread, when a terminal that was congested took everything;
    `on_gone` when it cannot be written any more.
    """

    def __init__(
        self,
        fd: int,
        encoding: str,
        on_drained: Callable[[], None],
        on_gone: Callable[[], None],
    ) -> None:
        super().__init__(name="opsdash-output", daemon=True)
        self._fd = open_writable(fd)
        self._never_waits = not os.get_blocking(self._fd)
        self._encoding = encoding
        self._on_drained = on_drained
        self._on_gone = on_gone
        self._queue: deque[bytes] = deque()
        self._pending = 0
        self._skipped = False
        self._closing = False
        self._abandoned = False
        self._news = Condition()
        self._wake_read, self._wake_write = os.pipe()

    @property
    def congested(self) -> bool:
        """Whether the terminal is behind; once True, `on_drained` is called when it caught up."""
        with self._news:
            if self._pending > CONGESTED:
                self._skipped = True
            return self._pending > CONGESTED

    def write(self, text: str) -> None:
        """Write text, or queue what cannot be written now; after `stop` or `abandon` it is dropped."""
        encoded = text.encode(self._encoding, "replace")
        with self._news:
            if self._closing or self._abandoned:
                return
            # A frame that has to wait for the thread waits until this one lets go of the interpreter.
            if self._never_waits and not self._pending:
                encoded = self._write_some(encoded)
            if encoded:
                self._queue.append(encoded)
                self._pending += len(encoded)
                self._news.notify()

    def _write_some(self, piece: bytes) -> bytes:
        """Write what the terminal takes without waiting; return the rest, for the thread."""
        at = 0
        # A terminal that is gone is the thread's to find out and to tell of.
        with contextlib.suppress(OSError):
            while at < len(piece):
                at += os.write(self._fd, piece[at : at + _CHUNK])
        return piece[at:]

    def stop(self, within: float, last_words: str) -> bool:
        """Write what is queued, at most for `within` seconds, and end; False if it took longer.

        A terminal that did not take it is left `last_words` in place of what it has not read.
        """
        with self._news:
            self._closing = True
            self._news.notify()
        self.join(within)
        done = not self.is_alive()
        if not done:
            self.write_last(last_words)
            self.join(0.1)
        if not self.is_alive():
            for fd in (self._fd, self._wake_read, self._wake_write):
                os.close(fd)
        return done

    def abandon(self) -> None:
        """Drop what is queued and write nothing more."""
        with self._news:
            self._abandoned = True
            self._queue.clear()
            self._pending = 0
            self._news.notify()
        with contextlib.suppress(OSError):
            os.write(self._wake_write, b"\0")

    def write_last(self, text: str) -> None:
        """Abandon the queue, discard what the terminal has not read, and try to write `text`."""
        self.abandon()
        with contextlib.suppress(OSError, termios.error):
            termios.tcflush(self._fd, termios.TCOFLUSH)
        with contextlib.suppress(OSError):
            if self._never_waits:
                os.write(self._fd, text.encode(self._encoding, "replace"))

    def run(self) -> None:
        """Take from the queue and write until stopped, abandoned or hung up on."""
        while (piece := self._next()) is not None:
            try:
                self._write_all(piece)
            except OSError:
                self.abandon()
                self._on_gone()
                return

    def _next(self) -> bytes | None:
        with self._news:
            while not self._queue and not self._closing and not self._abandoned:
                self._news.wait()
            return self._queue.popleft() if self._queue else None

    def _write_all(self, piece: bytes) -> None:
        rest = memoryview(piece)
        while rest and not self._abandoned:
            try:
                written = os.write(self._fd, rest[:_CHUNK])
            except BlockingIOError:
                select.select([self._wake_read], [self._fd], [])
                continue
            rest = rest[written:]
            self._account(written)

    def _account(self, written: int) -> None:
        with self._news:
            self._pending = max(0, self._pending - written)
            drained = self._skipped and not self._pending
            if drained:
                self._skipped = False
        if drained:
            self._on_drained()
