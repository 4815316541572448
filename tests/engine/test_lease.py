"""Exactly one engine acts: lease, takeover, fencing and handover."""

import asyncio

import pytest

from opsdash.domain.source import EngineState
from opsdash.engine import cycle
from opsdash.store import changes, lease
from opsdash.store.session import Store
from tests.engine.world import START, World, alert


async def test_the_second_engine_stands_by(store: Store) -> None:
    """It reads no source and writes nothing while the first one is alive."""
    first = World(store)
    second = World(store, first.clock, "engine two")
    for _ in range(30):
        first.clock.turn(1)
        await first.beat()
        before = await store.read(changes.counters)
        await second.beat()
        assert await store.read(changes.counters) == before
    assert (first.engine.epoch, second.engine.epoch) == (1, None)
    assert second.metrics.reads == second.am.reads == 0


async def test_a_dead_leader_is_followed_within_ten_seconds(store: Store) -> None:
    """After its last renewal the standby takes over in time, with the next epoch."""
    first = World(store)
    second = World(store, first.clock, "engine two")
    await first.refresh()
    seconds = 0
    while second.engine.epoch is None:
        seconds += 1
        first.clock.turn(1)
        await second.beat()
    assert seconds <= 8
    assert second.engine.epoch == 2


async def test_a_leader_that_was_stopped_is_fenced(store: Store) -> None:
    """What it would write when it goes on is refused by its epoch, and it stands by."""
    first = World(store)
    second = World(store, first.clock, "engine two")
    first.am.show(alert(fired=0))
    await first.refresh()
    second.am.show(alert(fired=0))
    await second.beat()
    first.clock.turn(10)
    await second.beat()
    await second.refresh()
    first.am.show()
    before = await store.read(changes.counters)
    await first.beat()
    assert first.engine.epoch is None
    assert await store.read(changes.counters) == before
    with pytest.raises(lease.LeaseLost):
        await store.write(lease.require, 1)
    await first.beat()
    assert first.engine.epoch is None
    assert (await second.alert()).open


async def test_a_clean_stop_hands_over_at_once(store: Store) -> None:
    """The lease is given back at the end: the standby's next beat takes it."""
    first = World(store)
    second = World(store, first.clock, "engine two")
    await first.refresh()
    stop = asyncio.Event()
    stop.set()
    await cycle.run(first.engine, stop)
    assert (await second.picture()).engine.state is EngineState.DOWN
    await second.beat()
    assert second.engine.epoch == 2
    assert (await second.picture()).engine.state is EngineState.RUNNING


async def test_a_late_release_does_not_end_the_successors_lease(store: Store) -> None:
    """Only the epoch that holds the lease can give it back."""
    await store.write(lease.take, "one", START)
    await store.write(lease.take, "two", START + 2 * lease.LENGTH)
    await store.write(lease.release, 1)
    held = await store.read(lease.find)
    assert held is not None and (held.epoch, held.released) == (2, False)


async def test_one_who_lost_the_lease_and_gets_it_back_starts_from_the_store(store: Store) -> None:
    """Its sources say `unchanged`; it asks them to tell everything, and nothing resolves for it."""
    first = World(store)
    second = World(store, first.clock, "engine two")
    first.am.show(alert(fired=0))
    second.am.show(alert(fired=0))
    await first.refresh()
    first.clock.turn(10)
    await second.beat()
    await second.refresh()
    await first.beat()
    first.clock.turn(10)
    for _ in range(5):
        await first.refresh()
    assert first.engine.epoch == 3
    assert [(a.id, a.open) for a in (await first.picture()).alerts] == [("aa/1", True)]


async def test_a_whole_cycle_is_told(world: World) -> None:
    """`as_of` is the moment up to which every source was asked and its answer is in the store."""
    await world.beat()
    assert (await world.picture()).as_of is None
    await world.beat()
    assert (await world.picture()).as_of == START
    await world.refresh()
    asked = world.clock.now()
    assert (await world.picture()).as_of == asked
    world.am.hangs = True
    await world.pass_time(20)
    assert (await world.picture()).as_of == asked


async def test_an_engine_that_is_silent_is_down(world: World) -> None:
    """Twelve seconds without a heartbeat and every screen says who is silent, and for how long."""
    await world.refresh()
    world.clock.turn(13)
    picture = await world.picture()
    assert picture.engine.state is EngineState.DOWN
    assert picture.problems[0].text == (
        "ENGINE DOWN: engine one silent for 13s; nothing is read or paged"
    )
    assert picture.status.value == "unknown"
