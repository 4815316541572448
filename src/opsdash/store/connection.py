"""An open store, and the one way to write it: a plain function, whole, in one transaction."""

import contextlib
import os
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from opsdash.store import schema
from opsdash.store.errors import (
    BUSY_TIMEOUT_MS,
    StoreError,
    replaced,
    translate,
)
from opsdash.store.files import Identity, identify

P = ParamSpec("P")
T = TypeVar("T")

TRUNCATE_ABOVE = 8 << 20
"""Bytes of WAL above which a checkpoint tries to cut the file."""

_TRUNCATE_WAIT_MS = 50
"""How long cutting the WAL may wait for readers, for it keeps writers out as long."""

_ASK_AGAIN_MS = 10
"""How long SQLite may wait for the write lock before its wait begins anew."""


class Connection:
    """One open store: the SQLite connection, and which files it really is.

    It is used by one thread at a time. `read` and `write` turn every SQLite failure into the
    StoreError that says it in words. `identity` is None for a private copy.
    """

    def __init__(
        self,
        path: Path,
        raw: sqlite3.Connection,
        identity: Identity | None,
        busy_timeout_ms: int = BUSY_TIMEOUT_MS,
    ) -> None:
        self.path = path
        self.raw = raw
        self.busy_timeout_ms = busy_timeout_ms
        # SQLite follows a symbolic link before it names -wal and -shm.
        self.real_path = path.resolve()
        self._identity = identity
        self._moved: int | None = None
        self.read_only = ""

    @property
    def is_copy(self) -> bool:
        """Whether it is a private copy, which never changes."""
        return self._identity is None

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
                self._abandon()
        except sqlite3.Error as error:
            raise self._translate(error) from error

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
        self.require_same_file()
        try:
            self._begin_to_write()
            try:
                schema.require_current(self.raw)
                result = function(self.raw, *args, **kw)
                self.raw.execute("COMMIT")
            finally:
                self._abandon()
        except sqlite3.Error as error:
            raise self._translate(error) from error
        # Taken away in between, it is in a file that nobody will ever open.
        self.require_same_file()
        return result

    def rehearse(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kw: P.kwargs,
    ) -> T:
        """Return `function(connection, …)` run in a transaction that is then undone.

        What it changes is held in memory alone, so that it also works where the disk takes no write.
        """
        self.require_same_file()
        try:
            self.raw.execute("PRAGMA temp_store = MEMORY")
            self.raw.execute("PRAGMA cache_spill = OFF")
            self._begin_to_write()
            try:
                return function(self.raw, *args, **kw)
            finally:
                self._abandon()
                self.raw.execute("PRAGMA cache_spill = ON")
        except sqlite3.Error as error:
            raise self._translate(error) from error

    def data_version(self) -> int:
        """Return a number that changes whenever another connection has committed.

        Raises StoreReplaced where the files were taken away: then it never changes again.
        """
        self.require_same_file()
        try:
            found: int = self.raw.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error as error:
            raise self._translate(error) from error
        return found

    def require_same_file(self) -> None:
        """Raise StoreReplaced where the path names other files than those that are open.

        A deleted or replaced file, or WAL, would take writes that nobody will ever read (F39).
        """
        if self._identity is not None and identify(self.real_path) != self._identity:
            raise replaced(self.path)

    def checkpoint(self, truncate_above: int = TRUNCATE_ABOVE) -> None:
        """Move the WAL into the database; cut it past `truncate_above` bytes. The engine's duty.

        Cutting waits for readers while it keeps writers out, so it is given a twentieth of a second
        and else left to the next time; where one reader has hung since the last time (a stopped
        dashboard) it is not tried: all others would wait for it again and again.
        """
        try:
            size = os.stat(f"{self.real_path}-wal").st_size
        except OSError:
            return
        try:
            ((_, frames, moved),) = self.raw.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            hung = moved < frames and moved == self._moved
            self._moved = moved
            if size > truncate_above and not hung:
                self.raw.execute(f"PRAGMA busy_timeout = {_TRUNCATE_WAIT_MS:d}")
                try:
                    self.raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                finally:
                    self.raw.execute(f"PRAGMA busy_timeout = {self.busy_timeout_ms:d}")
        except sqlite3.Error as error:
            raise self._translate(error) from error

    def close(self) -> None:
        """Close the connection; nothing else is needed, every write is complete."""
        self.raw.close()

    def _begin_to_write(self) -> None:
        """Begin a transaction with the write lock, waiting for the busy timeout at most.

        SQLite looks for the lock less and less often, in the end ten times a second: among eight
        busy writers one that has waited for long hardly ever meets it free. A wait that begins
        anew has everybody's chances.
        """
        deadline = time.monotonic() + self.busy_timeout_ms / 1000
        self.raw.execute(f"PRAGMA busy_timeout = {min(_ASK_AGAIN_MS, self.busy_timeout_ms):d}")
        try:
            while True:
                try:
                    self.raw.execute("BEGIN IMMEDIATE")
                    return
                except sqlite3.OperationalError as error:
                    busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                    if not busy or time.monotonic() >= deadline:
                        raise
        finally:
            self.raw.execute(f"PRAGMA busy_timeout = {self.busy_timeout_ms:d}")

    def _abandon(self) -> None:
        # A failed COMMIT may have ended the transaction, and a failing disk fails this too.
        with contextlib.suppress(sqlite3.Error):
            if self.raw.in_transaction:
                self.raw.execute("ROLLBACK")

    def _translate(self, error: sqlite3.Error) -> StoreError:
        # Tables that a newer opsdash has changed look like any SQL error.
        with contextlib.suppress(sqlite3.Error):
            schema.require_current(self.raw)
            return translate(error, self.path, self.busy_timeout_ms)
        return translate(error, self.path, self.busy_timeout_ms)
