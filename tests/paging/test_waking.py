"""A host that slept says so: on every screen for an hour, and on the timeline of what waited (F23)."""

from opsdash.snapshot import take_snapshot
from opsdash.store import engine, entries
from tests.paging.world import World

HOURS = 3600.0


async def said(world: World) -> list[str]:
    """Return the problems that every screen names, each with the time from which on it is one."""
    found = await world.store.read(take_snapshot, world.clock.now())
    return [f"{p.text} {p.since:%H:%M}" for p in found.problems if p.since and "asleep" in p.text]


async def test_a_host_that_slept_says_for_how_long_on_every_screen_and_on_what_waited(
    world: World,
) -> None:
    """Eight hours from minute two of a climb: one line for all, one entry before the levels that follow."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(120, step=30)
    assert await said(world) == []
    world.clock.suspend(8 * HOURS)
    await world.turn(10)
    assert await said(world) == [
        "host: awake after 8h00m asleep: nothing was read and nobody was paged meanwhile 22:02"
    ]
    story = await world.story(key)
    slept = "engine: the host was asleep for 8h00m: what was due meanwhile is done now"
    assert story.count(slept) == 1
    assert story.index(slept) < story.index("to level 2")
    assert world.paged("john", "maria", "priya", "chen") == [1, 1, 1, 1]


async def test_it_is_over_after_an_hour_and_survives_a_takeover(world: World) -> None:
    """The engine that follows says it as well, and nobody says it for ever."""
    world.clock.suspend(8 * HOURS)
    await world.turn(5)
    world.clock.turn(30)
    world.engine = world.start_engine("the next one")
    await world.turn(30, step=10)
    assert len(await said(world)) == 1
    await world.turn(3700, step=60)
    assert await said(world) == []


async def test_an_engine_that_only_stood_by_says_it_where_it_takes_over(world: World) -> None:
    """On waking whichever engine is first has the lease: the time asleep is known to both."""
    standby = world.start_engine("standing by")
    world.engine, leader = standby, world.engine
    await world.settle()
    world.clock.suspend(8 * HOURS)
    await world.turn(5)
    assert standby.epoch is not None and leader is not standby
    assert len(await said(world)) == 1


async def test_a_clock_that_was_set_and_a_process_that_was_stopped_are_no_sleep(
    world: World,
) -> None:
    """Neither an hour on the wall clock nor a minute without a beat is time that the host slept."""
    world.clock.set_wall(HOURS)
    await world.turn(5)
    world.clock.turn(60)
    await world.turn(5)
    assert await said(world) == []
    assert await world.store.read(engine.load_problems) == ()


async def test_nothing_is_written_on_what_did_not_wait(world: World) -> None:
    """An alert that somebody has, with hours left, and one that resolved are left alone."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    world.alerts.resolve(key)
    await world.turn(30, step=10)
    before = await world.store.read(entries.last_id)
    world.clock.suspend(600)
    await world.turn(3)
    assert await world.store.read(entries.last_id) == before
    assert len(await said(world)) == 1
