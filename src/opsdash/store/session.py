"""The store for processes with an event loop: every call one hop into aiosqlite's thread."""

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from opsdash.store.connection import Connection
from opsdash.store.errors import BUSY_TIMEOUT_MS
from opsdash.store.opening import connect, connect_as_allowed

if TYPE_CHECKING:
    import aiosqlite

P = ParamSpec("P")
T = TypeVar("T")


class Store:
    """An open store. `read` and `write` run a plain function whole in the connection's thread.

    Nothing is awaited between the beginning and the end of a transaction: a stalled event loop
    (an unread terminal, a stopped process) cannot hold the write lock.
    """

    def __init__(self, thread: "aiosqlite.Connection", connection: Connection) -> None:
        self._thread = thread
        self._connection = connection
        self.path = connection.path
        self.read_only = connection.read_only

    async def read(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kw: P.kwargs,
    ) -> T:
        """Return `function(connection, …)`, read from one consistent picture of the store."""
        return await self._hop(self._connection.read, function, *args, **kw)

    async def write(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kw: P.kwargs,
    ) -> T:
        """Run `function(connection, …)` as one durable transaction and return its result."""
        return await self._hop(self._connection.write, function, *args, **kw)

    async def rehearse(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kw: P.kwargs,
    ) -> T:
        """Return what `function(connection, …)` would, as one transaction that is then undone."""
        return await self._hop(self._connection.rehearse, function, *args, **kw)

    async def data_version(self) -> int:
        """Return a number that changes when another connection has committed."""
        return await self._hop(self._connection.data_version)

    async def look(
        self,
        function: Callable[Concatenate[sqlite3.Connection, P], T],
        *args: P.args,
        **kw: P.kwargs,
    ) -> T:
        """Return what `read` does; raise StoreReplaced where the file at the path is another by now."""

        def look() -> T:
            self._connection.require_same_file()
            return self._connection.read(function, *args, **kw)

        return await self._hop(look)

    async def checkpoint(self) -> None:
        """Move the WAL into the database; for the engine alone."""
        await self._hop(self._connection.checkpoint)

    async def close(self) -> None:
        """Close the connection and end its thread."""
        await self._thread.close()

    async def _hop(self, function: Callable[..., T], *args: Any, **kw: Any) -> T:
        # aiosqlite has no public way to run a function of our own in its thread; a test holds this.
        result: T = await self._thread._execute(function, *args, **kw)  # type: ignore[no-untyped-call]
        return result


async def open_store(
    path: Path, checkpoints: bool = False, busy_timeout_ms: int = BUSY_TIMEOUT_MS
) -> Store:
    """Open the store at `path` for an event loop; raise StoreError where it cannot be used."""
    return await _open(lambda: connect(path, checkpoints, busy_timeout_ms))


async def open_store_as_allowed(path: Path) -> Store:
    """Open the store to write it or, where that is not allowed, to read it; `read_only` says why."""
    return await _open(lambda: connect_as_allowed(path))


async def _open(open_it: Callable[[], Connection]) -> Store:
    # The first frame needs no event loop's store.
    import asyncio

    import aiosqlite

    opened: list[Connection] = []

    def start() -> sqlite3.Connection:
        opened.append(open_it())
        return opened[0].raw

    thread = aiosqlite.Connection(start, iter_chunk_size=64)
    # A dashboard that is killed must not wait for its reader thread.
    thread._thread.daemon = True
    try:
        await thread
    except BaseException as error:
        thread.stop()
        # Its thread answers to this loop, which may be closed a moment later. Who leaves in the
        # middle of it does not wait for a disk.
        while isinstance(error, Exception) and thread._thread.is_alive():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        raise
    return Store(thread, opened[0])
