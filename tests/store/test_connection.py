"""One transaction at a time, whole or not at all, and waiting for each other in turn."""

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest

from opsdash.store import changes
from opsdash.store.connection import Connection
from opsdash.store.errors import StoreError
from opsdash.store.opening import connect, connect_to_read
from opsdash.store.session import open_store
from tests.kit.waiting import eventually, wait_until
from tests.store.actors import another_process, run_in_another


def test_a_write_that_fails_leaves_nothing(store: Connection) -> None:
    """Whatever the function raises undoes all that it did, and the store goes on."""

    def write(connection: sqlite3.Connection) -> None:
        changes.next_change(connection)
        raise LookupError("no such alert")

    with pytest.raises(LookupError, match="no such alert"):
        store.write(write)
    assert store.read(changes.last_change) == 0
    assert store.write(changes.next_change) == 1


def test_a_mistake_in_sql_is_a_store_error(store: Connection) -> None:
    """Callers meet StoreError and nothing of SQLite; the connection is usable after it."""
    with pytest.raises(StoreError, match="no such table: nosuch"):
        store.read(lambda c: c.execute("SELECT * FROM nosuch"))
    with pytest.raises(StoreError, match="UNIQUE"):
        store.write(lambda c: c.execute("INSERT INTO counter VALUES ('change', 5)"))
    assert store.write(changes.next_change) == 1


def test_a_read_sees_one_moment(store: Connection, path: Path) -> None:
    """What another process commits in the middle of a read is not in it."""

    def look_twice(connection: sqlite3.Connection) -> tuple[int, int]:
        before = changes.last_change(connection)
        run_in_another(path, "connect(path).write(changes.next_change)")
        return before, changes.last_change(connection)

    assert store.read(look_twice) == (0, 0)
    assert store.read(changes.last_change) == 1


def test_a_read_does_not_write(store: Connection, path: Path) -> None:
    """A reader that writes by mistake changes nothing."""
    store.read(changes.next_change)
    assert store.read(changes.last_change) == 0
    reader = connect_to_read(path)
    with pytest.raises(StoreError, match="cannot be written"):
        reader.write(changes.next_change)
    reader.close()


