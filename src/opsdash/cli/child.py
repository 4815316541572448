"""The engine that a dashboard starts as its child, when it finds none alive."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

LOG_KEPT = 1 << 20
"""Bytes of log above which the next start begins a new one."""

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 60.0
"""Seconds before a child that ended is started again: doubling from the first to the longest."""

STARTS_WITHIN = 10.0
"""Seconds in which a child that was just started should be at work."""

HEALTHY_AFTER = 60.0
"""Seconds that a child must run for the next pause to be the first again."""


def child_of(config: Path, store: Path) -> "ChildEngine":
    """Return the engine, not started yet, of a configuration, whose log is beside its store."""
    return ChildEngine(config, store.with_suffix(".engine.log"))


class ChildEngine:
    """At most one child engine of this process. It ends when this process does, even by kill -9."""

    def __init__(
        self, config: Path, log: Path, monotonic: Callable[[], float] | None = None
    ) -> None:
        self._config = config
        self._log = log
        self._monotonic = monotonic or time.monotonic
        self._pid: int | None = None
        self._pipe: int | None = None
        self._started = 0.0
        self._pause = 0.0

    def start(self) -> float:
        """Start the child unless it runs already, or ended a moment ago.

        Its log is a private file beside the store. Returns in how many seconds one that was started
        just now should be at work, 0 where none is on its way.
        """
        moment = self._monotonic()
        if self.alive():
            return max(0.0, self._started + STARTS_WITHIN - moment)
        if self._pause and moment < self._started + self._pause:
            return 0.0
        # One that ends at once, over and over, must not cost a core.
        ran = moment - self._started
        doubled = min(max(2 * self._pause, FIRST_PAUSE), LONGEST_PAUSE)
        self._pause = FIRST_PAUSE if ran > HEALTHY_AFTER else doubled
        self._started = moment
        self._spawn()
        return STARTS_WITHIN

    def _spawn(self) -> None:
        # The child reads the pipe's other end: it closes with this process, whatever ends it.
        reader, self._pipe = os.pipe()
        log = _open_log(self._log)
        argv = [sys.executable, "-m", "opsdash", "engine", "--until-eof"]
        try:
            self._pid = os.posix_spawn(
                sys.executable,
                [*argv, "--config", str(self._config)],
                os.environ,
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, reader, 0),
                    (os.POSIX_SPAWN_DUP2, log, 1),
                    (os.POSIX_SPAWN_DUP2, log, 2),
                ],
                # A ctrl+c or a stop of the dashboard's terminal is not meant for the engine.
                setsid=True,
            )
        except OSError:
            self._forget()
            raise
        finally:
            os.close(reader)
            os.close(log)

    def alive(self) -> bool:
        """Whether the child runs."""
        if self._pid is None:
            return False
        try:
            pid, _ = os.waitpid(self._pid, os.WNOHANG)
        except ChildProcessError:
            pid = self._pid  # somebody else has seen it end
        if pid == 0:
            return True
        self._forget()
        return False

    def stop(self) -> None:
        """Let the child end; it does so by itself when the pipe closes."""
        self._forget()

    def _forget(self) -> None:
        self._pid = None
        if self._pipe is not None:
            os.close(self._pipe)
            self._pipe = None


def _open_log(path: Path) -> int:
    """Open the log to append to: what the last engine died of is still to be read there."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        log = os.open(path, flags, 0o600)
    except OSError:
        # A full or read-only disk keeps no log; the engine is worth more than it.
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    if os.fstat(log).st_size > LOG_KEPT:
        os.ftruncate(log, 0)
    return log
