"""The terminal driver: no idle wake-ups, no terminal left broken, no life after a hang-up.

Textual's Linux driver polls its input ten times a second, blocks the event loop on a terminal
that is not read, spins on one that is gone, and leaves signals to their defaults. This one waits
on a pipe, drops frames, and leaves within two seconds with the code 128+n.
"""

import asyncio
import codecs
import contextlib
import os
import select
import signal
import sys
import termios
from codecs import getincrementaldecoder
from threading import Thread
from time import monotonic
from typing import TYPE_CHECKING, Any

from textual import events
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size

from opsdash.ui.departure import FATAL_SIGNALS, Departure, exit_code_of
from opsdash.ui.held import TerminalNote, tty_of
from opsdash.ui.keystream import KeyStream
from opsdash.ui.rawmode import (
    FALLBACK_SIZE,
    enter_sequences,
    leave_sequences,
    make_raw,
    saved_attributes,
    size_of,
)
from opsdash.ui.writer import TerminalWriter

if TYPE_CHECKING:
    from textual.app import App

FLUSH_WITHIN = 0.5
"""Seconds for which a normal end waits for the terminal to take the last output."""

STOP_WITHIN = 1.0
"""Seconds for which a stop (ctrl+z of a shell's job) waits for what the app is writing."""

_STDIN_GONE = exit_code_of(signal.SIGHUP)


