"""The engine that a dashboard starts as its child, when it finds none alive."""

import os
import sys
from pathlib import Path


class ChildEngine:
    """At most one child engine of this process. It ends when this process does, even by kill -9."""

    def __init__(self, config: Path, log: Path) -> None:
        self._config = config
        self._log = log
        self._pid: int | None = None
        self._pipe: int | None = None

    def start(self) -> None:
        """Start the child unless it runs already. Its log is a private file beside the store."""
        if self.alive():
            return
        # The child reads the pipe's other end: it closes with this process, whatever ends it.
        reader, self._pipe = os.pipe()
        log = os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
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
        finally:
            os.close(reader)
            os.close(log)

    def alive(self) -> bool:
        """Whether the child runs."""
        if self._pid is None:
            return False
        pid, _ = os.waitpid(self._pid, os.WNOHANG)
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
