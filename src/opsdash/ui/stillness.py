"""Whether a store was written, by the times of its file: a tenth of what asking the database costs."""

import os
from pathlib import Path
from time import monotonic, time_ns

SETTLED = 100_000_000
"""Nanoseconds for which a file must not have been written before its time tells of the next write.

The kernel's clock for files ticks each 1 to 10 ms: of two writes in one tick the second leaves no trace.
"""

ASK_AGAIN = 2.0
"""Seconds after which the database is asked whatever the file says."""


class Stillness:
    """What was seen of the write-ahead log, which every commit is appended to, at a look.

    `begin` before the database is asked, `confirm` when it said that nothing is new; from then on
    `holds` while the log stays as it was. Without a log, or with one that is being written, never.
    """

    def __init__(self, store: Path) -> None:
        self._log = f"{store}-wal"
        self._begun: tuple[int, ...] | None = None
        self._seen: tuple[int, ...] | None = None
        self._until = 0.0

    def begin(self) -> None:
        """Note how the log is before it is asked what is in it."""
        self._seen = None
        seen = self._look()
        settled = seen is not None and seen[0] < time_ns() - SETTLED
        self._begun = seen if settled else None

    def confirm(self) -> None:
        """Note that nothing new was in it."""
        self._seen, self._until = self._begun, monotonic() + ASK_AGAIN

    def holds(self) -> bool:
        """Whether the log is as it was, and was asked a moment ago."""
        return self._seen is not None and monotonic() < self._until and self._look() == self._seen

    def _look(self) -> tuple[int, ...] | None:
        try:
            found = os.stat(self._log)
        except OSError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino
