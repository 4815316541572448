"""Opening the store, and the one way to write it: a plain function, whole, in one transaction."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from opsdash.store import schema
from opsdash.store.errors import StoreError, StoreReadOnly, StoreReplaced, translate

P = ParamSpec("P")
T = TypeVar("T")

BUSY_TIMEOUT_MS = 5000
"""How long a writer waits for another one."""

_NETWORK_FILE_SYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ncpfs", "ceph"}


class Connection:
    """One open store: the SQLite connection, and which file it really is.

    It is used by one thread at a time. `read` and `write` turn every SQLite failure into the
    StoreError that says it in words.
    """

    def __init__(self, path: Path, raw: sqlite3.Connection, identity: tuple[int, int]) -> None:
        self.path = path
        self.raw = raw
        self._identity = identity

    def read(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kw: P.kwargs,
    ) -> T:
        """Return `function(connection, …)` run on one consistent picture of the store."""
        try:
            self.raw.execute("BEGIN")
            try:
                return function(self.raw, *args, **kw)
            finally:
                self.raw.execute("COMMIT")
        except sqlite3.Error as error:
            self._abandon()
            raise translate(error, self.path) from error

    def write(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kw: P.kwargs,
    ) -> T:
        """Run `function(connection, …)` as one transaction and return what it returns.

        When this returns, what was written survives kill -9 and a power cut. Whatever `function`
        raises undoes all of it.
        """
        self._require_same_file()
        try:
            self.raw.execute("BEGIN IMMEDIATE")
            try:
                schema.require_current(self.raw)
                result = function(self.raw, *args, **kw)
            except BaseException:
                self._abandon()
                raise
            self.raw.execute("COMMIT")
        except sqlite3.Error as error:
            self._abandon()
            raise translate(error, self.path) from error
        return result

    def data_version(self) -> int:
        """Return a number that changes whenever another connection has committed."""
        try:
            found: int = self.raw.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise translate(error, self.path) from error
        return found

    def require_same_file(self) -> None:
        """Raise StoreReplaced where the path names another file than the one that is open."""
        self._require_same_file()

    def close(self) -> None:
        """Close the connection; nothing else is needed, every write is complete."""
        self.raw.close()

    def _abandon(self) -> None:
        if self.raw.in_transaction:
            self.raw.execute("ROLLBACK")

    def _require_same_file(self) -> None:
        # A deleted or replaced file would take writes that nobody will ever read (F39).
        try:
            found = os.stat(self.path)
        except OSError:
            found = None
        if found is None or (found.st_dev, found.st_ino) != self._identity:
            raise StoreReplaced(
                f"{self.path} was deleted or replaced while it was open; restart opsdash"
            )


def connect(path: Path, checkpoints: bool = False) -> Connection:
    """Open the store at `path`, making it (mode 0600 in a folder of 0700) and its tables where missing.

    `checkpoints` is the engine's alone: every other connection leaves the WAL to it. Raises
    StoreError in words where the file cannot be used.
    """
    _make_private(path)
    _refuse_network(path)
    try:
        raw = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)
        raw.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS:d}")
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("PRAGMA foreign_keys = ON")
        if not checkpoints:
            raw.execute("PRAGMA wal_autocheckpoint = 0")
        found = os.stat(path)
        connection = Connection(path, raw, (found.st_dev, found.st_ino))
        schema.require_current(raw)
        if schema.version(raw) < schema.VERSION:
            connection.write(schema.migrate)
    except sqlite3.Error as error:
        raise translate(error, path) from error
    return connection


def connect_to_read(path: Path) -> Connection:
    """Open an existing store to read it; raise StoreError where there is none or it cannot be read."""
    if not path.exists():
        raise StoreError(f"{path} does not exist yet: start `opsdash` or `opsdash engine` once")
    try:
        raw = sqlite3.connect(
            f"file:{_uri(path)}?mode=rw", uri=True, isolation_level=None, check_same_thread=False
        )
        raw.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS:d}")
        raw.execute("PRAGMA query_only = ON")
        raw.execute("PRAGMA wal_autocheckpoint = 0")
        schema.require_current(raw)
        if schema.version(raw) == 0:
            raise StoreError(f"{path} is empty: start `opsdash` or `opsdash engine` once")
        found = os.stat(path)
    except sqlite3.Error as error:
        raise translate(error, path) from error
    return Connection(path, raw, (found.st_dev, found.st_ino))


def checkpoint(connection: Connection, truncate_above: int = 8 << 20) -> None:
    """Move the WAL into the database; truncate it past `truncate_above` bytes. The engine's duty."""
    try:
        size = os.stat(f"{connection.path}-wal").st_size
    except OSError:
        return
    mode = "TRUNCATE" if size > truncate_above else "PASSIVE"
    try:
        connection.raw.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
    except sqlite3.Error as error:
        raise translate(error, connection.path) from error


def _make_private(path: Path) -> None:
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives -wal and -shm the mode of the database, so this one open decides all three.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise StoreReadOnly(f"{path} cannot be opened for writing: {error.strerror}") from error


def _refuse_network(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> None:
    """WAL needs all processes on one host: refuse file systems that are shared between hosts."""
    kind = _file_system(path.resolve(), mounts)
    if kind in _NETWORK_FILE_SYSTEMS or kind.startswith("fuse.ssh"):
        raise StoreError(f"{path} is on {kind}, a network file system; put it on a local disk")


def _file_system(path: Path, mounts: Path) -> str:
    best, kind = "", ""
    try:
        lines = mounts.read_text().splitlines()
    except OSError:
        return ""
    for line in lines:
        fields = line.split()
        point = fields[4]
        inside = point == "/" or str(path) == point or str(path).startswith(point + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[fields.index("-") + 1]
    return kind


def _uri(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
