"""What is asked before the lease is held: recorded by its holder alone, dropped by who stands by."""

import asyncio

from opsdash.engine import cycle
from opsdash.engine.ahead import read_ahead
from opsdash.snapshot import take_snapshot
from opsdash.store.session import Store
from tests.engine.world import World


async def ask_ahead(world: World) -> None:
    """Begin the reads of an engine as its process does before the rest of it is imported."""
    engine, clock = world.engine, world.clock
    asked = await read_ahead(
        engine.metric_sources, engine.setup, world.store.path, clock.now(), clock.monotonic()
    )
    engine.metric_polls = list(asked.polls)


async def test_an_answer_asked_ahead_is_in_the_first_beat(world: World) -> None:
    """The figures are there once the lease is, from one question and no second one."""
    await ask_ahead(world)
    await asyncio.wait([poll.task for poll in world.engine.metric_polls if poll.task])
    assert await cycle.beat(world.engine)
    picture = await world.store.read(take_snapshot, world.clock.now())
    assert picture.panes[0].readings[0].value == 0.001
    assert world.metrics.reads == 1


async def test_who_stands_by_asks_nothing_ahead(store: Store) -> None:
    """Where another holds the lease no source is asked, however an engine is started."""
    first = World(store)
    await first.beat()
    second = World(store, first.clock, "engine two")
    await ask_ahead(second)
    assert second.metrics.reads == 0 and not second.engine.metric_polls


async def test_a_lease_lost_to_a_faster_engine_ends_what_was_asked_ahead(store: Store) -> None:
    """The slower of two engines that start at once writes nothing, and asks anew once it leads."""
    slow, fast = World(store), World(store, holder="engine two")
    slow.metrics.hangs = True
    await ask_ahead(slow)
    (asked,) = [poll.task for poll in slow.engine.metric_polls if poll.task]
    await fast.beat()
    stop = asyncio.Event()
    running = asyncio.ensure_future(cycle.run(slow.engine, stop))
    await asyncio.wait({asked}, timeout=60)
    assert asked.cancelled() and slow.engine.epoch is None
    stop.set()
    await running


async def test_the_day_of_points_waits_for_the_first_figures(world: World) -> None:
    """What fills the charts is asked for once the figures are recorded, also where they fail."""
    await world.beat()
    assert world.metrics.history_asked == []
    await world.beat()
    await world.beat()
    assert world.metrics.history_asked != []
