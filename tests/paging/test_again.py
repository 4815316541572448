"""Paged again: when nobody takes an alert, and the countdown to it, are one answer."""

from dataclasses import replace
from datetime import timedelta

from opsdash import response
from opsdash.domain.escalation import PolicyLevel
from opsdash.domain.next_step import StepKind
from opsdash.domain.text import SafeText
from opsdash.store import outbox
from opsdash.store.outbox import LetterState
from tests.paging.world import MONDAY, SARAH, World, of_one_level

MINUTE = 60.0


def with_levels(world: World, *levels: PolicyLevel) -> None:
    """Change the levels of the policy that the engine runs."""
    policy = replace(world.engine.setup.policy, levels=levels)
    world.setup = world.engine.setup = replace(world.engine.setup, policies=(policy,))


async def test_the_next_page_is_counted_down_to_and_comes_then(world: World) -> None:
    """Level 2 is further away: half an hour after the page John is paged again, as it was said."""
    first = world.setup.policy.levels[0]
    second = PolicyLevel(SafeText("Tech Lead"), ("person:tech-lead",), timedelta(minutes=40))
    with_levels(world, first, second)
    key = world.alerts.fire("HighErrorRate")
    await world.turn(MINUTE, step=10)
    step = await world.next(key)
    assert (step.kind, step.text, step.who) == (
        StepKind.PAGES_AGAIN,
        "pages again (John)",
        ("John",),
    )
    assert step.at is not None
    await world.turn((step.at - world.clock.now()).total_seconds() - 10, step=10)
    assert world.paged("john") == [1]
    await world.turn(20, step=5)
    assert world.paged("john", "maria") == [2, 0]
    # Now the level comes before the next repetition.
    assert (await world.next(key)).kind is StepKind.ESCALATES


async def test_a_step_of_the_policy_that_comes_sooner_is_what_is_next(world: World) -> None:
    """Five minutes to the tech lead: nobody hears of a repetition that the level forestalls."""
    key = world.alerts.fire("HighErrorRate")
    await world.turn(MINUTE, step=10)
    assert (await world.next(key)).kind is StepKind.ESCALATES


async def test_without_an_interval_or_with_somebody_on_it_nothing_comes_again(
    world: World,
) -> None:
    """`repeat = "0s"`, and an alert that was taken: the field says what is so instead."""
    world.setup = world.engine.setup = of_one_level(world.setup)
    key = world.alerts.fire("HighErrorRate")
    await world.turn(20 * MINUTE, step=10)
    assert (await world.next(key)).kind is StepKind.EXHAUSTED
    never = replace(world.setup, paging=replace(world.setup.paging, repeat=timedelta()))
    world.engine.setup = never
    step = await world.next(key)
    assert (step.text, step.at) == ("EXHAUSTED: nobody is left to reach", None)
    world.engine.setup = world.setup
    id = (await world.alert(key)).id
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [id])
    assert (await world.next(key)).kind is StepKind.ACKNOWLEDGEMENT_ENDS
    await world.turn(40 * MINUTE, step=10)
    assert world.paged("john") == [1]


async def test_an_alert_given_back_before_its_page_left_is_paged_all_the_same(
    world: World,
) -> None:
    """The only page was dropped as somebody had it: what nobody has is paged, and after the interval again."""
    setup = of_one_level(world.setup)
    paging = replace(setup.paging, group_wait=timedelta(seconds=30))
    world.setup = world.engine.setup = replace(setup, paging=paging)
    key = world.alerts.fire("HighErrorRate")
    await world.turn(3)
    id = (await world.alert(key)).id
    await world.store.write(response.acknowledge, SARAH, world.clock.now(), [id])
    await world.turn(3)
    await world.store.write(response.unacknowledge, SARAH, world.clock.now(), [id])
    states = {x.state for x in await world.store.read(outbox.load_of_key, id)}
    assert LetterState.DROPPED in states
    assert world.paged("john") == [0]
    await world.turn(40, step=10)
    assert world.paged("john") == [1]
    await world.turn(32 * MINUTE, step=10)
    assert world.paged("john") == [2]


async def test_a_clock_that_is_set_moves_the_countdown_along(world: World) -> None:
    """An hour ahead: the page comes after the same real half hour, and the countdown says so."""
    world.setup = world.engine.setup = of_one_level(world.setup)
    key = world.alerts.fire("HighErrorRate")
    await world.turn(20 * MINUTE, step=10)
    world.clock.set_wall(3600)
    await world.turn(MINUTE, step=10)
    step = await world.next(key)
    assert step.at is not None
    left = step.at - world.clock.now()
    assert timedelta(minutes=8) < left < timedelta(minutes=10)
    assert world.clock.now() > MONDAY + timedelta(hours=1)
    await world.turn(8 * MINUTE, step=10)
    assert world.paged("john") == [1]
    await world.turn(2 * MINUTE, step=10)
    assert world.paged("john") == [2]
