"""An engine that counts failures, and people who look into them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from opsdash import inquiry
from opsdash.domain.failures import FailureBatch
from opsdash.domain.indicator import Indicator, Reading, Unit
from opsdash.domain.outcome import Outcome
from opsdash.domain.setup import PaneSetup
from opsdash.domain.text import SafeText
from opsdash.domain.timeline import Actor
from opsdash.store import failures
from opsdash.store.session import open_store
from tests.engine.world import SETUP, World

SARAH, JOHN = Actor(SafeText("sarah")), Actor(SafeText("john"))

FAILED = Indicator("failed", SafeText("Failed 24h"), "q", Unit.COUNT, investigate=True)
FAILING = replace(SETUP, panes=(PaneSetup("payments", SafeText("Payments"), (FAILED,)),))


class Counter(World):
    """One engine whose source counts failed payments."""

    async def count(self, *values: float | None) -> None:
        """Let the source answer each value for one refresh."""
        for value in values:
            self.metrics.values["failed"] = value
            await self.refresh()

    async def reading(self) -> Reading:
        """Return the tile."""
        return (await self.picture()).panes[0].readings[0]

    async def batch(self) -> FailureBatch | None:
        """Return the batch that the tile carries."""
        return (await self.reading()).batch

    async def open(self) -> FailureBatch:
        """Return the batch that is open."""
        batch = await self.batch()
        assert batch is not None
        return batch

    async def batches(self) -> list[tuple[str, str, int, bool]]:
        """Return every batch, the oldest first: id, state, count, whether it has ended."""
        found = await self.store.read(failures.load_newest, 100)
        return [(b.id, str(b.state), b.count, b.ended_at is not None) for b in reversed(found)]

    async def take(self, who: Actor, seen: FailureBatch, over: bool = False) -> Outcome:
        """Look into a batch as `who`."""
        return await self.store.write(inquiry.take, who, self.clock.now(), seen, over)

    async def conclude(self, who: Actor, seen: FailureBatch, note: str = "bank down") -> Outcome:
        """Say as `who` what it was."""
        return await self.store.write(inquiry.conclude, who, self.clock.now(), seen, note)

    async def give_back(self, who: Actor, seen: FailureBatch) -> Outcome:
        """Give a batch back as `who`."""
        return await self.store.write(inquiry.give_back, who, self.clock.now(), seen)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Counter]:
    """An engine that has just begun, with no failure counted."""
    store = await open_store(tmp_path / "ops.db", checkpoints=True)
    made = Counter(store, setup=FAILING)
    made.metrics.values["failed"] = 0.0
    await made.beat()
    await made.beat()
    yield made
    for poll in made.engine.polls:
        await poll.cancel()
    await store.close()
