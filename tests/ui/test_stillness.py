"""The file's own times tell that nothing was written; where they cannot, the database is asked."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from opsdash.store import changes
from opsdash.store.connection import Connection
from opsdash.store.opening import connect
from opsdash.ui import stillness
from opsdash.ui.stillness import Stillness


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Connection]:
    """A store that was written a minute ago and is open, on a machine however slow."""
    monkeypatch.setattr(stillness, "SETTLED", 30_000_000_000)
    monkeypatch.setattr(stillness, "ASK_AGAIN", 600.0)
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
