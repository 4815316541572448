"""A store for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from opsdash.store.connection import Connection
from opsdash.store.opening import connect


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store is."""
    return tmp_path / "state" / "opsdash.db"


@pytest.fixture
def store(path: Path) -> Iterator[Connection]:
    """An open store that waits 200 ms for others."""
    connection = connect(path, busy_timeout_ms=200)
    yield connection
    connection.close()
