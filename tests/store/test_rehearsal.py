"""A transaction that is tried and undone: for an engine whose disk takes no writes."""

import os
import resource
import sqlite3
from pathlib import Path

import pytest

from opsdash.store import changes
from opsdash.store.connection import Connection
from opsdash.store.errors import StoreError
from tests.store.actors import run_in_another


def _sizes(path: Path) -> list[int]:
    return [os.path.getsize(f"{path}{end}") for end in ("", "-wal", "-shm")]


def test_what_is_rehearsed_is_seen_inside_and_nowhere_else(store: Connection, path: Path) -> None:
    """Its result is what the transaction would have given; the store is as it was, for everybody."""
    store.write(changes.next_change)

    def twice(connection: sqlite3.Connection) -> int:
        changes.next_change(connection)
        return changes.next_change(connection)

    version = store.data_version()
    assert store.rehearse(twice) == 3
    assert store.read(changes.last_change) == 1
    assert store.data_version() == version
    run_in_another(path, "connect(path).write(changes.next_change)")
    assert store.rehearse(changes.next_change) == 3
    assert store.write(changes.next_change) == 3


def test_a_rehearsal_that_fails_leaves_nothing(store: Connection) -> None:
    """Its own error comes out, a mistake in SQL as a store error, and the store goes on."""

    def fail(connection: sqlite3.Connection) -> None:
        changes.next_change(connection)
        raise LookupError("no such alert")

    with pytest.raises(LookupError, match="no such alert"):
        store.rehearse(fail)
    with pytest.raises(StoreError, match="no such table: nosuch"):
        store.rehearse(lambda c: c.execute("SELECT * FROM nosuch"))
    assert store.write(changes.next_change) == 1


def test_ten_megabytes_are_rehearsed_without_a_byte_of_disk(store: Connection, path: Path) -> None:
    """Where no file can grow, far more than the page cache holds is written, sorted and undone."""
    store.write(changes.next_change)
    before, sizes = resource.getrlimit(resource.RLIMIT_FSIZE), _sizes(path)

    def grow(connection: sqlite3.Connection) -> int:
        told = (
            "INSERT INTO entry (at, author, kind, text, claimed) VALUES (?, 'a', 'note', ?, '{}')"
        )
        connection.executemany(told, [(n % 97, f"{n} " * 500) for n in range(4000)])
        rows = connection.execute("SELECT text FROM entry ORDER BY at, text DESC").fetchall()
        connection.execute("UPDATE entry SET undone = 1")
        return len(rows)

    resource.setrlimit(resource.RLIMIT_FSIZE, (max(sizes), before[1]))
    try:
        assert store.rehearse(grow) == 4000
        assert store.rehearse(grow) == 4000
        with pytest.raises(StoreError):
            store.write(grow)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert _sizes(path)[0] == sizes[0]
    assert store.read(lambda c: c.execute("SELECT count(*) FROM entry").fetchone()) == (0,)
    assert store.write(changes.next_change) == 2
