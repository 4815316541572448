"""Climbs through takeovers, sleep, clocks that are set and changes of daylight saving."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest

from opsdash import response
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.page import PageKind
from opsdash.domain.schedule import NOBODY, Schedule
from opsdash.domain.text import SafeText
from opsdash.engine import relay
from opsdash.store import climbs, clock, engine, overrides
from tests.paging.world import MONDAY, SARAH, World

TRIGGER = PageKind.TRIGGER
MINUTE = 60.0


async def test_a_takeover_in_mid_climb_loses_and_doubles_nothing(world: World) -> None:
    """The engine dies at minute four; the next one pages Maria at minute five, once, and Priya in time."""
    world.alerts.fire("HighErrorRate")
    await world.turn(4 * MINUTE, step=10)
    world.engine = world.start_engine("the next one")
    await world.turn(50, step=10)
    assert world.paged("maria") == [0]
    await world.turn(30, step=10)
    assert world.paged("john", "maria", "priya") == [1, 1, 0]
    await world.turn(10 * MINUTE, step=10)
    assert world.paged("john", "maria", "priya") == [1, 1, 1]


async def test_an_engine_that_was_dead_for_an_hour_climbs_by_the_time_that_passed(
    world: World,
) -> None:
    """Down from minute two to minute twenty: Maria and Priya are paged at once, in order, Chen not yet."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2 * MINUTE, step=30)
    world.clock.turn(18 * MINUTE)
    world.engine = world.start_engine("the next one")
    await world.turn(2)
    assert world.paged("john", "maria", "priya", "chen") == [1, 1, 1, 0]
    story = await world.story(key)
    assert story.index("to level 2 Tech Lead") < story.index("to level 3 PM")
    await world.turn(11 * MINUTE, step=30)
    assert world.paged("chen") == [1]


async def test_what_resolved_while_the_engine_was_dead_pages_nobody(world: World) -> None:
    """The next engine asks its sources before it climbs."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2 * MINUTE, step=30)
    world.clock.turn(3600)
    world.alerts.resolve(key)
    world.engine = world.start_engine("the next one")
    await world.turn(30)
    assert world.paged("john", "maria", "priya", "chen") == [1, 0, 0, 0]


async def test_a_source_that_does_not_answer_holds_the_climb_for_half_a_minute_at_most(
    world: World,
) -> None:
    """A dead source proves nothing: after its time the climb goes on without it."""
    world.alerts.fire("HighErrorRate")
    await world.turn(2 * MINUTE, step=30)
    world.clock.turn(18 * MINUTE)
    world.engine = world.start_engine("the next one")
    world.alerts.hanging = True
    await world.turn(20)
    assert world.paged("maria") == [0]
    await world.turn(20)
    assert world.paged("maria", "priya") == [1, 1]


async def test_a_host_that_slept_for_eight_hours_climbs_each_level_once_in_order(
    world: World,
) -> None:
    """By the time that passed all levels are due: each is paged once, John not again (F23)."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2 * MINUTE, step=30)
    world.clock.suspend(8 * 3600)
    await world.turn(10)
    assert world.paged("john", "maria", "priya", "chen") == [1, 1, 1, 1]
    story = await world.story(key)
    order = [story.index(f"to level {n}") for n in (2, 3, 4)]
    assert order == sorted(order)
    assert story.count("EXHAUSTED") == 1


async def test_what_resolved_while_the_host_slept_wakes_nobody(world: World) -> None:
    """One look at the sources comes first: the alert is gone, and nobody is paged for it."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2 * MINUTE, step=30)
    world.clock.suspend(8 * 3600)
    world.alerts.resolve(key)
    await world.turn(10)
    assert world.paged("john", "maria", "priya", "chen") == [1, 0, 0, 0]


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
async def test_a_clock_that_is_set_moves_no_level(world: World, jump: float) -> None:
    """An hour ahead or back at minute two: Maria is paged after three real minutes more (F21, R16)."""
    world.alerts.fire("HighErrorRate")
    await world.turn(2 * MINUTE, step=10)
    world.clock.set_wall(jump)
    await world.turn(2.5 * MINUTE, step=10)
    assert world.paged("john", "maria", "priya", "chen") == [1, 0, 0, 0]
    await world.turn(MINUTE, step=10)
    assert world.paged("john", "maria", "priya", "chen") == [1, 1, 0, 0]
    await world.turn(10 * MINUTE, step=10)
    assert world.paged("john", "maria", "priya", "chen") == [1, 1, 1, 0]


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
async def test_a_clock_that_is_set_while_an_engine_takes_over(world: World, jump: float) -> None:
    """The clock is set while no engine runs: the next one compares it with what the last wrote down."""
    world.alerts.fire("HighErrorRate")
    await world.turn(2 * MINUTE, step=10)
    await relay.cancel(world.engine)
    world.clock.set_wall(jump)
    world.clock.turn(30)
    world.engine = world.start_engine("the next one")
    await world.turn(2 * MINUTE, step=10)
    assert world.paged("john", "maria") == [1, 0]
    await world.turn(MINUTE, step=10)
    assert world.paged("john", "maria") == [1, 1]


@pytest.mark.parametrize("jump", [3600.0, -3600.0])
async def test_a_clock_that_is_set_ends_no_acknowledgement_early(world: World, jump: float) -> None:
    """An acknowledgement of four hours lasts four hours, whatever the wall clock is set to."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(2)
    id = (await world.alert(key)).id
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [id])
    await world.turn(3.5 * 3600, step=60)
    world.clock.set_wall(jump)
    await world.turn(25 * MINUTE, step=60)
    assert (await world.alert(key)).acknowledgement is not None
    await world.turn(6 * MINUTE, step=60)
    assert (await world.alert(key)).acknowledgement is None


