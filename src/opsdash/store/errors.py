"""What can be wrong with the store, each in one line for people."""

import contextlib
import os
import sqlite3
from pathlib import Path


class StoreError(Exception):
    """The store cannot do what was asked; the text says what is wrong and what to do."""


class StoreLocked(StoreError):  # noqa: N818
    """Another process held the write lock for longer than the busy timeout."""


class StoreFull(StoreError):  # noqa: N818
    """The disk has no room for another write."""


class StoreReadOnly(StoreError):  # noqa: N818
    """The file or its folder cannot be written by this user."""


class StoreCorrupt(StoreError):  # noqa: N818
    """The file is not a database, or is damaged."""


class StoreReplaced(StoreError):  # noqa: N818
    """The file at the path is not the one that was opened."""


class StoreNewer(StoreError):  # noqa: N818
    """The file was written by a newer opsdash."""


def translate(error: sqlite3.Error, path: Path) -> StoreError:
    """Return the StoreError that says in words what `error` means for the store at `path`."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return StoreLocked(f"{path} has been locked for 5 s by {_holder_words(path)}; try again")
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(f"no room left on the disk of {path}: nothing can be recorded; free space")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return StoreReadOnly(f"{path} cannot be written; check its owner, mode and mount")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreCorrupt(
            f"{path} is damaged or not an opsdash database ({error}); move it aside, keep it, "
            "and start again or restore a copy"
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreReadOnly(f"{path} cannot be opened; check that its folder exists and is yours")
    if code == sqlite3.SQLITE_IOERR:
        return StoreFull(f"reading or writing {path} failed ({error}); check the disk")
    return StoreError(f"{path}: {error}")


def lock_holder(path: Path, locks: Path = Path("/proc/locks")) -> int | None:
    """Return the pid that holds the write lock of the store, None where nobody does or it is hidden.

    SQLite's WAL write lock is byte 120 of the `-shm` file (sqlite.org/walformat.html, §2.3.1). It is
    looked up in the kernel's table: opening and closing the file ourselves would drop our own locks.
    """
    try:
        inode = os.stat(f"{path}-shm").st_ino
        lines = locks.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        fields = line.split()
        if fields[1:4] == ["POSIX", "ADVISORY", "WRITE"] and fields[5].endswith(f":{inode}"):
            first, last = int(fields[6]), fields[7]
            if first <= 120 and (last == "EOF" or int(last) >= 120):
                return int(fields[4])
    return None


def _holder_words(path: Path) -> str:
    pid = lock_holder(path)
    if pid is None:
        return "another process"
    state = ""
    with contextlib.suppress(OSError):
        if ") T " in Path(f"/proc/{pid}/stat").read_text():
            state = ", stopped"
    return f"pid {pid}{state}"
