"""Whether a store was written: by the times of its log, and by the kernel where it tells.

Both cost a tenth of what asking the database costs, and neither is believed for long.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic, time_ns
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opsdash.ui.notice import Notice

SETTLED = 100_000_000
"""Nanoseconds for which a file must not have been written before its time tells of the next write.

The kernel's clock for files ticks each 1 to 10 ms: of two writes in one tick the second leaves no trace.
"""

ASK_AGAIN = 2.0
"""Seconds after which the database is asked whatever the file says."""

SLOW = 0.5
"""Seconds after a commit showed for which the next is awaited, on a disk that has been seen to be slow."""

_State = tuple[int, ...]
"""When a file was written, its size and its inode."""


class Stillness:
    """What was seen of the write-ahead log, which every commit is appended to, at a look.

    `begin` before the database is asked, `heed` what it answers, `confirm` when nothing that counts is
    new; from then on `holds` while the log stays as it was. Without a log, or with one that is being
    written, never.
    """

    def __init__(self, store: Path) -> None:
        self._log = Path(f"{store.resolve()}-wal")
        self._begun: _State | None = None
        self._seen: _State | None = None
        self._until = 0.0
        self._version: int | None = None
        self._awaited_until = 0.0
        self._slow = False
        self._ear = _Ear(self._log)

    def begin(self) -> None:
        """Note how the log is before it is asked what is in it."""
        self._seen = None
        heard, seen = self._ear.listen()
        if heard:
            # What is in the log is only seen once it is safe on the disk.
            self._awaited_until = monotonic() + ASK_AGAIN
        settled = seen is not None and seen[0] < time_ns() - SETTLED
        self._begun = seen if settled else None

    def heed(self, version: int) -> None:
        """Take the database's own number of the commits that it shows."""
        if version == self._version:
            self._slow = self._slow or monotonic() < self._awaited_until
            return
        self._version = version
        # The next may have been written before this one showed: the same notice told of both.
        self._awaited_until = monotonic() + SLOW if self._slow else 0.0

    def confirm(self) -> None:
        """Note that nothing new was in it."""
        if monotonic() >= self._awaited_until:
            self._seen, self._until = self._begun, monotonic() + ASK_AGAIN

    def holds(self) -> bool:
        """Whether the log is as it was, and was asked a moment ago."""
        return (
            self._seen is not None and monotonic() < self._until and _state(self._log) == self._seen
        )

    def rest(self, told: Callable[[], None]) -> float:
        """Return for how many seconds it need not be looked at, unless `told` is called before."""
        hears = self._ear.open(told)
        return self._until - monotonic() if hears and self.holds() else 0.0

    def close(self) -> None:
        """Have nobody told any more."""
        self._ear.close()


def _state(file: Path) -> _State | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class _Ear:
    """Hears of writes where the kernel tells of them, and is believed as long as it missed none.

    It may not: where the store is written through another mount, or from outside of a sandbox.
    """

    def __init__(self, log: Path) -> None:
        self._log = log
        self._notice: Notice | None = None
        self._tried = False
        self._trusted = self._doubted = False
        self._last: _State | None = None

    def open(self, told: Callable[[], None]) -> bool:
        """Begin to listen, at the first call; return whether what is not heard is not there."""
        if not self._tried:
            self._tried = True
            # What asks the C library is imported once a dashboard rests.
            with suppress(ImportError, OSError):
                from opsdash.ui.notice import Notice

                self._notice = Notice(self._log, told)
                self.listen()
                self._trusted = self._doubted = False
        return self._trusted

    def listen(self) -> tuple[bool, _State | None]:
        """Go on listening; return whether a write was heard since, and how the log is now."""
        heard = self._notice is not None and self._notice.listen()
        seen = _state(self._log)
        moved, self._last = seen != self._last, seen
        if heard:
            self._trusted, self._doubted = True, False
        elif self._doubted:
            self.close()
        elif moved:
            # The log's time moves a moment before the kernel tells: what is not told by the next look was missed.
            self._trusted, self._doubted = False, self._notice is not None
        return heard, seen

    def close(self) -> None:
        """Listen no more."""
        self._trusted = False
        if self._notice is not None:
            self._notice.close()
            self._notice = None
