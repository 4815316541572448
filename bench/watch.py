"""What a process costs, as the kernel counts it, and a terminal that only records."""

import contextlib
import os
import select
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.terminal import Terminal, new_screen, text_lines


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used so far, to the nanosecond."""
    # The clock of another process, as clock_getcpuclockid(3) names it.
    return time.clock_gettime((~pid << 3) | 2)


def wakeups(pid: int) -> int:
    """Return how often the threads of a process have gone to sleep so far."""
    count = 0
    for status in Path(f"/proc/{pid}/task").glob("*/status"):
        with contextlib.suppress(OSError):
            for line in status.read_text().splitlines():
                if line.startswith("voluntary_ctxt_switches"):
                    count += int(line.split()[1])
    return count


def resident(pid: int) -> float:
    """Return the resident memory of a process in megabytes."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def children(pid: int) -> list[int]:
    """Return the processes that a process has started and that run."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, path.read_text().split())
    return found


class Recorder(Terminal):
    """A terminal that keeps what was written, with the time, and looks at it only when asked."""

    _seen = 0

    def _spawn(
        self,
        command: Sequence[str | os.PathLike[str]],
        slave: int,
        env: Mapping[str, str] | None,
        *settings: Any,
    ) -> subprocess.Popen[bytes]:
        setsid = shutil.which("setsid")
        if setsid is None:
            return super()._spawn(command, slave, env, *settings)
        environment = {**os.environ, "TERM": "xterm-256color", **(env or {})}
        for name in ("COLUMNS", "LINES", "COLORTERM", "NO_COLOR", "TERM_PROGRAM", "TMUX"):
            environment.pop(name, None)
        self._started = time.monotonic()
        return subprocess.Popen(
            [setsid, "--ctty", *(os.fspath(word) for word in command)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=environment,
        )

    def _read(self) -> None:
        while not self._closed:
            ready, _, _ = select.select([self._master], [], [], 0.05)
            if not ready or self._closed:
                continue
            try:
                chunk = os.read(self._master, 65536)
            except OSError:
                return
            with self._lock:
                self.chunks.append((self.seconds, chunk))

    def text(self) -> str:
        """Return what is on the screen."""
        with self._lock:
            new, self._seen = self.chunks[self._seen :], len(self.chunks)
        for _, chunk in new:
            self._stream.feed(chunk)
        return "\n".join(text_lines(self._screen))

    def written(self) -> int:
        """Return the bytes written so far."""
        with self._lock:
            return sum(len(chunk) for _, chunk in self.chunks)

    def shown_at(self, condition: Callable[[str], bool], since: float = 0.0) -> float | None:
        """Return when, in seconds since the start, the screen first held what is asked for."""
        screen, stream = new_screen(self.columns, self.lines)
        for at, chunk in list(self.chunks):
            stream.feed(chunk)
            if at >= since and condition("\n".join(text_lines(screen))):
                return at
        return None

    def written_after(self, moment: float, timeout: float = 5.0) -> float | None:
        """Return when, after `moment`, something was written first; None where nothing was."""
        ends = time.monotonic() + timeout
        while time.monotonic() < ends:
            with self._lock:
                late = [at for at, _ in self.chunks[-50:] if at > moment]
            if late:
                return late[0]
            time.sleep(0.0005)
        return None