class TerminalDriver(LinuxDriver):
    """Drives a Linux terminal for an app: `repaint`, `repaint_missed`, `continued`, `writing`.

    `repaint()` draws the screen anew, `repaint_missed()` what was left out while `congested`;
    `continued()` is called after a stop or suspension: what is shown is old until read again. While
    the app is `writing` a stop waits: a process that is stopped in a transaction locks all others out.
    """

    def __init__(
        self,
        app: "App[Any]",
        *,
        debug: bool = False,
        mouse: bool = False,
        size: tuple[int, int] | None = None,
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        streams = [s for s in (sys.__stderr__, sys.__stdout__) if s is not None]
        stream = next((s for s in streams if s.isatty()), streams[0])
        self.encoding = codecs.lookup(stream.encoding or "utf-8").name
        self._out_fd = stream.fileno()
        self._writer: TerminalWriter | None = None
        self._departure = Departure(self._restore_by_force)
        notes = getattr(app, "terminal_notes", None)
        self._note = TerminalNote(notes, tty_of(self._out_fd))
        self._saved: list[Any] | None = None
        self._handlers: dict[int, Any] = {}
        self._wake_read = self._wake_write = -1
        self._stopping: asyncio.TimerHandle | None = None

    @property
    def congested(self) -> bool:
        """Whether the terminal is behind with reading; frames drawn now would only queue up."""
        return self._writer is None or self._writer.congested

    def write(self, data: str) -> None:
        """Queue output; while the app is suspended there is no terminal, and it is dropped."""
        if self._writer is not None:
            self._writer.write(data)

    def flush(self) -> None:
        """Do nothing: the writer's thread writes as soon as it can."""

    def start_application_mode(self) -> None:
        """Take the terminal: raw mode, alternate screen, input thread, signals."""
        if self._writer is not None or not self._in_foreground():
            return
        self._writer = TerminalWriter(
            self._out_fd, self.encoding, self._when_drained, self._when_gone
        )
        self._writer.start()
        self._saved = saved_attributes(self.fileno)
        self._note.write()
        self._take_terminal()
        self._start_input()
        self._catch_signals()
        self._send_size()

    def stop_application_mode(self) -> None:
        """Give the terminal back as it was."""
        self.disable_input()
        if self._saved is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._saved)
        self.write(leave_sequences(mouse=self._mouse))
        self._note.take_away()

    def disable_input(self) -> None:
        """End the input thread and drop keys that nobody read."""
        if self._key_thread is None:
            return
        self.exit_event.set()
        self._wake(0)
        self._key_thread.join()
        self._key_thread = None
        self.exit_event.clear()
        signal.set_wakeup_fd(-1)
        for fd in (self._wake_read, self._wake_write):
            os.close(fd)
        self._wake_read = self._wake_write = -1
        with contextlib.suppress(termios.error, OSError):
            termios.tcflush(self.fileno, termios.TCIFLUSH)

    def close(self) -> None:
        """Write what is queued and end the writer, at the latest after `FLUSH_WITHIN` seconds."""
        self._end_writer()
        if self._departure.code is None:
            self._release_signals()

    def suspend_application_mode(self) -> None:
        """Give the terminal to another program; ctrl+c there is not ours."""
        self.stop_application_mode()
        self._end_writer()
        for signum in (signal.SIGINT, signal.SIGQUIT):
            # Not SIG_IGN: the other program would inherit that, and its ctrl+c would be dead.
            signal.signal(signum, lambda *_: None)

    def _end_writer(self) -> None:
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.stop(FLUSH_WITHIN, leave_sequences(mouse=self._mouse))

    def resume_application_mode(self) -> None:
        """Take the terminal back and draw everything anew."""
        self.start_application_mode()
        if self._writer is not None:
            self._call("repaint")
            self._call("continued")

    def _sigtstp_application(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop_process)

    def _stop_process(self) -> None:
        if self._auto_restart and self._writer is not None:
            self.suspend_application_mode()
            self._must_signal_resume = True
        self._stop_when_written(monotonic() + STOP_WITHIN)

    def _stop_when_written(self, at_the_latest: float) -> None:
        self._stopping = None
        if getattr(self._app, "writing", False) and monotonic() < at_the_latest:
            self._stopping = self._loop.call_later(0.01, self._stop_when_written, at_the_latest)
        else:
            os.kill(os.getpid(), signal.SIGSTOP)

    def _sigcont_application(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._continue_process)

    def _continue_process(self) -> None:
        if self._stopping is not None:
            self._stopping.cancel()
            self._stopping = None
        if not self._auto_restart:
            return
        if self._writer is None:
            self.resume_application_mode()
        elif self._in_foreground():
            self._take_terminal()
            self._send_size()
            self._call("repaint")
            self._call("continued")
        if self._writer is not None and self._must_signal_resume:
            self._must_signal_resume = False
            self.send_message(self.SignalResume())

    def _in_foreground(self) -> bool:
        """Whether this process may use the terminal; if not it is stopped again, as by `bg`."""

        def stop_again(*_: object) -> None:
            os.kill(os.getpid(), signal.SIGSTOP)

        if not os.isatty(self.fileno):
            return True
        before = [signal.signal(s, stop_again) for s in (signal.SIGTTOU, signal.SIGTTIN)]
        try:
            attributes = termios.tcgetattr(self.fileno)
            termios.tcsetattr(self.fileno, termios.TCSANOW, attributes)
        except termios.error:
            return False
        finally:
            for signum, handler in zip((signal.SIGTTOU, signal.SIGTTIN), before, strict=True):
                signal.signal(signum, handler)
        return True

    def _take_terminal(self) -> None:
        make_raw(self.fileno)
        self.write(enter_sequences(mouse=self._mouse))

    def _send_size(self) -> None:
        size = Size(*(size_of(self._out_fd) or FALLBACK_SIZE))
        self._app.post_message(events.Resize(size, size))

    def _catch_signals(self) -> None:
        for signum in FATAL_SIGNALS:
            before = signal.getsignal(signum)
            ignored = signum == signal.SIGHUP and before == signal.SIG_IGN
            if not ignored:
                self._handlers.setdefault(signum, before)
                signal.signal(signum, self._on_fatal_signal)
        self._handlers.setdefault(signal.SIGWINCH, signal.getsignal(signal.SIGWINCH))
        signal.signal(signal.SIGWINCH, self._on_size_signal)

    def _release_signals(self) -> None:
        for signum, handler in self._handlers.items():
            signal.signal(signum, handler)
        self._handlers.clear()

    def _on_fatal_signal(self, signum: int, _frame: object) -> None:
        self._leave(exit_code_of(signum))

    def _on_size_signal(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._resized)

    def _resized(self) -> None:
        if self._writer is not None:
            self._send_size()
            self._call("repaint")

    def _leave(self, code: int) -> None:
        """Ask the app to end with `code`, and make sure that the process does."""
        if self._departure.begin(code):
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._ask_to_exit, code)

    def _ask_to_exit(self, code: int) -> None:
        self._app.exit(return_code=code)

    def _restore_by_force(self) -> None:
        if self._saved is not None:
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self.fileno, termios.TCSANOW, self._saved)
        if self._writer is not None:
            self._writer.write_last(leave_sequences(mouse=self._mouse))
        self._note.take_away()

    def _when_drained(self) -> None:
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._call, "repaint_missed")

    def _when_gone(self) -> None:
        self._leave(_STDIN_GONE)

    def _call(self, name: str) -> None:
        method = getattr(self._app, name, None)
        if method is not None:
            self._app.call_later(method)

    def _start_input(self) -> None:
        self._wake_read, self._wake_write = os.pipe()
        os.set_blocking(self._wake_write, False)
        # The number of a signal arrives here even while the main thread hangs in C code.
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        self._key_thread = Thread(target=self._run_input_thread, name="opsdash-input", daemon=True)
        self._key_thread.start()

    def _wake(self, number: int) -> None:
        with contextlib.suppress(OSError):
            os.write(self._wake_write, bytes([number]))

    def run_input_thread(self) -> None:
        """Wait for keys and signals, without a timeout, until told to end or hung up on."""
        keys = KeyStream(self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        poll = select.poll()
        poll.register(self.fileno, select.POLLIN)
        poll.register(self._wake_read, select.POLLIN)
        while not self.exit_event.is_set():
            ready = dict(poll.poll(keys.milliseconds_left()))
            if self._wake_read in ready:
                self._heed(os.read(self._wake_read, 256))
            if self.fileno in ready:
                typed = self._read_keys()
                if typed is None:
                    return
                for event in keys.feed(decode(typed)):
                    self.process_message(event)
            for event in keys.tick():
                self.process_message(event)

    def _read_keys(self) -> bytes | None:
        """Return what was typed; None, and the app is told to end, if nobody can type any more."""
        try:
            keys = os.read(self.fileno, 4096)
        except InterruptedError:
            return b""
        except OSError:
            keys = b""
        if not keys:
            self._leave(_STDIN_GONE)
            return None
        return keys

    def _heed(self, numbers: bytes) -> None:
        for number in numbers:
            if number in FATAL_SIGNALS and number in self._handlers:
                self._leave(exit_code_of(number))