async def test_another_boot_says_nothing_of_the_clock(world: World) -> None:
    """After a restart of the machine the time since boot cannot be compared, and nothing is moved."""
    now = world.clock.now()
    moved = await world.store.read(clock.moved, now + timedelta(hours=1), "other", timedelta(0))
    assert moved == timedelta()
    same = await world.store.read(clock.moved, now + timedelta(hours=1), *world.clock.since_boot())
    assert same == timedelta(hours=1)


async def test_a_shift_that_ends_in_a_change_of_the_clock_pages_the_right_one(
    world: World,
) -> None:
    """Handoff at 02:30 on the night that has no 02:30: before the gap John, after it Priya."""
    crew = Schedule("primary", "Europe/Berlin", time(2, 30), ({"sat": "john", "sun": "pm"},))
    world.setup = world.engine.setup = replace(world.setup, schedules=(crew,))
    # 02:30 is skipped on 29 March 2026; the handoff is at 03:30 summer time, 01:30 in UTC.
    handoff = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    world.clock.turn((handoff - timedelta(seconds=30) - world.clock.now()).total_seconds())
    world.alerts.fire("HighErrorRate", job="a")
    await world.turn(2)
    assert world.paged("john", "priya") == [1, 0]
    await world.turn(60, step=10)
    world.alerts.fire("HighErrorRate", job="b")
    await world.turn(2)
    assert world.paged("john", "priya") == [1, 1]


async def test_a_climb_over_the_hour_that_comes_twice_takes_its_five_minutes(
    world: World,
) -> None:
    """Levels are elapsed time: the repeated hour neither adds an hour nor takes one."""
    crew = Schedule("primary", "Europe/Berlin", time(9), ({"mon": "john"},))
    world.setup = world.engine.setup = replace(world.setup, schedules=(crew,))
    change = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
    world.clock.turn((change - timedelta(minutes=2) - world.clock.now()).total_seconds())
    world.alerts.fire("HighErrorRate")
    await world.turn(1)
    await world.turn(4.5 * MINUTE, step=10)
    assert world.paged("maria") == [0]
    await world.turn(MINUTE, step=10)
    assert world.paged("maria") == [1]


async def test_an_override_in_mid_climb_is_who_is_paged(world: World) -> None:
    """Priya takes John's shift at minute three: from then on level 1 is hers, on screen and in pages."""
    key = world.alerts.fire("HighErrorRate", severity="warning")
    await world.turn(3 * MINUTE, step=30)
    cover = Override(
        "primary",
        OverrideKind.REPLACE,
        world.clock.now(),
        MONDAY + timedelta(hours=12),
        "pm",
        "john",
        SafeText("sarah"),
        SafeText("John is ill"),
    )
    await world.store.write(overrides.add, cover, world.clock.now())
    world.alerts.fire("GatewayOffline", job="gateway")
    await world.turn(2)
    assert world.paged("john", "priya") == [1, 1]
    found = await world.store.read(climbs.load, (await world.alert(key)).id)
    assert found is not None
    await world.turn(30)
    on_call = {o.schedule: o.name for o in await world.store.read(engine.load_on_call)}
    assert on_call["primary"] == "Priya"


async def test_a_removed_override_pages_the_rotation_again(world: World) -> None:
    """Taken back it counts no more, and it stays on record."""
    cover = Override("primary", OverrideKind.REPLACE, MONDAY, MONDAY + timedelta(hours=12), "pm")
    made = await world.store.write(overrides.add, cover, world.clock.now())
    assert await world.store.write(overrides.remove, made.id, "sarah", world.clock.now())
    assert not await world.store.write(overrides.remove, made.id, "sarah", world.clock.now())
    world.alerts.fire("HighErrorRate")
    await world.turn(2)
    assert world.paged("john", "priya") == [1, 0]


async def test_somebody_who_was_added_is_paged_beside_the_rotation(world: World) -> None:
    """During a release both are on call, and both pagers ring."""
    added = Override("primary", OverrideKind.ADD, MONDAY, MONDAY + timedelta(hours=2), "pm")
    await world.store.write(overrides.add, added, world.clock.now())
    world.alerts.fire("HighErrorRate")
    await world.turn(2)
    assert world.paged("john", "priya") == [1, 1]


async def test_a_gap_ahead_is_a_problem_that_everybody_sees(world: World) -> None:
    """Friday evening is nobody's: it is said once, and is over when the schedule is mended."""
    gappy = replace(world.setup.schedules[0], weeks=({"mon": "john", "fri": NOBODY},))
    world.engine.setup = replace(world.setup, schedules=(gappy,))
    await world.turn(20, step=10)
    (problem,) = await world.store.read(engine.load_problems)
    assert problem.text.startswith(
        "schedules: schedule primary: nobody is on call Fri 26 Dec 09:00 to Mon 29 Dec 09:00 UTC"
    )
    await world.turn(60, step=10)
    assert await world.store.read(engine.load_problems) == (problem,)
    world.engine.setup = world.setup
    await world.turn(20, step=10)
    assert await world.store.read(engine.load_problems) == ()
