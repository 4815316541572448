"""The world that paging stories happen in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdash.engine import relay
from tests.paging.world import World, begun


@pytest.fixture(autouse=True)
def _stopped_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a pager that hangs hang: the clock of these stories is turned by hand, and so is the only one."""
    monkeypatch.setattr(relay, "SEND_DEADLINE", 3600.0)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """The guide's team with nothing firing, the engine begun."""
    async with begun(tmp_path) as world:
        yield world
