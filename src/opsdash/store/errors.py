"""What can be wrong with the store, each in one line for people."""

import contextlib
import os
import pwd
import sqlite3
from pathlib import Path

BUSY_TIMEOUT_MS = 5000
"""How long a writer waits for another one."""


class StoreError(Exception):
    """The store cannot do what was asked; the text says what is wrong and what to do."""


class StoreLocked(StoreError):  # noqa: N818
    """Another process held the write lock for longer than the busy timeout."""


class StoreFull(StoreError):  # noqa: N818
    """The disk has no room for another write."""


class StoreBroken(StoreError):  # noqa: N818
    """The disk failed to read or write."""


class StoreReadOnly(StoreError):  # noqa: N818
    """The file or its folder cannot be written by this user."""


class StoreCorrupt(StoreError):  # noqa: N818
    """The file is not a database, or is damaged."""


class StoreReplaced(StoreError):  # noqa: N818
    """The file at the path is not the one that was opened."""


class StoreNewer(StoreError):  # noqa: N818
    """The file was written by a newer opsdash."""


def translate(error: sqlite3.Error, path: Path, waited_ms: int = BUSY_TIMEOUT_MS) -> StoreError:
    """Return the StoreError that says in words what `error` means for the store at `path`."""
    whole = getattr(error, "sqlite_errorcode", 0)
    code = whole & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL):
        for_long = f"{waited_ms / 1000:g} s"
        return StoreLocked(
            f"{path} has been locked for {for_long} by {holder_words(path)}; try again"
        )
    if code == sqlite3.SQLITE_FULL or _no_room(whole, path):
        return StoreFull(f"no room left on the disk of {path}: nothing can be recorded; free space")
    if whole == sqlite3.SQLITE_READONLY_DBMOVED:
        return replaced(path)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return StoreReadOnly(f"{path} cannot be written; check its owner, mode and mount")
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return StoreCorrupt(
            f"{path} is damaged or not an opsdash database ({error}); move it aside, keep it, "
            "and start again or restore a copy"
        )
    if code == sqlite3.SQLITE_CANTOPEN:
        return StoreReadOnly(f"{path} cannot be opened; check that its folder exists and is yours")
    if code == sqlite3.SQLITE_IOERR:
        return StoreBroken(f"reading or writing {path} failed ({error}); check the disk")
    return StoreError(f"{path}: {error}")


def replaced(path: Path) -> StoreReplaced:
    """Return what is said when the path names another file than the one that is open (F39)."""
    return StoreReplaced(f"{path} was deleted or replaced while it was open; restart opsdash")


def _no_room(code: int, path: Path) -> bool:
    """Whether an I/O error is a full disk: the `-shm` file reports that as one."""
    if code not in (
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_SHMMAP,
        sqlite3.SQLITE_IOERR_WRITE,
    ):
        return False
    with contextlib.suppress(OSError):
        disk = os.statvfs(path.parent)
        return disk.f_bavail * disk.f_frsize < 64 << 10
    return False


def lock_holder(path: Path, locks: Path = Path("/proc/locks")) -> int | None:
    """Return the pid that holds the write lock of the store, None where nobody does or it is hidden.

    SQLite's WAL write lock is byte 120 of the `-shm` file (sqlite.org/walformat.html, §2.3.1). It is
    looked up in the kernel's table: opening and closing the file ourselves would drop our own locks.
    """
    try:
        inode = os.stat(f"{path.resolve()}-shm").st_ino
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


def holder_words(path: Path) -> str:
    """Return the write lock's holder as `pid 5529 (opsdash, alice, stopped)`, as far as it shows."""
    pid = lock_holder(path)
    if pid is None or pid <= 0:
        return "another process"
    known = []
    with contextlib.suppress(OSError, IndexError):
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
        known.append(text[text.index("(") + 1 : text.rindex(")")])
        state = text[text.rindex(")") + 2 :].split()[0]
        owner = os.stat(f"/proc/{pid}").st_uid
        with contextlib.suppress(KeyError):
            known.append(pwd.getpwuid(owner).pw_name)
        if state in ("T", "t"):
            known.append("stopped")
    return f"pid {pid} ({', '.join(known)})" if known else f"pid {pid}"
