"""The world that paging stories happen in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.paging.world import World, begun


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """The guide's team with nothing firing, the engine begun."""
    async with begun(tmp_path) as world:
        yield world
