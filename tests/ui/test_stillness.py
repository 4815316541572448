"""The file's own times tell that nothing was written, and the kernel when something is; else the database is asked."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from opsdash.store import changes
from opsdash.store.connection import Connection
from opsdash.store.opening import connect
from opsdash.ui import notice, stillness
from opsdash.ui.stillness import Stillness


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """A store that was written a minute ago and is open, on a machine however slow."""
    monkeypatch.setattr(stillness, "SETTLED", 30_000_000_000)
    monkeypatch.setattr(stillness, "ASK_AGAIN", 600.0)
    monkeypatch.setattr(stillness, "SLOW", 600.0)
    connection = connect(tmp_path / "ops.db")
    connection.write(changes.ask_refresh)
    _age(tmp_path)
    yield connection
    connection.close()


def _age(folder: Path) -> None:
    long_ago = time.time() - 60
    os.utime(folder / "ops.db-wal", (long_ago, long_ago))


def _asked(path: Path) -> Stillness:
    found = Stillness(path)
    found.begin()
    found.confirm()
    return found


def test_a_commit_ends_it(store: Connection, tmp_path: Path) -> None:
    """It holds until another connection commits; then only what is asked after that counts."""
    still = _asked(tmp_path / "ops.db")
    assert still.holds() and still.holds()
    store.write(changes.ask_refresh)
    assert not still.holds()
    _age(tmp_path)
    still.begin()
    assert not still.holds(), "the database has not answered yet"
    still.confirm()
    assert still.holds()


def test_a_log_that_is_being_written_tells_nothing(store: Connection, tmp_path: Path) -> None:
    """Two writes in one tick of the kernel's clock have one time: the second would not be seen."""
    store.write(changes.ask_refresh)
    assert not _asked(tmp_path / "ops.db").holds()


def test_without_a_log_the_database_is_asked(tmp_path: Path) -> None:
    """A store that is not there, or of another kind, is never called still."""
    assert not _asked(tmp_path / "ops.db").holds()


def test_the_database_is_asked_all_the_same(
    store: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A while after its last answer the file alone is not enough."""
    monkeypatch.setattr(stillness, "ASK_AGAIN", 0.0)
    assert not _asked(tmp_path / "ops.db").holds()


@pytest.fixture
async def rested(
    store: Connection, tmp_path: Path
) -> AsyncIterator[tuple[Stillness, asyncio.Event]]:
    """Stillness that has been asked once to rest, and what it sets when it hears of a write."""
    still, heard = Stillness(tmp_path / "ops.db"), asyncio.Event()
    assert still.rest(heard.set) == 0.0, "what has told of nothing is not believed"
    yield still, heard
    still.close()


def _look(still: Stillness, store: Connection) -> None:
    """Ask as a dashboard does, and find that nothing counts."""
    still.begin()
    still.heed(store.data_version())
    still.confirm()


def _forge(folder: Path) -> None:
    """Have the log look written, as by a kernel that tells nobody of it."""
    last = os.stat(folder / "ops.db-wal").st_mtime
    os.utime(folder / "ops.db-wal", (last + 1, last + 1))


async def _hear(heard: asyncio.Event) -> None:
    await asyncio.wait_for(heard.wait(), 20)
    heard.clear()


async def test_a_write_is_heard_and_from_then_on_silence_is_believed(
    store: Connection, tmp_path: Path, rested: tuple[Stillness, asyncio.Event]
) -> None:
    """After the first write that was heard nobody has to look; the next one is told of at once."""
    still, heard = rested
    other = connect(tmp_path / "ops.db")
    for _ in range(2):
        store.write(changes.ask_refresh)
        await _hear(heard)
        _age(tmp_path)
        _look(still, other)
        assert 0.0 < still.rest(heard.set) <= stillness.ASK_AGAIN
    assert not heard.is_set()
    other.close()


async def test_a_write_of_many_pieces_is_told_of_once(
    store: Connection, rested: tuple[Stillness, asyncio.Event]
) -> None:
    """Whoever heard of a write is left alone until it has looked."""
    still, heard = rested
    store.write(changes.ask_refresh)
    await _hear(heard)
    for _ in range(20):
        store.write(changes.ask_refresh)
    told = asyncio.Event()
    asyncio.get_running_loop().call_soon(told.set)
    await told.wait()
    assert not heard.is_set()
    still.begin()
    store.write(changes.ask_refresh)
    await _hear(heard)


async def test_what_was_told_of_is_awaited(
    store: Connection, tmp_path: Path, rested: tuple[Stillness, asyncio.Event]
) -> None:
    """A commit that a slow disk has not taken yet is not there when one looks: one looks again."""
    still, heard = rested
    other = connect(tmp_path / "ops.db")
    still.heed(other.data_version())
    with open(tmp_path / "ops.db-wal", "r+b") as log:
        log.seek(0, os.SEEK_END)
        log.write(b"the beginning of a commit")
    await _hear(heard)
    _age(tmp_path)
    _look(still, other)
    assert not still.holds() and still.rest(heard.set) == 0.0
    other.close()


async def test_behind_a_commit_that_was_slow_to_show_the_next_is_awaited(
    store: Connection, tmp_path: Path, rested: tuple[Stillness, asyncio.Event]
) -> None:
    """One notice tells of two commits, and the first shows alone: the second is looked for at once."""
    still, heard = rested
    other = connect(tmp_path / "ops.db")
    still.heed(other.data_version())
    store.write(changes.ask_refresh)
    await _hear(heard)
    _age(tmp_path)
    still.begin()
    still.heed(other.data_version() - 1)  # as a disk says that has not taken it
    _look(still, other)
    assert not still.holds() and still.rest(heard.set) == 0.0
    other.close()


@pytest.mark.parametrize("writes", [1, 2])
async def test_a_kernel_that_missed_a_write_is_believed_no_more(
    store: Connection,
    tmp_path: Path,
    rested: tuple[Stillness, asyncio.Event],
    writes: int,
) -> None:
    """Where somebody writes through another mount all goes on as without a kernel that tells."""
    still, heard = rested
    other = connect(tmp_path / "ops.db")
    store.write(changes.ask_refresh)
    await _hear(heard)
    _age(tmp_path)
    _look(still, other)
    assert still.rest(heard.set) > 0.0
    for _ in range(writes):
        _forge(tmp_path)
        assert not still.holds()
        _look(still, other)
        assert still.rest(heard.set) == 0.0
    _look(still, other)
    assert still.holds() and still.rest(heard.set) == 0.0
    other.close()


async def test_without_inotify_it_is_looked_at_as_ever(
    store: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the kernel has no more of it to give, only what the file tells counts."""

    def refuse(path: Path, told: Callable[[], None]) -> None:
        raise OSError(24, "inotify_init1 failed")

    monkeypatch.setattr(notice, "Notice", refuse)
    still = _asked(tmp_path / "ops.db")
    assert still.rest(lambda: None) == 0.0
    assert still.holds()
    store.write(changes.ask_refresh)
    still.begin()
    _age(tmp_path)
    _look(still, store)
    assert still.rest(lambda: None) == 0.0 and still.holds()
