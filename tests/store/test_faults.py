"""A locked, full, read-only or damaged store: a clear line each, and reading goes on where it can."""

import contextlib
import os
import signal
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from opsdash.snapshot import take_snapshot
from opsdash.store import changes, entries
from opsdash.store.connection import Connection
from opsdash.store.errors import (
    StoreBroken,
    StoreCorrupt,
    StoreError,
    StoreFull,
    StoreLocked,
    StoreReadOnly,
    lock_holder,
    translate,
)
from opsdash.store.opening import connect, connect_to_read
from tests.kit.waiting import wait_until
from tests.store.actors import another_process, run_in_another

NOW = datetime(2025, 12, 22, 14, 5, tzinfo=UTC)
_HOLD = "c = connect(path); c.raw.execute('BEGIN IMMEDIATE'); changes.next_change(c.raw); ready()"


def test_a_locked_store_names_who_holds_it(store: Connection, path: Path) -> None:
    """Past the timeout the message names the process; reading goes on; then writing does too."""
    with another_process(path, _HOLD) as holder:
        assert lock_holder(path) == holder.pid
        words = rf"has been locked for 0\.2 s by pid {holder.pid} \(python.*\); try again"
        with pytest.raises(StoreLocked, match=words):
            store.write(changes.next_change)
        assert store.read(changes.last_change) == 0
        holder.send_signal(signal.SIGSTOP)
        wait_until(lambda: _state_of(holder.pid) == "T", what="it to have stopped")
        with pytest.raises(StoreLocked, match=rf"pid {holder.pid} \(.*, stopped\)"):
            store.write(changes.next_change)
    assert store.write(changes.next_change) == 1
    assert lock_holder(path) is None


def _state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_a_holder_that_cannot_be_seen_is_another_process(path: Path, tmp_path: Path) -> None:
    """Where the kernel's table is hidden (a container) the message is still a sentence."""
    assert lock_holder(path, tmp_path / "no-locks") is None
    error = sqlite3.OperationalError("database is locked")
    error.sqlite_errorcode = sqlite3.SQLITE_BUSY
    assert "by another process; try again" in str(translate(error, path))


@contextlib.contextmanager
def _full_disk(store: Connection) -> Iterator[None]:
    """Let no file of this process grow: what a full disk does to SQLite, without one."""
    import resource

    size = max(os.path.getsize(f"{store.path}{suffix}") for suffix in ("", "-wal", "-shm"))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def _much(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO entry (at, author, kind, text, claimed) VALUES (0, 'a', 'note', ?, '{}')",
        ("x" * 500_000,),
    )


def test_a_file_that_cannot_grow_loses_nothing(store: Connection) -> None:
    """The write is refused in words, what was confirmed stays, reading goes on, and so does writing later."""
    for _ in range(10):
        store.write(changes.next_change)
    with _full_disk(store):
        for _ in range(3):
            with pytest.raises((StoreFull, StoreBroken), match=r"free space|check the disk"):
                store.write(_much)
        assert store.read(changes.last_change) == 10
        assert take_snapshot(store.raw, NOW).cursor == 10
    store.write(_much)
    assert store.write(changes.next_change) == 11
    assert store.raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_full_database_is_said(store: Connection) -> None:
    """SQLITE_FULL is a full disk in words."""
    pages = store.raw.execute("PRAGMA page_count").fetchone()[0]
    store.raw.execute(f"PRAGMA max_page_count = {pages:d}")
    with pytest.raises(StoreFull, match=r"no room left on the disk of .*: nothing can be recorded"):
        store.write(_much)
    assert store.read(changes.last_change) == 0


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A real disk of 1.5 MB where the tests may mount one, else a folder whose files stay small."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    mounted = (
        os.getuid() == 0
        and os.system(f"mount -t tmpfs -o size=1536k tmpfs {folder} 2>/dev/null") == 0
    )
    yield folder
    if mounted:
        os.system(f"umount -l {folder}")


