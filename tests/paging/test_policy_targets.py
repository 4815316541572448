"""Whom a level may reach: a person, a schedule, a notifier, several of them at once; and who it is by then."""

from dataclasses import replace
from datetime import timedelta

from opsdash import response
from opsdash.domain.escalation import PolicyLevel
from opsdash.domain.override import Override, OverrideKind
from opsdash.domain.page import PageKind
from opsdash.domain.setup import Setup
from opsdash.domain.text import SafeText
from opsdash.store import overrides
from tests.paging.world import MONDAY, SARAH, World

MINUTE = 60.0


def with_levels(world: World, *levels: tuple[str, ...]) -> None:
    """Run a policy whose levels reach these, five minutes one after the other."""
    made = tuple(
        PolicyLevel(SafeText(f"Step {n}"), targets, timedelta(minutes=5 * n))
        for n, targets in enumerate(levels)
    )
    policy = replace(world.setup.policy, levels=made)
    setup: Setup = replace(world.setup, policies=(policy,))
    world.setup = world.engine.setup = setup


async def test_a_notifier_is_a_level_of_its_own(world: World) -> None:
    """Nobody takes it for five minutes: the war room's channel is told, once, and then the next level.

    It is a level like another: it is named on the timeline, told again with the last one when it is
    exhausted, told who took it, and told when it is over.
    """
    with_levels(world, ("schedule:primary",), ("notifier:channel",), ("person:ceo",))
    key = world.alerts.fire("HighErrorRate")
    await world.turn(1)
    first = world.paged("channel")
    await world.turn(4.5 * MINUTE, step=10)
    assert world.paged("john", "channel", "chen") == [1, *first, 0]
    await world.turn(MINUTE, step=10)
    pages = world.pagers["channel"].told(PageKind.TRIGGER)
    assert [page.level for page in pages][first[0] :] == [2]
    story = await world.story(key)
    assert "to level 2 Step 1: not acknowledged within 5m00s" in story
    assert "paging channel" in story
    await world.turn(5 * MINUTE, step=10)
    assert world.paged("chen") == [1]
    await world.store.write(
        response.acknowledge, SARAH, world.clock.now(), [(await world.alert(key)).id]
    )
    await world.turn(2)
    assert [page.by for page in world.pagers["channel"].told(PageKind.ACKNOWLEDGE)][-1] == "sarah"
    world.alerts.resolve(key)
    await world.turn(30, step=10)
    assert world.pagers["channel"].told(PageKind.RESOLVE)


async def test_a_policy_of_notifiers_alone_climbs_though_nobody_is_named(world: World) -> None:
    """A team of one channel and one pager service: both are levels, and the end is EXHAUSTED as ever."""
    bare = replace(world.setup, people=(), schedules=())
    world.setup = world.engine.setup = bare
    with_levels(world, ("notifier:channel",), ("notifier:chen",))
    key = world.alerts.fire("HighErrorRate")
    await world.turn(1)
    assert world.paged("channel", "chen") == [1, 0]
    await world.turn(5.5 * MINUTE, step=10)
    assert world.paged("channel", "chen") == [1, 1]
    await world.turn(16 * MINUTE, step=30)
    assert "EXHAUSTED" in await world.story(key)


async def test_a_level_reaches_people_schedules_and_notifiers_at_once_each_once(
    world: World,
) -> None:
    """Priya by name, whoever is on call for the database, and a channel: three receivers, one page each."""
    with_levels(
        world,
        ("schedule:primary",),
        ("person:pm", "schedule:database", "notifier:chen", "person:tech-lead"),
    )
    key = world.alerts.fire("HighErrorRate")
    await world.turn(1)
    await world.turn(5.5 * MINUTE, step=10)
    assert world.paged("priya", "maria", "chen") == [1, 1, 1]
    assert "paging Priya, Maria" in await world.story(key)


async def test_an_override_in_mid_climb_changes_whom_the_next_level_reaches(world: World) -> None:
    """Level 2 is the database's schedule, Maria's; at minute three Priya takes it over: she is paged at five.

    What `next:` says follows at once.
    """
    with_levels(world, ("schedule:primary",), ("schedule:database",))
    key = world.alerts.fire("HighErrorRate")
    await world.turn(1)
    await world.turn(3 * MINUTE, step=10)
    assert (await world.next(key)).who == ("Maria",)
    cover = Override(
        "database", OverrideKind.REPLACE, MONDAY, MONDAY + timedelta(hours=8), "pm", "tech-lead",
        SafeText("pm"), SafeText("Maria is travelling"),
    )  # fmt: skip
    await world.store.write(overrides.add, cover, world.clock.now())
    assert (await world.next(key)).who == ("Priya",)
    await world.turn(2.5 * MINUTE, step=10)
    assert world.paged("john", "maria", "priya") == [1, 0, 1]
    assert "to level 2 Step 1 (Priya)" in await world.story(key)