def test_writers_take_turns(path: Path) -> None:
    """Each write starts from what the one before left: immediate transactions lose no update."""

    def bump() -> None:
        connection = connect(path)
        for _ in range(25):
            connection.write(changes.next_change)
        connection.close()

    connect(path).close()
    threads = [threading.Thread(target=bump) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert run_in_another(path, "print(connect(path).read(changes.last_change))") == "100\n"


def test_a_writer_finds_the_lock_in_short_moments(path: Path) -> None:
    """Beside somebody who writes nearly all the time one waits for a turn, not for luck."""
    connect(path).close()
    busy = """
        c = connect(path)
        print("ready", flush=True)
        while True:
            c.write(lambda connection: time.sleep(0.15))
            time.sleep(0.003)
    """
    with another_process(path, busy):
        connection = connect(path, busy_timeout_ms=3_000)
        written = [connection.write(changes.next_change) for _ in range(6)]
        connection.close()
    assert written == [1, 2, 3, 4, 5, 6]


def test_a_commit_elsewhere_changes_the_version(store: Connection, path: Path) -> None:
    """What another process commits is noticed without reading a row; one's own commits are not."""
    before = store.data_version()
    store.write(changes.next_change)
    assert store.data_version() == before
    run_in_another(path, "connect(path).write(changes.next_change)")
    assert store.data_version() != before


def test_what_is_written_survives_kill_9(path: Path) -> None:
    """Once write() has returned, killing the process on the spot loses nothing."""
    code = """
        c = connect(path)
        print(c.write(changes.next_change), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    """
    for expected in (1, 2, 3):
        with pytest.raises(AssertionError):
            run_in_another(path, code)
        assert run_in_another(path, "print(connect(path).read(changes.last_change))") == (
            f"{expected}\n"
        )


async def test_a_stalled_event_loop_holds_no_lock(path: Path) -> None:
    """A write begun by a loop that then stops for good is over all the same: one hop, no await inside.

    This is the proof of the rule: while this event loop stands still (as under an unread terminal),
    its write commits in its own thread and another process writes after it without waiting.
    """
    store = await open_store(path)
    began = threading.Event()

    def slow(connection: sqlite3.Connection) -> int:
        began.set()
        return changes.next_change(connection)

    task = asyncio.ensure_future(store.write(slow))
    await asyncio.sleep(0)
    assert began.wait(60)
    # The loop stands still from here to the end of the other process.
    other = run_in_another(
        path, "print(connect(path, busy_timeout_ms=30_000).write(changes.next_change))"
    )
    assert other == "2\n"
    assert not task.done()
    assert await task == 1
    await store.close()


async def test_a_call_that_is_cancelled_is_done_all_the_same(path: Path) -> None:
    """Leaving a screen in the middle of an acknowledgement leaves no half of it, and no open lock."""
    store = await open_store(path)
    release = threading.Event()

    def slow(connection: sqlite3.Connection) -> int:
        release.wait(60)
        return changes.next_change(connection)

    task = asyncio.ensure_future(store.write(slow))
    await asyncio.sleep(0)
    task.cancel()
    release.set()
    assert await store.read(changes.last_change) == 1
    await store.close()


async def test_calls_of_one_store_run_one_after_another(path: Path) -> None:
    """Tasks of one process share a connection without meeting inside a transaction."""
    store = await open_store(path)
    numbers = await asyncio.gather(*(store.write(changes.next_change) for _ in range(20)))
    assert sorted(numbers) == list(range(1, 21))
    await store.close()


async def test_a_store_that_cannot_be_opened_leaves_no_thread(path: Path) -> None:
    """A dashboard that tries again and again must not gather threads."""
    path.parent.mkdir()
    path.write_text("no database")
    before = set(threading.enumerate())
    with pytest.raises(StoreError):
        await open_store(path)
    await eventually(lambda: set(threading.enumerate()) <= before)


def test_a_thread_that_failed_to_open_does_not_outlive_its_loop(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command that ends with the refusal must not leave a thread that answers to a closed loop."""
    path.parent.mkdir()
    path.write_text("no database")
    seen: list[BaseException | None] = []
    monkeypatch.setattr(threading, "excepthook", lambda told: seen.append(told.exc_value))
    before = set(threading.enumerate())
    for _ in range(20):
        with pytest.raises(StoreError):
            asyncio.run(open_store(path))
    wait_until(lambda: set(threading.enumerate()) <= before)
    assert seen == []


def test_a_store_to_read(path: Path) -> None:
    """Where nothing may be written a store still reads and notices changes."""
    writer, reader = connect(path), connect_to_read(path)
    version = reader.data_version()
    writer.write(changes.next_change)
    assert reader.data_version() != version
    assert reader.read(changes.last_change) == 1
    reader.close()
    writer.close()


def test_the_wal_stays_small_beside_readers_that_come_and_go(path: Path) -> None:
    """Past the limit a checkpoint cuts the file."""
    engine, reader = connect(path, checkpoints=True), connect(path)
    for _ in range(40):
        engine.write(_grow)
        reader.read(changes.last_change)
    assert Path(f"{path}-wal").stat().st_size > 1 << 20
    engine.checkpoint(truncate_above=1 << 20)
    assert Path(f"{path}-wal").stat().st_size == 0
    engine.close()
    reader.close()


def test_a_reader_that_hangs_keeps_no_writer_out(path: Path) -> None:
    """A picture held open for long (F40) lets the WAL grow; cutting it gives up and blocks nobody."""
    engine = connect(path, checkpoints=True)
    with another_process(path, "c = connect(path); c.raw.execute('BEGIN'); "
                               "c.raw.execute('SELECT * FROM counter').fetchall(); ready()"):  # fmt: skip
        for _ in range(40):
            engine.write(_grow)
        done = threading.Event()

        def cut() -> None:
            engine.checkpoint(truncate_above=1 << 20)
            done.set()

        thread = threading.Thread(target=cut)
        thread.start()
        writer = connect(path, busy_timeout_ms=2000)
        for _ in range(5):
            writer.write(changes.next_change)
        thread.join()
        assert done.is_set()
        assert engine.raw.execute("PRAGMA busy_timeout").fetchone() == (5000,)
    engine.checkpoint(truncate_above=1 << 20)
    assert Path(f"{path}-wal").stat().st_size == 0
    writer.close()
    engine.close()


def test_a_reader_that_goes_on_hanging_is_waited_for_once(path: Path) -> None:
    """A dashboard stopped while it read lets no writer wait at each checkpoint that follows."""
    engine = connect(path, checkpoints=True)
    with another_process(path, "c = connect(path); c.raw.execute('BEGIN'); "
                               "c.raw.execute('SELECT * FROM counter').fetchall(); ready()"):  # fmt: skip
        for _ in range(40):
            engine.write(_grow)
        engine.checkpoint(truncate_above=1 << 20)

        def go_on() -> None:
            for _ in range(10):
                engine.checkpoint(truncate_above=1 << 20)

        checkpoints = threading.Thread(target=go_on)
        # It does not wait at all: it raises StoreLocked where it is kept out.
        writer = connect(path, busy_timeout_ms=0)
        checkpoints.start()
        while checkpoints.is_alive():
            writer.write(changes.next_change)
        checkpoints.join()
    engine.checkpoint(truncate_above=1 << 20)
    assert Path(f"{path}-wal").stat().st_size == 0
    writer.close()
    engine.close()


def _grow(connection: sqlite3.Connection) -> None:
    connection.execute(
        "INSERT INTO point SELECT hex(randomblob(8)), 0, value, 0.0 FROM"
        " (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n LIMIT 500)"
        " SELECT value FROM n)"
    )
