"""Being told by the kernel that a file is written: Linux' inotify(7), asked through the C library."""

import asyncio
import ctypes
import os
from collections.abc import Callable
from pathlib import Path

_IN_MODIFY = 0x2


class Notice:
    """Calls `told` once the file at `path` is written, after each `listen` once.

    It holds for the file that the path names now, and for what this host writes. Raises OSError
    where the system cannot tell.
    """

    def __init__(self, path: Path, told: Callable[[], None]) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        if not hasattr(libc, "inotify_init1"):
            raise OSError("this system has no inotify")
        self._told = told
        self._listens = False
        self._fd = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "inotify_init1 failed")
        if libc.inotify_add_watch(self._fd, os.fsencode(path), _IN_MODIFY) < 0:
            os.close(self._fd)
            raise OSError(ctypes.get_errno(), "inotify_add_watch failed")

    def listen(self) -> bool:
        """Wait for what is written from now on; return whether anything was since the last time."""
        written = self._drain()
        if not self._listens:
            asyncio.get_running_loop().add_reader(self._fd, self._hear)
            self._listens = True
        return written

    def close(self) -> None:
        """Wait for nothing any more."""
        self._stop()
        os.close(self._fd)

    def _hear(self) -> None:
        # What it says is read by `listen`: until then the kernel adds nothing, and wakes nobody.
        self._stop()
        self._told()

    def _stop(self) -> None:
        if self._listens:
            asyncio.get_running_loop().remove_reader(self._fd)
            self._listens = False

    def _drain(self) -> bool:
        try:
            return bool(os.read(self._fd, 65536))
        except BlockingIOError:
            return False
