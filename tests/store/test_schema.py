"""Migrations: to the newest tables at once, never half, and never under a newer opsdash's feet."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opsdash.store import changes, schema
from opsdash.store.connection import Connection
from opsdash.store.errors import StoreError, StoreNewer
from opsdash.store.opening import connect, connect_to_read
from tests.store.actors import run_in_another


def _tables(path: Path) -> set[str]:
    with sqlite3.connect(path) as raw:
        found = {name for (name,) in raw.execute("SELECT name FROM sqlite_master")}
    raw.close()
    return found


def _make_old(path: Path, version: int) -> None:
    """Write a store as the opsdash of schema `version` left it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path, isolation_level=None) as raw:
        raw.execute("PRAGMA journal_mode = WAL")
        for statements in schema.MIGRATIONS[:version]:
            for statement in statements:
                raw.execute(statement)
        raw.execute(f"PRAGMA user_version = {version:d}")
    raw.close()


def test_a_fresh_store_has_the_newest_tables(store: Connection, path: Path) -> None:
    """Opening makes every table, durable settings and foreign keys."""
    assert store.read(schema.version) == schema.VERSION
    settings = [
        store.raw.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("journal_mode", "synchronous", "foreign_keys", "wal_autocheckpoint")
    ]
    assert settings == ["wal", 2, 1, 0]
    assert {"alert", "entry", "incident", "lease", "reading", "ticket"} <= _tables(path)


@pytest.mark.parametrize("version", range(1, schema.VERSION))
def test_an_older_store_is_brought_up(path: Path, version: int) -> None:
    """Each older schema becomes the newest, with what it holds."""
    _make_old(path, version)
    with sqlite3.connect(path) as raw:
        raw.execute(
            "INSERT INTO ticket (number, subject, customer, created_at, priority, status,"
            " priority_reason, category, description, response, resolution, confirmation)"
            " VALUES (101, 's', 'c', 0, 'P1', 'open', '', '', '', '', '', '')"
        )
    raw.close()
    with pytest.raises(StoreError, match="is of an older opsdash: start `opsdash engine` once"):
        connect_to_read(path)
    store = connect(path)
    fresh = path.parent / "fresh.db"
    connect(fresh).close()
    assert store.read(schema.version) == schema.VERSION
    assert store.read(lambda c: c.execute("SELECT subject FROM ticket").fetchone()) == ("s",)
    store.close()
    assert _tables(path) == _tables(fresh)


def test_a_newer_store_is_refused_in_words(path: Path) -> None:
    """What a newer opsdash wrote is not touched; the message says which is which and what to do."""
    connect(path).close()
    with sqlite3.connect(path) as raw:
        raw.execute(f"PRAGMA user_version = {schema.VERSION + 7:d}")
    raw.close()
    for opened in (connect, connect_to_read):
        with pytest.raises(
            StoreNewer, match=rf"has schema {schema.VERSION + 7}, .*upgrade opsdash"
        ):
            opened(path)


def test_a_schema_that_moves_under_an_open_session(store: Connection, path: Path) -> None:
    """Writes are refused in words from then on; reading goes on while the columns are there (F43)."""
    upgrade = f"""
        c = sqlite3.connect(path)
        c.execute("PRAGMA user_version = {schema.VERSION + 1}")
        c.execute("ALTER TABLE counter ADD COLUMN extra TEXT")
    """
    run_in_another(path, upgrade)
    assert store.read(changes.last_change) == 0
    with pytest.raises(StoreNewer, match="upgrade opsdash"):
        store.write(changes.next_change)
    run_in_another(path, 'sqlite3.connect(path).execute("ALTER TABLE counter RENAME TO counters")')
    with pytest.raises(StoreNewer, match="upgrade opsdash"):
        store.read(changes.last_change)


def test_processes_that_open_a_fresh_store_at_once(path: Path) -> None:
    """Dashboards, engine and commands that start together make one store and all have it."""
    with ThreadPoolExecutor(8) as pool:
        code = "c = connect(path); print(c.write(changes.next_change))"
        numbers = list(pool.map(lambda _: int(run_in_another(path, code)), range(8)))
    assert sorted(numbers) == list(range(1, 9))


def test_killed_in_a_migration_it_is_the_old_or_the_new(path: Path) -> None:
    """Kill -9 at any point of a migration leaves one version whole, and the next start ends it (F44)."""
    code = (
        "import sys; from pathlib import Path; from opsdash.store.opening import connect\n"
        "print('go', flush=True); connect(Path(sys.argv[1])); print('done', flush=True)"
    )
    dice = random.Random(7)
    seen = set()
    for round_ in range(12):
        target = path.with_name(f"{round_}.db")
        _make_old(target, 1)
        process = subprocess.Popen(
            [sys.executable, "-c", code, str(target)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        process.stdout.readline()
        _nap(dice.uniform(0, 0.012))
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        with sqlite3.connect(target) as raw:
            version = raw.execute("PRAGMA user_version").fetchone()[0]
            names = {name for (name,) in raw.execute("SELECT name FROM sqlite_master")}
            columns = {row[1] for row in raw.execute("PRAGMA table_info(ticket)")}
        raw.close()
        seen.add(version)
        assert version in (1, schema.VERSION)
        assert ("alert_incident" in names) == ("changed" in columns) == (version == schema.VERSION)
        connect(target).close()
    assert seen


def _nap(seconds: float) -> None:
    """Let the process get some way: where it is killed is the point of the test."""
    from time import sleep

    sleep(seconds)
