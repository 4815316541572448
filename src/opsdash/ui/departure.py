"""Leaving the process in time: what a signal asks for happens within a deadline, whatever hangs."""

import contextlib
import os
import signal
import sys
from collections.abc import Callable
from threading import Lock, Thread
from time import sleep
from typing import NoReturn

LEAVE_WITHIN = 1.5
"""Seconds from a fatal signal or a hang-up to the end of the process at the latest."""

FATAL_SIGNALS = (signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGQUIT)


def exit_code_of(signum: int) -> int:
    """Return the exit code a shell reports for a death by this signal."""
    return 128 + signum


class Departure:
    """A deadline for the process: once `begin` is called it ends with that code, forced if need be.

    `last_act` is what a forced end does before: it puts the terminal back.
    """

    def __init__(self, last_act: Callable[[], None], within: float = LEAVE_WITHIN) -> None:
        self._last_act = last_act
        self._within = within
        self._lock = Lock()
        self.code: int | None = None

    def begin(self, code: int) -> bool:
        """Start the clock; False if it runs already, whose code then stands."""
        if not self._lock.acquire(blocking=False):
            return False
        self.code = code
        Thread(target=self._force, name="opsdash-departure", daemon=True).start()
        return True

    def _force(self) -> None:
        sleep(self._within)
        try:
            self._last_act()
            sys.stderr.flush()
        except BaseException:  # noqa: S110  # nothing may keep the process from ending
            pass
        finally:
            os._exit(self.code or 1)


def end_process(code: int) -> NoReturn:
    """End now, without waiting for threads that hang in a call; for when all work is put away."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)
