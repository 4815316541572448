"""Opening the store: to write it, to read it, or as this user and this disk allow."""

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from opsdash.store import schema
from opsdash.store.connection import Connection
from opsdash.store.errors import (
    BUSY_TIMEOUT_MS,
    StoreCorrupt,
    StoreError,
    StoreReadOnly,
    translate,
)
from opsdash.store.files import identify, make_private, refuse_network


def connect(
    path: Path, checkpoints: bool = False, busy_timeout_ms: int = BUSY_TIMEOUT_MS
) -> Connection:
    """Open the store at `path`, making it (mode 0600 in a folder of 0700) and its tables where missing.

    `checkpoints` is the engine's alone: every other connection leaves the WAL to it. Raises
    StoreError in words where the file cannot be used.
    """
    refuse_network(path)
    make_private(path)
    with _opening(path, busy_timeout_ms) as raw:
        # Before anything is changed: what is not ours stays as it is.
        _require_ours(raw, path)
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("PRAGMA foreign_keys = ON")
        if not checkpoints:
            raw.execute("PRAGMA wal_autocheckpoint = 0")
        schema.require_current(raw)
        # Reading opens -wal and -shm, which belong to what the files are known by.
        raw.execute("SELECT count(*) FROM sqlite_master").fetchone()
        connection = Connection(path, raw, identify(path.resolve()), busy_timeout_ms)
        if schema.version(raw) < schema.VERSION:
            connection.write(schema.migrate)
    return connection


def connect_to_read(path: Path, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Connection:
    """Open an existing store to read it; raise StoreError where there is none or it cannot be read.

    Where a WAL database cannot even be read, as on a read-only disk, a private copy of it is.
    """
    if not path.exists():
        raise StoreError(f"{path} does not exist yet: start `opsdash` or `opsdash engine` once")
    try:
        with _opening(path, busy_timeout_ms) as raw:
            raw.execute("PRAGMA query_only = ON")
            raw.execute("PRAGMA wal_autocheckpoint = 0")
            _require_tables(raw, path)
            return Connection(path, raw, identify(path.resolve()), busy_timeout_ms)
    except StoreReadOnly:
        if not os.access(path, os.R_OK):
            raise StoreReadOnly(f"{path} cannot be read; check its owner and mode") from None
        return _connect_to_copy(path)


def connect_as_allowed(path: Path, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> Connection:
    """Open the store to write it, or to read it where this user or this disk allows no more.

    `read_only` of the connection then says why. Raises StoreError where it cannot even be read.
    """
    try:
        return connect(path, busy_timeout_ms=busy_timeout_ms)
    except StoreReadOnly as error:
        if not path.exists():
            raise
        found = connect_to_read(path, busy_timeout_ms)
        found.read_only = str(error)
        return found


def _connect_to_copy(path: Path) -> Connection:
    with tempfile.TemporaryDirectory(prefix="opsdash-") as folder:
        copy = Path(folder) / "copy.db"
        try:
            for suffix in ("", "-wal"):
                with contextlib.suppress(FileNotFoundError):
                    shutil.copyfile(f"{path.resolve()}{suffix}", f"{copy}{suffix}")
        except OSError as error:
            raise StoreReadOnly(f"{path} cannot be read: {error.strerror}") from error
        with _opening(copy, BUSY_TIMEOUT_MS, path) as raw:
            _require_tables(raw, path)
            # Its pages are read before its folder goes: nothing of it stays on the disk.
            raw.execute("PRAGMA query_only = ON")
            return Connection(path, raw, None)


@contextlib.contextmanager
def _opening(
    path: Path, busy_timeout_ms: int, said: Path | None = None
) -> Iterator[sqlite3.Connection]:
    """Give an open SQLite connection; close it, and say in words why, where its set-up fails."""
    said = said or path
    raw: sqlite3.Connection | None = None
    try:
        raw = sqlite3.connect(
            f"file:{_uri(path)}?mode=rw",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
            timeout=busy_timeout_ms / 1000,
        )
        yield raw
    except BaseException as error:
        if raw is not None:
            raw.close()
        if isinstance(error, sqlite3.Error):
            raise translate(error, said, busy_timeout_ms) from error
        raise


def _require_ours(raw: sqlite3.Connection, path: Path) -> None:
    if schema.is_foreign(raw):
        raise StoreCorrupt(f"{path} is another program's database; name another file in [store]")


def _require_tables(raw: sqlite3.Connection, path: Path) -> None:
    _require_ours(raw, path)
    schema.require_current(raw)
    if schema.version(raw) == 0:
        raise StoreError(f"{path} is empty: start `opsdash` or `opsdash engine` once")
    if schema.version(raw) < schema.VERSION:
        raise StoreError(
            f"{path} is of an older opsdash: start `opsdash engine` once to upgrade it"
        )
    raw.execute("SELECT count(*) FROM sqlite_master").fetchone()


def _uri(path: Path) -> str:
    return str(path.absolute()).replace("%", "%25").replace("?", "%3f").replace("#", "%23")
