"""The guide's team, its engine begun, and nothing silenced."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdash.engine import relay
from opsdash.store.session import open_store
from tests.paging.world import World, team


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """The team with nothing firing."""
    store = await open_store(tmp_path / "ops.db", checkpoints=True)
    made = World(store, team())
    await made.turn()
    yield made
    await relay.cancel(made.engine)
    await store.close()
