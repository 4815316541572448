"""The engine opens batches, lets failures join them, and ends them."""

import math
from dataclasses import replace

import pytest

from opsdash.domain.failures import SETTLED, BatchState
from opsdash.domain.text import SafeText
from tests.failures.conftest import FAILING, SARAH, Counter

SLID = int(SETTLED.total_seconds() / 5) + 2
"""Refreshes after which a lower count is lower."""


async def test_failures_open_a_batch_that_further_ones_join(world: Counter) -> None:
    """One batch holds what comes until somebody has investigated it."""
    await world.count(0)
    assert await world.batch() is None
    await world.count(2, 2)
    batch = await world.open()
    assert (batch.id, batch.state, batch.count) == ("F1", BatchState.NEW, 2)
    await world.take(SARAH, batch)
    await world.count(5)
    batch = await world.open()
    assert (batch.id, batch.state, batch.by, batch.count) == ("F1", "investigating", "sarah", 5)
    assert batch.opened_at < batch.grown_at


async def test_failures_after_it_was_investigated_are_another_batch(world: Counter) -> None:
    """The investigated one ends, the tile is new again, and counts the new ones alone."""
    await world.count(2)
    await world.conclude(SARAH, await world.open())
    await world.count(2, 3)
    assert await world.batches() == [("F1", "investigated", 2, True), ("F2", "new", 1, False)]
    batch = await world.open()
    assert (batch.state, batch.count) == (BatchState.NEW, 1)
    assert (await world.reading()).value == 3


async def test_a_window_that_slides_opens_nothing_and_ends_what_it_leaves_empty(
    world: Counter,
) -> None:
    """A count that falls is still the same batch; at zero, for two minutes, it is over."""
    await world.count(3)
    await world.conclude(SARAH, await world.open())
    await world.count(*[2] * SLID, *[1] * SLID)
    assert (await world.open()).state is BatchState.INVESTIGATED
    await world.count(0)
    assert await world.batch() is not None, "one read of zero is no end"
    await world.count(*[0] * SLID)
    assert await world.batch() is None
    assert await world.batches() == [("F1", "investigated", 3, True)]
    assert await world.timeline("F1") == [
        "engine: 3 failures",
        "sarah: bank down",
        "engine: none is counted any more; it was investigated",
    ]
    await world.count(1)
    assert (await world.open()).id == "F2"


async def test_after_a_fall_a_rise_is_a_failure_though_the_count_was_higher_once(
    world: Counter,
) -> None:
    """It is compared with what is counted now, not with what ever was."""
    await world.count(3)
    await world.conclude(SARAH, await world.open())
    await world.count(*[1] * SLID, 2)
    assert ((await world.open()).id, (await world.open()).count) == ("F2", 1)


@pytest.mark.parametrize("gap", [None, math.nan, math.inf])
async def test_what_is_not_known_changes_nothing(world: Counter, gap: float | None) -> None:
    """Neither absent values nor NaN, for however long, end a batch or open one."""
    await world.count(2)
    await world.conclude(SARAH, await world.open())
    await world.count(*[gap] * SLID, 2, 2)
    assert await world.batches() == [("F1", "investigated", 2, False)]


async def test_a_source_that_fails_changes_nothing(world: Counter) -> None:
    """What was counted before counts after."""
    await world.count(2)
    world.metrics.fails = RuntimeError("down")
    await world.count(2, 2)
    world.metrics.fails = None
    await world.pass_time(60)
    assert await world.batches() == [("F1", "new", 2, False)]


async def test_a_count_that_wavers_opens_nothing(world: Counter) -> None:
    """Fractions of extrapolation, and replicas with gaps that answer in turn."""
    await world.count(2.0002)
    await world.conclude(SARAH, await world.open())
    await world.count(1.9996, 2.0003, 0, 2, 0, 2, 1, 2)
    assert await world.batches() == [("F1", "investigated", 2, False)]


async def test_another_engine_goes_on_where_this_one_ended(world: Counter) -> None:
    """A restart opens nothing anew, and what came meanwhile is new."""
    await world.count(2)
    await world.conclude(SARAH, await world.open())
    again = Counter(world.store, world.clock, "engine two", FAILING)
    again.metrics.values["failed"] = 2.0
    world.clock.turn(60)
    await again.beat()
    await again.beat()
    await again.count(2, 2)
    assert await again.batches() == [("F1", "investigated", 2, False)]
    await again.count(3)
    assert (await again.open()).id == "F2"
    for poll in again.engine.polls:
        await poll.cancel()


async def test_an_outage_is_told_once_and_not_at_every_refresh(world: Counter) -> None:
    """Growth is an entry only after five quiet minutes."""
    await world.count(*range(1, 40))
    await world.count(*[39] * 70, 41)
    assert await world.timeline("F1") == [
        "engine: 1 failure",
        "engine: 2 more after 5m55s, 41 by now",
    ]


async def test_a_figure_without_the_switch_has_no_batches(world: Counter) -> None:
    """Taken out of the configuration, its open batch is shown no more."""
    await world.count(2)
    (pane,) = FAILING.panes
    plain = replace(pane, indicators=(replace(pane.indicators[0], investigate=False),))
    world.engine.setup = replace(FAILING, panes=(plain,), title=SafeText("other"))
    again = Counter(world.store, world.clock, "engine two", world.engine.setup)
    world.clock.turn(60)
    await again.count(2, 5)
    assert await again.batch() is None
    assert await again.batches() == [("F1", "new", 2, False)]
    for poll in again.engine.polls:
        await poll.cancel()
