"""A store and a world for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdash.store.session import Store, open_store
from tests.engine.world import World


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """An open store."""
    opened = await open_store(tmp_path / "opsdash.db", checkpoints=True, busy_timeout_ms=200)
    yield opened
    await opened.close()


@pytest.fixture
async def world(store: Store) -> AsyncIterator[World]:
    """One engine on a clock that stands at 14:00."""
    made = World(store)
    yield made
    for poll in made.engine.polls:
        await poll.cancel()
