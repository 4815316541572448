"""Who stands in for whom a page did not reach: not who is kept from alerts of that severity."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from opsdash.domain.alert import Severity
from opsdash.domain.escalation import PolicyLevel
from opsdash.domain.notify_rule import NotifyRule
from opsdash.domain.page import PageKind
from opsdash.domain.text import SafeText
from opsdash.notifiers.notifier import NotifierError
from tests.paging.world import World


@pytest.fixture
def john_is_out(world: World) -> World:
    """The team, John's pager and the channel refusing everything for good."""
    for name in ("john", "channel"):
        world.pagers[name].refusing = NotifierError(SafeText("400 bad key"), permanent=True)
    return world


def fall_back_to(world: World, *targets: str) -> None:
    paging = replace(world.setup.paging, fallback=targets)
    world.setup = world.engine.setup = replace(world.setup, paging=paging)


async def test_the_ceo_is_no_fallback_for_a_warning(john_is_out: World) -> None:
    """Who is reached for critical alerts alone is left out, said so, and the next level is paged."""
    world = john_is_out
    fall_back_to(world, "person:ceo")
    key = world.alerts.fire("DiskWillFill", severity="warning")
    await world.turn(5)
    assert world.paged("chen", "maria") == [0, 1]
    story = await world.story(key)
    assert (
        "fallback Chen is left out: ceo is reached for critical alerts, this one is warning"
        in story
    )
    assert "paging level 2 in its place" in story


async def test_the_ceo_is_the_fallback_for_a_critical_alert(john_is_out: World) -> None:
    """What the policy allows, the fallback does."""
    fall_back_to(john_is_out, "person:ceo")
    john_is_out.alerts.fire("HighErrorRate")
    await john_is_out.turn(5)
    assert john_is_out.paged("chen", "maria") == [1, 0]


async def test_whoever_stands_in_reads_how_long_it_was_not_accepted_and_not_how_long_a_rule_waits(
    world: World,
) -> None:
    """John's pager is told ten minutes after the page by his own rule: it has failed for one then."""
    fall_back_to(world, "person:pm")
    rule = NotifyRule(("john",), after=timedelta(minutes=10))
    people = [replace(p, rules=(rule,)) if p.id == "john" else p for p in world.setup.people]
    policy = replace(world.setup.policy, levels=world.setup.policy.levels[:1])
    world.setup = world.engine.setup = replace(
        world.setup, people=tuple(people), policies=(policy,)
    )
    world.pagers["john"].refusing = NotifierError(SafeText("503"))
    world.alerts.fire("HighErrorRate")
    await world.turn(595, step=5)
    assert world.paged("priya") == [0]
    await world.turn(130, step=1)
    (page,) = world.pagers["priya"].told(PageKind.TRIGGER)
    assert re.fullmatch("john has not accepted the page for 1m[0-9]{2}s", page.text)


async def test_the_others_of_the_fallback_are_paged(john_is_out: World) -> None:
    """Leaving one out keeps nobody else from it."""
    fall_back_to(john_is_out, "person:ceo", "person:pm")
    john_is_out.alerts.fire("DiskWillFill", severity="warning")
    await john_is_out.turn(5)
    assert john_is_out.paged("chen", "priya", "maria") == [0, 1, 0]


async def test_a_receiver_that_two_have_is_open_to_the_one_who_may_be_paged(
    john_is_out: World,
) -> None:
    """That the CEO is left out of a warning does not keep Priya from the pager that both are reached by."""
    world = john_is_out
    fall_back_to(world, "person:ceo", "person:pm")
    people = [replace(p, notify=("priya",)) if p.id == "ceo" else p for p in world.setup.people]
    world.setup = world.engine.setup = replace(world.setup, people=tuple(people))
    world.alerts.fire("DiskWillFill", severity="warning")
    await world.turn(5)
    assert world.paged("priya", "maria") == [1, 0]


async def test_a_fallback_is_reached_by_the_rules_for_such_an_alert(john_is_out: World) -> None:
    """Priya's rule for critical alerts holds where she stands in for somebody, and not her `notify`."""
    world = john_is_out
    fall_back_to(world, "person:pm")
    rule = NotifyRule(("chen",), (Severity.CRITICAL,))
    people = [replace(p, rules=(rule,)) if p.id == "pm" else p for p in world.setup.people]
    world.setup = world.engine.setup = replace(world.setup, people=tuple(people))
    world.alerts.fire("HighErrorRate")
    await world.turn(5)
    assert world.paged("chen", "priya", "maria") == [1, 0, 0]


async def test_a_fallback_that_leads_nowhere_says_so(john_is_out: World) -> None:
    """Why nobody stood in is on the alert's timeline, and the next level is paged."""
    world = john_is_out
    fall_back_to(world, "schedule:nights", "person:nobody")
    people = [replace(p, notify=()) if p.id == "john" else p for p in world.setup.people]
    key = world.alerts.fire("HighErrorRate")
    await world.settle()
    world.setup = world.engine.setup = replace(world.setup, people=tuple(people))
    await world.turn(5)
    assert "fallback: there is no person nobody to page" in await world.story(key)
    assert world.paged("maria") == [1]


async def test_a_fallback_that_refuses_too_is_passed_by(john_is_out: World) -> None:
    """Two ways that fail are no end: the next level is paged, once."""
    fall_back_to(john_is_out, "person:pm")
    john_is_out.pagers["priya"].refusing = NotifierError(SafeText("400"), permanent=True)
    john_is_out.alerts.fire("HighErrorRate")
    await john_is_out.turn(5)
    assert john_is_out.paged("priya", "maria") == [0, 1]


async def test_no_other_way_leads_to_whom_a_policy_keeps_out(john_is_out: World) -> None:
    """Neither the schedule on which the CEO is on call nor a channel of that level is a way round."""
    world = john_is_out
    schedule = replace(world.setup.schedules[0], id="board", weeks=({"mon": "ceo"},), notify=())
    ceo = PolicyLevel(
        SafeText("CEO"),
        ("person:ceo", "notifier:priya"),
        severity=world.setup.policy.levels[3].severity,
    )
    policy = replace(world.setup.policy, levels=(*world.setup.policy.levels[:3], ceo))
    world.setup = replace(
        world.setup, schedules=(*world.setup.schedules, schedule), policies=(policy,)
    )
    fall_back_to(world, "schedule:board", "notifier:priya")
    key = world.alerts.fire("DiskWillFill", severity="warning")
    await world.turn(5)
    assert world.paged("chen", "priya", "maria") == [0, 0, 1]
    assert "fallback notifier:priya is left out: it is for critical alerts" in await world.story(
        key
    )


async def test_a_storm_of_warnings_keeps_to_it_too(john_is_out: World) -> None:
    """Fifty warnings that nobody accepts are no reason to wake the CEO."""
    fall_back_to(john_is_out, "person:ceo")
    for number in range(50):
        john_is_out.alerts.fire("DiskWillFill", severity="warning", job=f"service-{number}")
    await john_is_out.turn(10)
    assert john_is_out.paged("chen") == [0]
    (storm,) = john_is_out.pagers["maria"].told(PageKind.TRIGGER)
    assert storm.count == 50
