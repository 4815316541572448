"""The guide's team, its engine begun, and nothing silenced."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.paging.world import World, begun


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """The team with nothing firing."""
    async with begun(tmp_path) as world:
        yield world