def test_a_small_disk_that_fills_up(tiny_disk: Path) -> None:
    """Writing until the disk is full: every confirmed row is there, before and after there is room again."""
    store = connect(tiny_disk / "opsdash.db")
    ballast = tiny_disk / "ballast"
    ballast.write_bytes(b"x" * 700_000)
    confirmed = 0
    with contextlib.suppress(StoreFull, StoreBroken):
        for _ in range(200):
            store.write(_count_and_pad)
            confirmed += 1
    assert store.read(changes.last_change) == confirmed
    count = f"print(connect_to_read({str(tiny_disk / 'opsdash.db')!r} and path).read(changes.last_change))"
    assert run_in_another(tiny_disk / "opsdash.db", count) == f"{confirmed}\n"
    ballast.unlink()
    store.checkpoint(truncate_above=0)
    assert store.write(changes.next_change) == confirmed + 1
    store.close()


def _count_and_pad(connection: sqlite3.Connection) -> None:
    changes.next_change(connection)
    _pad(connection)


def _pad(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO entry (at, author, kind, text, claimed) VALUES (0, 'a', 'note', ?, '{}')",
        ("x" * 9_000,),
    )


def _damage(path: Path, first: float) -> bytes:
    """Overwrite the pages from `first` (a part of the file) with noise, and return the whole."""
    whole = bytearray(path.read_bytes())
    for page in range(int(len(whole) * first) // 4096 * 4096 or 4096, len(whole), 4096):
        whole[page : page + 4096] = os.urandom(4096)
    path.write_bytes(whole)
    return bytes(whole)


def test_damaged_pages_are_said_and_kept(path: Path) -> None:
    """A file of noise behind a good first page is named as damage and left for whoever restores it."""
    connect(path).close()
    kept = _damage(path, 0)
    for opened in (connect, connect_to_read):
        with pytest.raises(StoreCorrupt, match=r"is damaged or not an opsdash .* move it aside"):
            opened(path)
    assert path.read_bytes() == kept


def test_what_is_not_damaged_is_still_read(path: Path) -> None:
    """Noise in the timeline's pages takes the timeline, not the alerts: reading goes on where it can."""
    store = connect(path)
    for _ in range(50):
        store.write(_pad)
    store.close()
    _damage(path, 0.7)
    damaged = connect(path)
    with pytest.raises(StoreCorrupt, match="damaged"):
        damaged.read(entries.load_newest, 50)
    assert damaged.read(take_snapshot, NOW).cursor == 0
    damaged.close()


def test_a_torn_wal_keeps_what_was_whole(path: Path) -> None:
    """A WAL that a power cut left half written opens with everything before the tear (F38)."""
    count = "c = connect(path); [c.write(changes.next_change) for _ in range(30)]; ready()"
    with another_process(path, count) as process:
        process.kill()
        process.wait()
        wal = Path(f"{path}-wal")
        wal.write_bytes(wal.read_bytes()[:-300])
    store = connect(path)
    assert store.read(changes.last_change) == 29
    assert store.raw.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    store.close()


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (sqlite3.SQLITE_BUSY, StoreLocked, "has been locked for 5 s by another process; try again"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, StoreLocked, "locked"),
        (sqlite3.SQLITE_PROTOCOL, StoreLocked, "locked"),
        (sqlite3.SQLITE_FULL, StoreFull, "no room left on the disk"),
        (
            sqlite3.SQLITE_READONLY,
            StoreReadOnly,
            "cannot be written; check its owner, mode and mount",
        ),
        (sqlite3.SQLITE_READONLY_DBMOVED, StoreError, "deleted or replaced"),
        (sqlite3.SQLITE_CANTOPEN, StoreReadOnly, "cannot be opened; check that its folder"),
        (sqlite3.SQLITE_CORRUPT, StoreCorrupt, "damaged"),
        (sqlite3.SQLITE_NOTADB, StoreCorrupt, "not an opsdash database"),
        (sqlite3.SQLITE_IOERR_READ, StoreBroken, "check the disk"),
        (sqlite3.SQLITE_MISMATCH, StoreError, "odd"),
    ],
)
def test_every_failure_is_one_line_that_names_the_file(
    path: Path, code: int, kind: type[StoreError], words: str
) -> None:
    """What is wrong, where, and what to do."""
    error = sqlite3.OperationalError("odd")
    error.sqlite_errorcode = code
    said = translate(error, path)
    assert isinstance(said, kind)
    assert words in str(said)
    assert str(path) in str(said)
    assert "\n" not in str(said)
